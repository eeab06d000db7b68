import { isIntramurosError, silentLog } from '../../base/index.ts';
import { findServer } from '../http/connect.ts';
import type { Context } from '../types.ts';
import type { Words } from '../words.ts';
import type { Finding } from './finding.ts';
import { inBoth } from './house.ts';

const base = { check: 'house_key', title: { en: 'House key', fr: 'Clé de la maison' } };

/** The key that opens what conversations hold is there, and is the one that sealed them. Changes nothing. */
export async function houseKeyFinding(context: Context): Promise<Finding> {
  const { databaseUrl, houseKey } = context.resolved().settings;
  const from: Words = { en: `from "${houseKey}"`, fr: `prise de « ${houseKey} »` };
  if (await findServer(context)) {
    return {
      ...base,
      state: 'ok',
      found: { en: `${from.en}, open in the server`, fr: `${from.fr}, ouverte par le serveur` },
    };
  }
  try {
    const [{ openDatabase }, { checkHouseKey }, { runCommand }] = await Promise.all([
      import('../../store/index.ts'),
      import('../../keyring/index.ts'),
      import('../../egress/index.ts'),
    ]);
    const { home, signal } = context;
    await using database = await openDatabase({ home, databaseUrl, log: silentLog(), signal });
    const known = await checkHouseKey({
      database,
      home,
      settings: { houseKey },
      environment: { ...context.environment },
      run: (program) => runCommand({ ...program, purpose: 'house-key', signal }),
    });
    if (known) return { ...base, state: 'ok', found: { en: `${from.en}, the right one`, fr: `${from.fr}, la bonne` } };
    return {
      ...base,
      state: 'ok',
      found: { en: `${from.en}, nothing sealed yet`, fr: `${from.fr}, rien de chiffré encore` },
    };
  } catch (error) {
    context.signal.throwIfAborted();
    if (!isIntramurosError(error) || error.code !== 'key_unavailable') {
      // The finding of the database says what is wrong with that.
      return {
        ...base,
        state: 'warning',
        found: {
          en: 'not looked at: the database does not open',
          fr: 'pas examinée : la base de données ne s’ouvre pas',
        },
        remedy: inBoth(error),
      };
    }
    return {
      ...base,
      state: 'problem',
      found: {
        en: `${from.en}: conversations cannot be read`,
        fr: `${from.fr} : les conversations ne peuvent pas être lues`,
      },
      remedy: inBoth(error),
    };
  }
}
