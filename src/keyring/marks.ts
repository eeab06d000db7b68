import { randomBytes } from 'node:crypto';
import type { Database, Queryable } from '../store/index.ts';
import { type Key, sealText, toKey } from './cipher.ts';
import type { Tombstone } from './types.ts';

/** In SQL: a row is one of the subjects `$1`, below one, or what one took over. */
const meant = `(subject = ANY ($1::text[]) OR heir = ANY ($1::text[])
  OR EXISTS (SELECT 1 FROM unnest($1::text[]) AS root WHERE starts_with(subject, root || '/')))`;

const toScrub = `INSERT INTO unscrubbed (table_name) VALUES ('subject_keys') ON CONFLICT DO NOTHING`;

/** Destroys keys in a transaction and leaves a mark for each subject, also for one that had no key. */
export async function markDestroyed(
  on: Queryable,
  subjects: readonly string[],
  at: string,
): Promise<{ readonly subjects: readonly string[]; readonly at: string }> {
  const rows = await on.query<{ subject: string }>(
    `UPDATE subject_keys SET wrapped = NULL, destroyed_at = $2 WHERE wrapped IS NOT NULL AND ${meant} RETURNING subject`,
    [subjects, at],
  );
  await on.query(
    `INSERT INTO subject_keys (subject, wrapped, made_at, destroyed_at)
     SELECT subject, NULL, $2, $2 FROM unnest($1::text[]) AS subject ON CONFLICT (subject) DO NOTHING`,
    [subjects, at],
  );
  if (rows.length > 0) await on.query(toScrub);
  const [first] = await on.query<{ at: string }>(
    'SELECT min(destroyed_at) AS at FROM subject_keys WHERE subject = ANY ($1::text[])',
    [subjects],
  );
  return { subjects: rows.map(({ subject }) => subject), at: first?.at ?? at };
}

/** Gives a destroyed subject a new key; leaves one that has a key as it is, and one whose account is removed. */
export async function renewRow(on: Queryable, house: Key, subject: string, at: string): Promise<void> {
  const key = toKey(randomBytes(32));
  await on.query(
    `UPDATE subject_keys SET wrapped = $2, made_at = $3, destroyed_at = NULL WHERE subject = $1 AND wrapped IS NULL
       AND NOT EXISTS (SELECT 1 FROM subject_keys WHERE subject = 'account/' || $1)`,
    [subject, sealText(house, `subject_keys/${subject}`, key.bytes), at],
  );
}

/** Destroys again what was destroyed and came back with an older copy of the database; tells which keys. */
export async function sweepRestored(
  database: Pick<Database, 'transaction'>,
  marks: readonly Tombstone[],
): Promise<readonly string[]> {
  if (marks.length === 0) return [];
  return database.transaction(async (on) => {
    const rows = await on.query<{ subject: string }>(
      `UPDATE subject_keys k SET wrapped = NULL, destroyed_at = m.at
       FROM unnest($1::text[], $2::timestamptz[]) AS m (subject, at)
       WHERE k.wrapped IS NOT NULL AND k.made_at <= m.at
         AND (k.subject = m.subject OR k.heir = m.subject OR starts_with(k.subject, m.subject || '/')) RETURNING k.subject`,
      [marks.map(({ subject }) => subject), marks.map(({ at }) => at)],
    );
    if (rows.length > 0) await on.query(toScrub);
    return rows.map(({ subject }) => subject);
  });
}
