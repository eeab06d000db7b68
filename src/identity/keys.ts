import { type Clock, IntramurosError, newId } from '../base/index.ts';
import type { Book } from './book.ts';
import type { Change, Changes } from './changes.ts';
import { beyond, checkCeiling, checkList, checkText, invalid, lower, notFound } from './checks.ts';
import { getPerson, nowOf } from './people.ts';
import { type ApiKey, inferenceRights, type Keys, type NewKey } from './people-types.ts';
import { checkEntries, covers } from './rights.ts';
import type { KeptKey } from './rows.ts';
import { digestOf, newKeyText } from './token.ts';
import type { Actor } from './who.ts';

const mostKeys = 200; // of one person, revoked ones left out

/** API keys: shown once, kept as a digest. */
export function openKeys(options: {
  readonly book: Book;
  readonly changes: Changes;
  readonly clock: Clock;
  readonly lastUsed: (keyId: string) => string | undefined;
}): Keys {
  const { book, changes, clock } = options;
  const view = (kept: KeptKey): ApiKey => {
    const { digest, ...key } = kept;
    return { ...key, lastUsedAt: options.lastUsed(key.id) ?? key.lastUsedAt };
  };
  const shown = (id: string): ApiKey => view(getKey(book, id, undefined));
  return {
    list: async (personId) =>
      book
        .all('key')
        .filter((key) => personId === undefined || key.personId === personId)
        .sort((a, b) => (a.id < b.id ? 1 : -1))
        .map(view),
    get: async (id, personId) => view(getKey(book, id, personId)),
    async create(by, personId, wanted) {
      const key = newKeyText();
      const id = await changes.make(by.personId, (on) => createKey(on, by, personId, wanted, key, nowOf(clock)));
      return { key, view: shown(id) };
    },
    revoke: (by, id, personId) =>
      changes.make(by.personId, async (on) => {
        const kept = getKey(on.book, id, personId);
        if (kept.revokedAt !== undefined) return;
        await on.query('UPDATE api_keys SET revoked_at = $2 WHERE id = $1', [id, nowOf(clock)]);
        on.touch('key', id);
        on.record('key.revoke', { id, name: kept.name, personId: kept.personId });
      }),
    async rotate(by, id, personId) {
      const key = newKeyText();
      await changes.make(by.personId, async (on) => {
        const kept = getKey(on.book, id, personId);
        if (!mayHold(by, kept.personId)) throw beyond('Only its person may have the new secret of a key.');
        if (by.keyId !== undefined && by.keyId !== id) checkMadeByKey(by, kept.rights);
        if (kept.revokedAt !== undefined) throw new IntramurosError('conflict', 'The key is revoked. Make a new one.');
        await on.query('UPDATE api_keys SET digest = $2, prefix = $3, last_used_at = NULL WHERE id = $1', [
          id,
          digestOf(key),
          prefixOf(key),
        ]);
        on.touch('key', id);
        on.record('key.rotate', { id, name: kept.name, personId: kept.personId });
      });
      return { key, view: shown(id) };
    },
  };
}

/** A key acts as its person; besides them only whoever is at the console, and could read the database itself, makes one. */
const mayHold = (by: Actor, personId: string): boolean => by.personId === personId || by.personId === 'local';

const prefixOf = (key: string): string => key.slice(0, 10);

/** A key of somebody else is as unknown as one that never was. */
function getKey(book: Book, id: string, personId: string | undefined): KeptKey {
  const key = book.get('key', id);
  if (key === undefined || (personId !== undefined && key.personId !== personId)) throw notFound('key', id);
  return key;
}

async function createKey(
  on: Change,
  by: Actor,
  personId: string,
  wanted: NewKey,
  key: string,
  now: string,
): Promise<string> {
  if (personId !== 'local') getPerson(on.book, personId);
  else if (on.book.count('person') > 0)
    throw new IntramurosError(
      'conflict',
      'Where there are accounts the console has no key of its own: make one for a person.',
    );
  if (!mayHold(by, personId)) throw beyond('A key belongs to whoever makes it: only its person may see the secret.');
  const count = on.book.all('key').filter((kept) => kept.personId === personId && !kept.revokedAt).length;
  if (count >= mostKeys)
    throw new IntramurosError('conflict', `At most ${mostKeys} keys at once. Revoke one that is not used.`);
  const rights = checkList('rights', wanted.rights ?? inferenceRights);
  checkEntries(rights);
  if (by.keyId !== undefined) checkMadeByKey(by, rights);
  const id = newId('key');
  const view = {
    name: checkText('name', wanted.name),
    expiresAt: checkExpiry(wanted.expiresAt, now),
    models: wanted.models ? checkList('models', wanted.models) : null,
    destinations: wanted.destinations ? checkList('destinations', wanted.destinations) : null,
    ceiling: checkCeiling(by.keyId ? lower(by.ceiling, wanted.ceiling ?? undefined) : wanted.ceiling),
    rights,
  };
  await on.query(
    `INSERT INTO api_keys (id, digest, person_id, name, prefix, created_at, expires_at, models, destinations, ceiling, rights)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
    [
      id,
      digestOf(key),
      personId,
      view.name,
      prefixOf(key),
      now,
      view.expiresAt,
      view.models,
      view.destinations,
      view.ceiling,
      rights,
    ],
  );
  on.touch('key', id);
  on.record('key.create', { id, personId, ...view });
  return id;
}

/** Otherwise a stolen key of narrow use would make itself a wide one. */
function checkMadeByKey(by: Actor, rights: readonly string[]): void {
  const isWide =
    by.can('admin.keys') && covers(by.can, [{ allow: [...rights, 'model.use', 'destination.use'], deny: [] }]);
  if (!isWide)
    throw beyond('A key makes keys only if it has the right "admin.keys" and every right of the new one. Sign in.');
}

function checkExpiry(expiresAt: string | null | undefined, now: string): string | null {
  if (expiresAt === undefined || expiresAt === null) return null;
  const time = Date.parse(expiresAt);
  if (Number.isNaN(time) || time <= Date.parse(now)) {
    throw invalid('expiresAt', 'The end of a key is an ISO time in the future, such as 2027-01-01T00:00:00Z.');
  }
  return new Date(time).toISOString();
}
