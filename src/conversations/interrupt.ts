import type { Keyring } from '../keyring/index.ts';
import { type Database, isAlive } from '../store/index.ts';
import { boxFor } from './holding.ts';

/**
 * Marks answers that a gateway which died was still writing, and makes what they have findable; tells how many. Those of
 * another gateway that lives are left to it.
 * @param gateway this one: its own are cut when it starts, and going on once it runs.
 */
export async function interruptUnfinished(
  database: Database,
  keyring: Keyring,
  { gateway, starting }: { readonly gateway: string | undefined; readonly starting: boolean },
): Promise<number> {
  const rows = await database.query<{ id: string; owner_id: string; sealed: string | null }>(
    `SELECT m.id, m.sealed, c.owner_id FROM messages m JOIN conversations c ON c.id = m.conversation_id
     WHERE m.status = 'generating'
       AND CASE WHEN m.gateway IS NULL OR m.gateway = $1 THEN $2::boolean ELSE NOT ${isAlive('m.gateway')} END`,
    [gateway ?? '', starting],
  );
  for (const { id, owner_id, sealed } of rows) {
    const box = await boxFor(keyring, owner_id);
    const words = box.tokens(box.openText(id, sealed).content);
    await database.query(
      `UPDATE messages SET status = 'interrupted', words = $2::bigint[] WHERE id = $1 AND status = 'generating'`,
      [id, words],
    );
  }
  return rows.length;
}
