import { IntramurosError } from '../base/index.ts';
import type { Queryable } from '../store/index.ts';
import { isMine, type Mine } from './marks.ts';

/** The conversation that a message of somebody's stands in. @throws {IntramurosError} `message_not_found`. */
export async function locateMessage(
  on: Pick<Queryable, 'query'>,
  { ownerId, levels }: Mine,
  messageId: string,
): Promise<string> {
  const [row] = await on.query<{ id: string }>(
    `SELECT c.id FROM messages m JOIN conversations c ON c.id = m.conversation_id WHERE m.id = $1 AND ${isMine(2)}`,
    [messageId, ownerId, levels],
  );
  if (row) return row.id;
  throw new IntramurosError('message_not_found', `There is no message "${messageId}". It may have been deleted.`, {
    facts: { message: messageId },
  });
}
