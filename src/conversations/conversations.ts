import { type Clock, IntramurosError, type Logger, newId, systemClock } from '../base/index.ts';
import type { Keyring } from '../keyring/index.ts';
import { formatLabel, internalLabel, isWithin, type Label, type LabelSource } from '../policy/index.ts';
import type { Database, Queryable } from '../store/index.ts';
import { type Answers, answersOf } from './answers.ts';
import { type Box, boxOf } from './box.ts';
import { type ExportOptions, exportConversation } from './export.ts';
import { boxFor } from './holding.ts';
import { interruptUnfinished } from './interrupt.ts';
import { type ConversationPage, type ListOptions, listConversations } from './list.ts';
import { locateMessage } from './locate.ts';
import {
  conversationNotFound,
  isMine,
  joinMarks,
  lockMark,
  type Marked,
  type Mine,
  mineUpTo,
  writeMark,
} from './marks.ts';
import { deleteSubtree, getMessage, listBranch, listMessages, newestLeaf } from './messages.ts';
import { type ConversationRow, conversationColumns, toConversation } from './rows.ts';
import { sealPlainRows } from './seal-plain-rows.ts';
import { personTitle } from './text.ts';
import type { Conversation, Message } from './types.ts';

export interface ConversationChange {
  readonly title?: string | undefined;
  readonly model?: string | undefined;
  /** Leaf of the branch that is looked at; any message of it will do. */
  readonly activeLeafId?: string | undefined;
  /** Joined with the mark, which only rises here. */
  readonly raise?: Marked | undefined;
}

/** The conversations of an installation, seen by whose they are: there is no way to one without saying for whom. */
export interface ConversationRoom {
  /** @param ceiling what is above it is not found either: for keys that are limited to a highest label. */
  of(ownerId: string, ceiling?: Label): Conversations;
  /** Gives all that one person has to another, with their key, within a transaction if one is given; tells how many conversations. */
  adopt(fromId: string, toId: string, on?: Pick<Queryable, 'query'>): Promise<number>;
  /** Deletes all that a person has, and the keys of its vaults; tells how many conversations. */
  forget(ownerId: string, on?: Pick<Queryable, 'query'>): Promise<number>;
  /** Marks what gateways that died since were still writing. */
  interruptDead(): Promise<void>;
  /** Whose a conversation is; undefined for one that is not there. */
  ownerOf(id: string): Promise<string | undefined>;
  /**
   * Declares a conversation and all its messages to be no more than a label: for a signed downgrade only.
   * @param options.on transaction that it is part of; its own without one.
   * @param options.from label that was looked at: with another one now, `conflict`.
   * @throws {IntramurosError} `conversation_not_found`, `conflict`.
   */
  lower(
    id: string,
    to: Label,
    source: LabelSource,
    options?: { readonly on?: Pick<Queryable, 'query'>; readonly from?: Label },
  ): Promise<void>;
}

/** The conversations of one person. What they hold is sealed at rest under that person's key. Another's are not found, in the words for one that never was. */
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
  /** The conversation that a message stands in. @throws {IntramurosError} `message_not_found`. */
  locate(messageId: string): Promise<string>;
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
  readonly keyring: Keyring;
  readonly log: Logger;
  readonly clock?: Clock;
  /** Name of this gateway, where several may share the database. */
  readonly gateway?: string;
  /** Label of a conversation in which nothing was said yet. */
  readonly defaultLabel?: Label;
}): Promise<ConversationRoom> {
  const { database, keyring, log, clock = systemClock, defaultLabel = internalLabel, gateway } = options;
  await sealPlainRows({ database, keyring, log });
  await forgetErased(database, keyring);
  const interrupt = async (starting: boolean): Promise<void> => {
    const cut = await interruptUnfinished(database, keyring, { gateway, starting });
    if (cut > 0) log.info({ messages: cut }, 'answers cut by the end of the program that wrote them were marked so');
  };
  await interrupt(true);
  const now = (): string => new Date(clock.now()).toISOString();
  return {
    of: (ownerId, ceiling) =>
      conversationsOf({ database, keyring, now, defaultLabel, gateway }, mineUpTo(ownerId, ceiling)),
    interruptDead: () => interrupt(false),
    adopt(fromId, toId, outer) {
      const work = async (on: Pick<Queryable, 'query'>): Promise<number> => {
        await keyring.adopt(fromId, toId, on);
        const change = 'UPDATE conversations SET owner_id = $2 WHERE owner_id = $1 RETURNING id';
        return (await on.query(change, [fromId, toId])).length;
      };
      return outer === undefined ? database.transaction(work) : work(outer);
    },
    forget(ownerId, outer) {
      const work = async (on: Pick<Queryable, 'query'>): Promise<number> => {
        const erase = 'DELETE FROM conversations WHERE owner_id = $1 RETURNING id';
        const gone = await on.query<{ id: string }>(erase, [ownerId]);
        await destroyVaults(on, keyring, gone);
        return gone.length;
      };
      return outer === undefined ? database.transaction(work) : work(outer);
    },
    async ownerOf(id) {
      const [row] = await database.query<{ owner_id: string }>('SELECT owner_id FROM conversations WHERE id = $1', [
        id,
      ]);
      return row?.owner_id;
    },
    lower: (id, to, source, { on: outer, from } = {}) => {
      const work = async (on: Pick<Queryable, 'query'>): Promise<void> => {
        if (from !== undefined) await checkLabel(on, id, from);
        await lowerConversation(on, keyring, id, to, source);
      };
      return outer === undefined ? database.transaction(work) : work(outer);
    },
  };
}

