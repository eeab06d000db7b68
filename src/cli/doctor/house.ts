import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { isIntramurosError } from '../../base/index.ts';
import type { InstalledModel } from '../../models/index.ts';
import { starterModel } from '../choose-model.ts';
import { describeFailure } from '../errors.ts';
import { findServer } from '../http/connect.ts';
import { openLibrary } from '../library.ts';
import { checkPort } from '../port.ts';
import { sizeText } from '../terminal/quantities.ts';
import type { Context } from '../types.ts';
import type { Words } from '../words.ts';
import { type Finding, same } from './finding.ts';

const leastDiskBytes = 2 * 1024 ** 3;

/** A failure in both languages. */
export const inBoth = (error: unknown): Words => ({
  en: describeFailure(error, 'en').message,
  fr: describeFailure(error, 'fr').message,
});

/** The settings: read without an error, or what is wrong. */
export function settingsFinding(context: Context): Finding {
  const base = { check: 'settings', title: { en: 'Settings', fr: 'Réglages' } };
  try {
    const changed = Object.entries(context.resolved().origins).filter(([, origin]) => origin !== 'default').length;
    return { ...base, state: 'ok', found: { en: `valid, ${changed} changed`, fr: `valables, ${changed} changés` } };
  } catch (error) {
    if (!isIntramurosError(error)) throw error;
    return {
      ...base,
      state: 'problem',
      found: inBoth(error),
      remedy: {
        en: 'Correct it: intramuros config unset NAME, or edit config.json.',
        fr: 'Corrigez-le : intramuros config unset NOM, ou éditez config.json.',
      },
    };
  }
}

/** The data directory can be written, or its first existing parent. */
export function directoryFinding({ home }: Context): Finding {
  const base = {
    check: 'data_directory',
    title: { en: 'Data directory', fr: 'Dossier des données' },
    found: same(home),
  };
  let at = home;
  while (!existsSync(at) && dirname(at) !== at) at = dirname(at);
  try {
    accessSync(at, constants.W_OK | constants.X_OK);
    if (statSync(at).isDirectory()) return { ...base, state: 'ok' };
  } catch {
    // said below: whatever the reason, it cannot be used as it is
  }
  return {
    ...base,
    state: 'problem',
    remedy: {
      en: 'It cannot be written. Give this user the right, or choose another by INTRAMUROS_HOME.',
      fr: 'Il n’est pas accessible en écriture. Donnez ce droit à cet utilisateur, ou choisissez-en un autre par INTRAMUROS_HOME.',
    },
  };
}

/** Room for models on the disk of the data directory. */
export function diskFinding({ home }: Context): Finding {
  let at = home;
  while (!existsSync(at) && dirname(at) !== at) at = dirname(at);
  const { bavail, bsize, blocks } = statfsSync(at);
  const free = bavail * bsize;
  const found = {
    en: `${sizeText(free, 'en')} free of ${sizeText(blocks * bsize, 'en')}`,
    fr: `${sizeText(free, 'fr')} libres sur ${sizeText(blocks * bsize, 'fr')}`,
  };
  const base = { check: 'disk', title: { en: 'Disk', fr: 'Disque' }, found };
  if (free >= leastDiskBytes) return { ...base, state: 'ok' };
  return {
    ...base,
    state: free < 200 * 1024 ** 2 ? 'problem' : 'warning',
    remedy: {
      en: 'Free some space, remove models ("intramuros rm"), or move the data directory to another disk.',
      fr: 'Libérez de la place, supprimez des modèles (« intramuros rm »), ou déplacez le dossier des données sur un autre disque.',
    },
  };
}

/** Our server runs, or its port is free for it. */
export async function portFinding(context: Context): Promise<Finding> {
  const base = { check: 'port', title: { en: 'Server', fr: 'Serveur' } };
  const server = await findServer(context);
  if (server)
    return { ...base, state: 'ok', found: { en: `running at ${server.address}`, fr: `en marche à ${server.address}` } };
  const { host, port } = context.resolved().settings;
  try {
    await checkPort(host, port);
    return {
      ...base,
      state: 'ok',
      found: { en: `not running; port ${port} is free`, fr: `arrêté ; le port ${port} est libre` },
    };
  } catch (error) {
    return {
      ...base,
      state: 'problem',
      found: {
        en: `not running, and cannot listen on ${host}:${port}`,
        fr: `arrêté, et ne peut écouter sur ${host}:${port}`,
      },
      remedy: inBoth(error),
    };
  }
}

/** Installed models, and that each file is there whole. */
export async function modelFindings(context: Context): Promise<readonly Finding[]> {
  const title = { en: 'Models', fr: 'Modèles' };
  await using open = await openLibrary(context);
  const { library } = open;
  const models = await library.list();
  if (models.length === 0) {
    return [
      {
        check: 'models',
        state: 'warning',
        title,
        found: { en: 'none installed', fr: 'aucun installé' },
        remedy: {
          en: `Get one: intramuros pull ${starterModel}.`,
          fr: `Obtenez-en un : intramuros pull ${starterModel}.`,
        },
      },
    ];
  }
  const unread = (await library.problems()).map(unreadFinding);
  return [...models.map(modelFinding), ...unread];
}

function unreadFinding(problem: string): Finding {
  return {
    check: 'model_library',
    state: 'warning',
    title: { en: 'Model library', fr: 'Bibliothèque de modèles' },
    found: same(problem),
    remedy: {
      en: 'Remove what cannot be read, or get the model again.',
      fr: 'Supprimez ce qui n’est pas lisible, ou obtenez de nouveau le modèle.',
    },
  };
}

function modelFinding(model: InstalledModel): Finding {
  const base = { check: 'model', title: { en: `Model ${model.id}`, fr: `Modèle ${model.id}` } };
  const bytes = model.files.filter(existsSync).reduce((sum, file) => sum + statSync(file).size, 0);
  const remedy = {
    en: `Get it again: intramuros rm ${model.id} --yes, then intramuros pull ${model.id}.`,
    fr: `Obtenez-le de nouveau : intramuros rm ${model.id} --yes, puis intramuros pull ${model.id}.`,
  };
  if (model.problem !== undefined) return { ...base, state: 'problem', found: same(model.problem), remedy };
  if (bytes === model.sizeBytes) {
    const size = { en: sizeText(bytes, 'en'), fr: sizeText(bytes, 'fr') };
    return { ...base, state: 'ok', found: { en: `${size.en}, whole`, fr: `${size.fr}, entier` } };
  }
  return {
    ...base,
    state: 'problem',
    found: {
      en: `${bytes} bytes on disk, ${model.sizeBytes} expected`,
      fr: `${bytes} octets sur le disque, ${model.sizeBytes} attendus`,
    },
    remedy,
  };
}
