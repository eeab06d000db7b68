import { randomBytes } from 'node:crypto';
import type { Queryable } from '../store/index.ts';
import { type Key, openText, sealText, toKey } from './cipher.ts';
import { keyDestroyed, keyUnavailable } from './failure.ts';

const keyBytes = 32;

interface KeyRow {
  readonly subject: string;
  readonly wrapped: string | null;
  readonly destroyed_at: string | null;
}

/** Whether a subject is another one, or below it. */
export const isAtOrBelow = (subject: string, root: string): boolean =>
  subject === root || subject.startsWith(`${root}/`);

/** A subject and all that it is below, itself first: `a/b` → `a/b`, `a`. */
function upwards(subject: string): string[] {
  const parts = subject.split('/');
  return parts.map((_, index) => parts.slice(0, parts.length - index).join('/'));
}

/** The place that binds a wrapped key to its subject. */
const placeOf = (subject: string): string => `subject_keys/${subject}`;

/** A subject's key; undefined where none was made yet. @throws {IntramurosError} `key_destroyed`, `key_unavailable`. */
export async function findKey(on: Queryable, house: Key, subject: string): Promise<Key | undefined> {
  const rows = await on.query<KeyRow>(
    'SELECT subject, wrapped, destroyed_at FROM subject_keys WHERE subject = ANY ($1::text[])',
    [upwards(subject)],
  );
  const gone = rows.find((row) => row.destroyed_at !== null);
  if (gone?.destroyed_at) throw keyDestroyed(gone.destroyed_at);
  const wrapped = rows.find((row) => row.subject === subject)?.wrapped;
  return wrapped ? unwrap(house, subject, wrapped) : undefined;
}

function unwrap(house: Key, subject: string, wrapped: string): Key {
  const bytes = openText(house, placeOf(subject), wrapped);
  if (typeof bytes !== 'string') return toKey(bytes);
  throw bytes === 'other_key'
    ? keyUnavailable(`The key of "${subject}" was wrapped by another house key`, 'other_key')
    : keyUnavailable(`The stored key of "${subject}" is damaged`, 'damaged');
}

const wrap = (house: Key, subject: string, { bytes }: Key): string => sealText(house, placeOf(subject), bytes);

/** Writes a new key, or `again` that a transaction undone since had written; where another program was first, its key counts. */
export async function insertKey(
  on: Queryable,
  house: Key,
  subject: string,
  again: Key | undefined,
  at: string,
): Promise<Key> {
  const key = again ?? toKey(randomBytes(keyBytes));
  const written = await on.query(
    'INSERT INTO subject_keys (subject, wrapped, made_at) VALUES ($1, $2, $3) ON CONFLICT (subject) DO NOTHING RETURNING subject',
    [subject, wrap(house, subject, key), at],
  );
  if (written.length > 0) return key;
  const found = await findKey(on, house, subject);
  if (found !== undefined) return found;
  throw keyUnavailable(`The key of "${subject}" is being written by another program`, 'not_ready');
}

/** Gives a key to another subject, and the keys below it an heir. */
export async function renameKey(on: Queryable, house: Key, from: string, to: string): Promise<void> {
  const key = await findKey(on, house, from);
  await on.query(`UPDATE subject_keys SET heir = $2 WHERE starts_with(subject, $1 || '/')`, [from, to]);
  if (key === undefined) return;
  const renamed = await on.query(
    `UPDATE subject_keys SET subject = $2, wrapped = $3 WHERE subject = $1
       AND NOT EXISTS (SELECT 1 FROM subject_keys WHERE subject = $2) RETURNING subject`,
    [from, to, wrap(house, to, key)],
  );
  if (renamed.length === 0) throw keyUnavailable(`"${to}" has a key of its own already`, 'conflict');
}