/** Deletes what was erased and came back with an older copy of the database. */
async function forgetErased(database: Database, { destroyed }: Keyring): Promise<void> {
  if (destroyed.length === 0) return;
  await database.query(
    `DELETE FROM conversations c USING unnest($1::text[], $2::timestamptz[]) AS m (subject, at)
     WHERE c.owner_id = m.subject AND c.created_at <= m.at OR 'conversation/' || c.id = m.subject`,
    [destroyed.map(({ subject }) => subject), destroyed.map(({ at }) => at)],
  );
}

/** Vaults of conversations that are no more: those that had a key of their own. */
async function destroyVaults(
  on: Pick<Queryable, 'query'>,
  keyring: Keyring,
  gone: readonly { readonly id: string }[],
): Promise<void> {
  const kept = await keyring.existing(
    gone.map(({ id }) => `vault/${id}`),
    on,
  );
  if (kept.length > 0) await keyring.destroy(kept, on);
}

interface Holding {
  readonly database: Database;
  readonly keyring: Keyring;
  readonly now: () => string;
  readonly defaultLabel: Label;
  readonly gateway: string | undefined;
}

function conversationsOf({ database, keyring, now, defaultLabel, gateway }: Holding, mine: Mine): Conversations {
  const { ownerId } = mine;
  const ready = (): Promise<Box> => boxFor(keyring, ownerId);
  /** Every reading of what a conversation holds begins here. */
  const inside = async <T>(
    id: string,
    work: (on: Queryable, box: Box, conversation: Conversation) => Promise<T>,
  ): Promise<T> => {
    const box = await ready();
    return database.transaction(async (on) => work(on, box, await getConversation(on, box, mine, id)));
  };
  return {
    list: async (list) => listConversations(database, await ready(), mine, list),
    async create(values) {
      await keyring.renew(ownerId); // whoever erased all may begin anew
      return createConversation(database, boxOf(keyring, ownerId), {
        ...values,
        ownerId,
        at: now(),
        label: defaultLabel,
      });
    },
    get: async (id) => getConversation(database, await ready(), mine, id),
    update: (id, change) => inside(id, (on, box) => updateConversation(on, box, mine, id, change, now())),
    remove: (id) =>
      inside(id, async (on) => {
        await on.query('DELETE FROM conversations WHERE id = $1', [id]);
        await destroyVaults(on, keyring, [{ id }]);
      }),
    messages: (id) => inside(id, (on, box) => listMessages(on, box, id)),
    message: (id, messageId) => inside(id, (on, box) => getMessage(on, box, id, messageId)),
    locate: (messageId) => locateMessage(database, mine, messageId),
    branch: (id, messageId) => inside(id, (on, box) => listBranch(on, box, id, messageId)),
    removeMessage: (id, messageId) => inside(id, (on, box) => removeMessage(on, box, id, messageId)),
    export: (id, how) =>
      inside(id, async (on, box, conversation) =>
        exportConversation(conversation, await listMessages(on, box, id), { ...how, exportedAt: now() }),
      ),
    ...answersOf(database, keyring, mine, { now, gateway }),
  };
}

