import { IntramurosError } from '../base/index.ts';
import type { Queryable } from '../store/index.ts';
import type { Box } from './box.ts';
import type { Marked } from './marks.ts';
import { type MessageRow, messageColumns, toMessage } from './rows.ts';
import type { Message } from './types.ts';

/** The whole tree of a conversation, in order of creation. */
export async function listMessages(on: Queryable, box: Box, conversationId: string): Promise<readonly Message[]> {
  const rows = await on.query<MessageRow>(
    `SELECT ${messageColumns} FROM messages m WHERE m.conversation_id = $1 ORDER BY m.created_at, m.id`,
    [conversationId],
  );
  return rows.map((row) => toMessage(box, row));
}

/** @throws {IntramurosError} `message_not_found`. */
export async function getMessage(on: Queryable, box: Box, conversationId: string, messageId: string): Promise<Message> {
  const [row] = await on.query<MessageRow>(
    `SELECT ${messageColumns} FROM messages m WHERE m.conversation_id = $1 AND m.id = $2`,
    [conversationId, messageId],
  );
  if (row) return toMessage(box, row);
  throw new IntramurosError(
    'message_not_found',
    `There is no message "${messageId}" in conversation "${conversationId}". It may have been deleted.`,
    { facts: { conversation: conversationId, message: messageId } },
  );
}

/** The messages from the root down to one, that one included. */
export async function listBranch(
  on: Queryable,
  box: Box,
  conversationId: string,
  leafId: string,
): Promise<readonly Message[]> {
  const rows = await on.query<MessageRow>(
    `WITH RECURSIVE branch AS (
       SELECT ${messageColumns}, 0 AS depth FROM messages m WHERE m.conversation_id = $1 AND m.id = $2
       UNION ALL
       SELECT ${messageColumns}, b.depth + 1 FROM messages m JOIN branch b ON m.id = b.parent_id)
     SELECT ${messageColumns} FROM branch m ORDER BY m.depth DESC`,
    [conversationId, leafId],
  );
  if (rows.length === 0) await getMessage(on, box, conversationId, leafId);
  return rows.map((row) => toMessage(box, row));
}

/** Versions of one message: all with its parent, itself included, oldest first. */
export function siblings(tree: readonly Message[], message: Message): readonly Message[] {
  return tree.filter((other) => other.parentId === message.parentId);
}

/** Writes a new message. */
export async function insertMessage(
  on: Queryable,
  box: Box,
  message: Pick<Message, 'id' | 'conversationId' | 'role' | 'content' | 'status' | 'createdAt'> &
    Partial<Pick<Message, 'parentId' | 'runId'>> & { readonly gateway?: string | undefined } & Marked,
): Promise<void> {
  await on.query(
    `INSERT INTO messages (id, conversation_id, parent_id, role, sealed, status, run_id, created_at, label, sealed_sources, words, gateway)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11::bigint[], $12)`,
    [
      message.id,
      message.conversationId,
      message.parentId,
      message.role,
      box.text(message.id, message),
      message.status,
      message.runId,
      message.createdAt,
      message.label,
      box.sources('messages', message.id, message.sources),
      message.status === 'generating' ? [] : box.tokens(message.content), // a growing answer is indexed at its end
      message.gateway,
    ],
  );
}

/** Deletes a message and all below it; gives the ids deleted. */
export async function deleteSubtree(on: Queryable, messageId: string): Promise<readonly string[]> {
  const rows = await on.query<{ id: string }>(
    `WITH RECURSIVE below AS (
       SELECT id FROM messages WHERE id = $1
       UNION ALL SELECT m.id FROM messages m JOIN below b ON m.parent_id = b.id)
     SELECT id FROM below`,
    [messageId],
  );
  await on.query('DELETE FROM messages WHERE id = $1', [messageId]); // the rest follows by its reference
  return rows.map(({ id }) => id);
}

/** The newest leaf under a message: where its branch is shown when nothing else was chosen. */
export async function newestLeaf(on: Queryable, messageId: string): Promise<string> {
  const [row] = await on.query<{ id: string }>(
    `WITH RECURSIVE path AS (
       SELECT id, 0 AS depth FROM messages WHERE id = $1
       UNION ALL
       SELECT (SELECT m.id FROM messages m WHERE m.parent_id = p.id ORDER BY m.created_at DESC, m.id DESC LIMIT 1), p.depth + 1
       FROM path p WHERE p.id IS NOT NULL)
     SELECT id FROM path WHERE id IS NOT NULL ORDER BY depth DESC LIMIT 1`,
    [messageId],
  );
  return row?.id ?? messageId;
}
