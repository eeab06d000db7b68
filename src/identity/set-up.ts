import { IntramurosError } from '../base/index.ts';
import type { Change } from './changes.ts';
import { insertPerson, nowOf } from './people.ts';
import { insertSession, type SessionOptions, whoNow } from './sessions.ts';
import type { SignedIn, TakeOver } from './who.ts';

/** Makes the first account, an owner, and hands it what `local` had: all in one change, so it happens once. */
export async function setUp(
  options: Pick<SessionOptions, 'book' | 'changes' | 'clock' | 'lifetimeMs'> & { readonly takers: readonly TakeOver[] },
  first: { readonly name: string; readonly displayName?: string | undefined },
  password: string,
): Promise<SignedIn> {
  const made = await options.changes.make('local', async (on) => {
    if (on.book.count('person') > 0) {
      throw new IntramurosError('conflict', 'The first account is there already. Sign in with it.', {
        facts: { reason: 'set_up' },
      });
    }
    const personId = await insertPerson(on, {
      ...first,
      roles: ['owner'],
      origin: 'local',
      externalId: undefined,
      password,
      now: nowOf(options.clock),
    });
    await takeOver(on, personId);
    for (const take of options.takers) await take(on, personId);
    on.record('person.set-up', { id: personId, name: first.name });
    return { personId, ...(await insertSession(on, options, { id: personId, origin: 'local' }, undefined)) };
  });
  return { token: made.token, expiresAt: made.expiresAt, who: whoNow(options.book, made.personId, made.id) };
}

async function takeOver(on: Change, personId: string): Promise<void> {
  const keys = await on.query<{ id: string }>(
    `UPDATE api_keys SET person_id = $1 WHERE person_id = 'local' RETURNING id`,
    [personId],
  );
  for (const { id } of keys) on.touch('key', id);
  const quotas = await on.query<{ id: string }>(
    `UPDATE quotas SET subject_id = $1 WHERE subject_kind = 'person' AND subject_id = 'local' RETURNING id`,
    [personId],
  );
  for (const { id } of quotas) on.touch('quota', id);
  await on.query(
    `UPDATE quota_windows SET subject_id = $1, written_at = clock_timestamp() WHERE subject_id = 'local'`,
    [personId],
  );
  await on.query(`UPDATE usage_days SET person_id = $1 WHERE person_id = 'local'`, [personId]);
}