/** @throws {IntramurosError} `conversation_not_found`. */
async function getConversation(on: Queryable, box: Box, { ownerId, levels }: Mine, id: string): Promise<Conversation> {
  const [row] = await on.query<ConversationRow>(
    `SELECT ${conversationColumns} FROM conversations c WHERE c.id = $1 AND ${isMine(2)}`,
    [id, ownerId, levels],
  );
  if (!row) throw conversationNotFound(id);
  return toConversation(box, row);
}

async function createConversation(
  on: Queryable,
  box: Box,
  values: {
    readonly ownerId: string;
    readonly at: string;
    readonly label: Label;
    readonly title?: string | undefined;
    readonly model?: string | undefined;
  },
): Promise<Conversation> {
  const title = values.title === undefined ? '' : personTitle(values.title);
  const origin = values.title === undefined ? 'auto' : 'person';
  const id = newId('conv');
  const [row] = await on.query<ConversationRow>(
    `INSERT INTO conversations AS c (id, owner_id, sealed_title, words, title_origin, model, label, created_at, updated_at)
     VALUES ($1, $2, $3, $4::bigint[], $5, $6, $7, $8, $8) RETURNING ${conversationColumns}`,
    [id, values.ownerId, box.title(id, title), box.tokens(title), origin, values.model, values.label, values.at],
  );
  return toConversation(box, row as ConversationRow);
}

async function updateConversation(
  on: Queryable,
  box: Box,
  mine: Mine,
  id: string,
  change: ConversationChange,
  at: string,
): Promise<Conversation> {
  if (change.raise) await writeMark(on, box, id, joinMarks(await lockMark(on, box, mine, id), change.raise));
  const title = change.title === undefined ? undefined : personTitle(change.title);
  const leaf =
    change.activeLeafId === undefined
      ? undefined
      : await newestLeaf(on, (await getMessage(on, box, id, change.activeLeafId)).id);
  // Looking at another branch is no change of the conversation: it keeps its place in the list.
  const [row] = await on.query<ConversationRow>(
    `UPDATE conversations AS c SET sealed_title = coalesce($2, c.sealed_title), words = coalesce($7::bigint[], c.words),
       title_origin = CASE WHEN $2::text IS NULL THEN c.title_origin ELSE 'person' END,
       model = coalesce($3, c.model), active_leaf_id = coalesce($4, c.active_leaf_id),
       updated_at = CASE WHEN $2::text IS NULL AND $3::text IS NULL THEN c.updated_at ELSE $5 END
     WHERE c.id = $1 AND c.owner_id = $6 RETURNING ${conversationColumns}`,
    [
      id,
      title === undefined ? undefined : box.title(id, title),
      change.model,
      leaf,
      at,
      mine.ownerId,
      title === undefined ? undefined : box.tokens(title),
    ],
  );
  if (!row) throw conversationNotFound(id);
  return toConversation(box, row);
}

async function removeMessage(on: Queryable, box: Box, id: string, messageId: string): Promise<void> {
  const message = await getMessage(on, box, id, messageId);
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

/** @throws {IntramurosError} `conflict` when the label is another one now. */
async function checkLabel(on: Pick<Queryable, 'query'>, id: string, from: Label): Promise<void> {
  const [row] = await on.query<{ label: Label }>('SELECT label FROM conversations WHERE id = $1 FOR UPDATE', [id]);
  if (row === undefined || formatLabel(row.label) === formatLabel(from)) return;
  throw new IntramurosError(
    'conflict',
    `The label of this conversation is ${formatLabel(row.label)} meanwhile, no longer ${formatLabel(from)}.`,
    { facts: { label: formatLabel(row.label) } },
  );
}

async function lowerConversation(
  on: Pick<Queryable, 'query'>,
  keyring: Keyring,
  id: string,
  to: Label,
  source: LabelSource,
): Promise<void> {
  const [row] = await on.query<{ owner_id: string }>('SELECT owner_id FROM conversations WHERE id = $1', [id]);
  if (row === undefined) throw conversationNotFound(id);
  const box = await boxFor(keyring, row.owner_id, on);
  await writeMark(on, box, id, { label: to, sources: [source] });
  const messages = await on.query<{ id: string; label: Label }>(
    'SELECT id, label FROM messages WHERE conversation_id = $1',
    [id],
  );
  const above = messages.filter(({ label }) => !isWithin(label, to)).map((message) => message.id);
  await on.query(
    `UPDATE messages m SET label = $2, sealed_sources = v.sealed
     FROM unnest($1::text[], $3::text[]) AS v (id, sealed) WHERE m.id = v.id`,
    [above, to, above.map((messageId) => box.sources('messages', messageId, [source]))],
  );
}
