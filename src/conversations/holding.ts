import { isIntramurosError } from '../base/index.ts';
import type { Keyring } from '../keyring/index.ts';
import type { Queryable } from '../store/index.ts';
import { type Box, boxOf } from './box.ts';

/** The box of a person whose key may be destroyed: then nothing of theirs is there, and what is opened says so. */
export async function boxFor(keyring: Keyring, ownerId: string, on?: Queryable): Promise<Box> {
  try {
    await keyring.ready(ownerId, on);
  } catch (error) {
    if (!isIntramurosError(error) || error.code !== 'key_destroyed') throw error;
  }
  return boxOf(keyring, ownerId);
}

/** An answer that is being written: where it is, and the box of whose it is now. */
export async function lockUnfinished(
  on: Queryable,
  keyring: Keyring,
  messageId: string,
): Promise<{ readonly conversationId: string; readonly box: Box } | undefined> {
  const [row] = await on.query<{ conversation_id: string; owner_id: string }>(
    `SELECT m.conversation_id, c.owner_id FROM messages m JOIN conversations c ON c.id = m.conversation_id
     WHERE m.id = $1 AND m.status = 'generating' FOR UPDATE OF m`,
    [messageId],
  );
  if (row === undefined) return undefined;
  await keyring.ready(row.owner_id, on);
  return { conversationId: row.conversation_id, box: boxOf(keyring, row.owner_id) };
}
