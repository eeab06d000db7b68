import type { Keyring } from '../keyring/index.ts';
import type { Database } from '../store/index.ts';
import { boxFor } from './holding.ts';

/** Marks answers that a process which died was still writing, and makes what they have findable; tells how many. */
export async function interruptUnfinished(database: Database, keyring: Keyring): Promise<number> {
  const rows = await database.query<{ id: string; owner_id: string; sealed: string | null }>(
    `SELECT m.id, m.sealed, c.owner_id FROM messages m JOIN conversations c ON c.id = m.conversation_id
     WHERE m.status = 'generating'`,
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
