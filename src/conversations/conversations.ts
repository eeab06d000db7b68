import { type Clock, IntramurosError, type Logger, newId, systemClock } from '../base/index.ts';
import type { Database, Queryable } from '../store/index.ts';
import { type Answers, answersOf } from './answers.ts';
import { type ExportOptions, exportConversation } from './export.ts';
import { type ConversationPage, type ListOptions, listConversations } from './list.ts';
import { deleteSubtree, getMessage, listBranch, listMessages, newestLeaf } from './messages.ts';
import { type ConversationRow, conversationColumns, toConversation } from './rows.ts';
import { personTitle } from './text.ts';
import type { Conversation, Message } from './types.ts';

export interface ConversationChange {
  readonly title?: string | undefined;
  readonly model?: string | undefined;
  /** Leaf of the branch that is looked at; any message of it will do. */
  readonly activeLeafId?: string | undefined;
}

/** The conversations of an installation. */
export interface Conversations extends Answers {
  list(options?: ListOptions): Promise<ConversationPage>;
  create(options?: { readonly title?: string | undefined; readonly model?: string | undefined }): Promise<Conversation>;
  /** @throws {IntramurosError} `conversation_not_found`. */
  get(id: string): Promise<Conversation>;
  update(id: string, change: ConversationChange): Promise<Conversation>;
  remove(id: string): Promise<void>;
  /** The whole tree, in order of creation. */
  messages(id: string): Promise<readonly Message[]>;
  message(id: string, messageId: string): Promise<Message>;
  /** From the root down to a message. */
  branch(id: string, messageId: string): Promise<readonly Message[]>;
  /** Deletes a message with all that follows from it. */
  removeMessage(id: string, messageId: string): Promise<void>;
  export(id: string, options: ExportOptions): Promise<string>;
}

/**
 * Opens the conversations. Answers that a process which died was still writing become `interrupted`, with what was saved.
 */
export async function openConversations(options: {
  readonly database: Database;
  readonly log: Logger;
  readonly clock?: Clock;
}): Promise<Conversations> {
  const { database, log, clock = systemClock } = options;
  const cut = await database.query(
    `UPDATE messages SET status = 'interrupted' WHERE status = 'generating' RETURNING id`,
  );
  if (cut.length > 0) log.info({ messages: cut.length }, 'answers cut by the last end of the program were marked so');
  const now = (): string => new Date(clock.now()).toISOString();
  return {
    list: (list) => listConversations(database, list),
    create: (values) => createConversation(database, now(), values),
    get: (id) => getConversation(database, id),
    update: (id, change) => database.transaction((on) => updateConversation(on, id, change, now())),
    remove: async (id) => {
      const gone = await database.query('DELETE FROM conversations WHERE id = $1 RETURNING id', [id]);
      if (gone.length === 0) throw notFound(id);
    },
    messages: async (id) => {
      const tree = await listMessages(database, id);
      if (tree.length === 0) await getConversation(database, id);
      return tree;
    },
    message: (id, messageId) => getMessage(database, id, messageId),
    branch: (id, messageId) => listBranch(database, id, messageId),
    removeMessage: (id, messageId) => database.transaction((on) => removeMessage(on, id, messageId)),
    export: (id, how) =>
      database.transaction(async (on) =>
        exportConversation(await getConversation(on, id), await listMessages(on, id), { ...how, exportedAt: now() }),
      ),
    ...answersOf(database, now),
  };
}

/** @throws {IntramurosError} `conversation_not_found`. */
async function getConversation(on: Queryable, id: string): Promise<Conversation> {
  const [row] = await on.query<ConversationRow>(`SELECT ${conversationColumns} FROM conversations c WHERE c.id = $1`, [
    id,
  ]);
  if (!row) throw notFound(id);
  return toConversation(row);
}

async function createConversation(
  on: Queryable,
  at: string,
  values: { readonly title?: string | undefined; readonly model?: string | undefined } = {},
): Promise<Conversation> {
  const title = values.title === undefined ? '' : personTitle(values.title);
  const [row] = await on.query<ConversationRow>(
    `INSERT INTO conversations AS c (id, title, title_origin, model, created_at, updated_at)
     VALUES ($1, $2, $3, $4, $5, $5) RETURNING ${conversationColumns}`,
    [newId('conv'), title, values.title === undefined ? 'auto' : 'person', values.model, at],
  );
  return toConversation(row as ConversationRow);
}

async function updateConversation(
  on: Queryable,
  id: string,
  change: ConversationChange,
  at: string,
): Promise<Conversation> {
  const title = change.title === undefined ? undefined : personTitle(change.title);
  const leaf =
    change.activeLeafId === undefined
      ? undefined
      : await newestLeaf(on, (await getMessage(on, id, change.activeLeafId)).id);
  // Looking at another branch is no change of the conversation: it keeps its place in the list.
  const [row] = await on.query<ConversationRow>(
    `UPDATE conversations AS c SET title = coalesce($2, c.title),
       title_origin = CASE WHEN $2::text IS NULL THEN c.title_origin ELSE 'person' END,
       model = coalesce($3, c.model), active_leaf_id = coalesce($4, c.active_leaf_id),
       updated_at = CASE WHEN $2::text IS NULL AND $3::text IS NULL THEN c.updated_at ELSE $5 END
     WHERE c.id = $1 RETURNING ${conversationColumns}`,
    [id, title, change.model, leaf, at],
  );
  if (!row) throw notFound(id);
  return toConversation(row);
}

async function removeMessage(on: Queryable, id: string, messageId: string): Promise<void> {
  const message = await getMessage(on, id, messageId);
  const gone = await deleteSubtree(on, messageId);
  const leaf = message.parentId === undefined ? await newestRootLeaf(on, id) : await newestLeaf(on, message.parentId);
  await on.query(
    `UPDATE conversations SET message_count = message_count - $2,
       active_leaf_id = CASE WHEN active_leaf_id = ANY ($3::text[]) THEN $4 ELSE active_leaf_id END
     WHERE id = $1`,
    [id, gone.length, gone, leaf],
  );
}

async function newestRootLeaf(on: Queryable, id: string): Promise<string | undefined> {
  const [root] = await on.query<{ id: string }>(
    `SELECT id FROM messages WHERE conversation_id = $1 AND parent_id IS NULL ORDER BY created_at DESC, id DESC LIMIT 1`,
    [id],
  );
  return root === undefined ? undefined : newestLeaf(on, root.id);
}

function notFound(id: string): IntramurosError {
  return new IntramurosError(
    'conversation_not_found',
    `There is no conversation "${id}". It may have been deleted; the list has those that are there.`,
    { facts: { conversation: id } },
  );
}
