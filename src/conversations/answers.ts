import { IntramurosError, newId } from '../base/index.ts';
import type { Keyring } from '../keyring/index.ts';
import type { Database, Queryable } from '../store/index.ts';
import type { Box, MessageText } from './box.ts';
import { boxFor, lockUnfinished } from './holding.ts';
import { joinMarks, lockMark, type Marked, type Mine, writeMark } from './marks.ts';
import { getMessage, insertMessage, listBranch } from './messages.ts';
import { autoTitle, storableText } from './text.ts';
import type { Message, MessageError, MessageUsage, Provenance } from './types.ts';

/** Where in a conversation an answer is to be written. */
export type AnswerTarget =
  | {
      /** A new question under `parentId` (an edit has the parent of the edited one), and its answer. */
      readonly kind: 'ask';
      readonly conversationId: string;
      readonly parentId: string | undefined;
      readonly content: string;
    }
  /** Another answer beside those of a question. */
  | { readonly kind: 'regenerate'; readonly conversationId: string; readonly messageId: string }
  /** More of an answer that was cut. */
  | { readonly kind: 'continue'; readonly conversationId: string; readonly messageId: string };

/** An answer that has its place in the database and nothing in it yet. */
export interface BegunAnswer {
  readonly conversationId: string;
  readonly messageId: string;
  /** Set when the question was new. */
  readonly userMessageId: string | undefined;
  /** Set when the question gave the conversation its title. */
  readonly title: string | undefined;
  /** What the model is to see, from the root: ends with the question, or with the cut answer when it is to go on. */
  readonly history: readonly Message[];
  /** The join of the question, the conversation and all that is in `history`: the label of whatever comes of it. */
  readonly mark: Marked;
}

/** What an answer ended with. */
export interface AnswerEnd {
  readonly content: string;
  readonly thinking?: string | undefined;
  readonly thinkingMs?: number | undefined;
  readonly status: 'complete' | 'stopped' | 'failed';
  readonly endedBy: string;
  readonly error?: MessageError | undefined;
  readonly usage?: MessageUsage | undefined;
  readonly provenance?: Provenance | undefined;
}

/** What an answer is begun with. */
export interface AnswerStart {
  readonly runId: string;
  readonly model: string;
  /** What the question brings by itself; the conversation's own mark is joined to it. */
  readonly mark: Marked;
}

/** An answer that a gateway writes. */
type Written = AnswerStart & { readonly gateway: string | undefined };

/** Writing answers into conversations. */
export interface Answers {
  /** Makes the place of an answer, stores its question and raises the conversation's mark, in one durable step. */
  begin(target: AnswerTarget, answer: AnswerStart): Promise<BegunAnswer>;
  /** Saves what an answer has so far; false when the message is no longer there to be written. */
  grow(
    messageId: string,
    soFar: { readonly content: string; readonly thinking?: string | undefined },
  ): Promise<boolean>;
  /** Saves the end of an answer; false when its message was deleted meanwhile. */
  finish(messageId: string, end: AnswerEnd): Promise<boolean>;
}

/**
 * @param how.now the present, as ISO text. @param how.gateway whose process writes.
 * `grow` and `finish` write to messages that `begin` made, whoever owns the conversation meanwhile.
 */
export function answersOf(
  database: Database,
  keyring: Keyring,
  mine: Mine,
  { now, gateway }: { readonly now: () => string; readonly gateway: string | undefined },
): Answers {
  return {
    async begin(target, start) {
      const answer = { ...start, gateway };
      const box = await boxFor(keyring, mine.ownerId);
      return database.transaction((on) => begin(on, box, mine, target, answer, now()));
    },
    grow: (messageId, soFar) => database.transaction((on) => grow(on, keyring, messageId, soFar)),
    finish: (messageId, end) => database.transaction((on) => finish(on, keyring, messageId, end, now())),
  };
}

async function grow(on: Queryable, keyring: Keyring, messageId: string, soFar: MessageText): Promise<boolean> {
  const found = await lockUnfinished(on, keyring, messageId);
  if (found === undefined) return false;
  const sealed = found.box.text(messageId, storableParts(soFar));
  await on.query('UPDATE messages SET sealed = $2 WHERE id = $1', [messageId, sealed]);
  return true;
}

const storableParts = ({ content, thinking }: MessageText): MessageText => ({
  content: storable(content),
  ...(thinking === undefined ? {} : { thinking: storable(thinking) }),
});

// An answer is never refused for its length: what a model wrote is kept as far as one message goes.
const storable = (text: string): string => storableText(text.length > 1_000_000 ? text.slice(0, 1_000_000) : text);

async function begin(
  on: Queryable,
  box: Box,
  mine: Mine,
  target: AnswerTarget,
  answer: Written,
  at: string,
): Promise<BegunAnswer> {
  const before = await lockMark(on, box, mine, target.conversationId);
  const begun = await place(on, box, target, answer, at);
  const mark = joinMarks(before, answer.mark, ...begun.history.map(markOf));
  const text = JSON.stringify(mark);
  if (target.kind === 'continue' || text !== JSON.stringify(answer.mark)) {
    await on.query('UPDATE messages SET label = $2, sealed_sources = $3 WHERE id = $1', [
      begun.messageId,
      mark.label,
      box.sources('messages', begun.messageId, mark.sources),
    ]);
  }
  if (text !== JSON.stringify(before)) await writeMark(on, box, target.conversationId, mark);
  return { ...begun, mark };
}

const markOf = ({ label, labelSources }: Message): Marked => ({ label, sources: labelSources });

async function place(
  on: Queryable,
  box: Box,
  target: AnswerTarget,
  answer: Written,
  at: string,
): Promise<Omit<BegunAnswer, 'mark'>> {
  if (target.kind === 'continue') return beginContinue(on, box, target, answer, at);
  const question =
    target.kind === 'ask' ? await ask(on, box, target, answer.mark, at) : await questionOf(on, box, target);
  const messageId = newId('msg');
  await insertMessage(on, box, {
    id: messageId,
    conversationId: target.conversationId,
    parentId: question.id,
    role: 'assistant',
    content: '',
    status: 'generating',
    runId: answer.runId,
    gateway: answer.gateway,
    createdAt: at,
    ...answer.mark,
  });
  await touch(on, target.conversationId, { at, leafId: messageId, added: 1, model: answer.model });
  return {
    conversationId: target.conversationId,
    messageId,
    userMessageId: target.kind === 'ask' ? question.id : undefined,
    title: question.title,
    history: await listBranch(on, box, target.conversationId, question.id),
  };
}

async function ask(
  on: Queryable,
  box: Box,
  target: AnswerTarget & { kind: 'ask' },
  mark: Marked,
  at: string,
): Promise<{ readonly id: string; readonly title: string | undefined }> {
  const content = storableText(target.content);
  if (content.trim() === '') throw new IntramurosError('invalid_request', 'The question is empty. Write something.');
  if (target.parentId !== undefined) {
    const parent = await getMessage(on, box, target.conversationId, target.parentId);
    if (parent.role === 'user') {
      throw new IntramurosError(
        'invalid_request',
        `A question follows an answer or starts the conversation; "${target.parentId}" is a question.`,
        { facts: { message: target.parentId } },
      );
    }
  }
  const id = newId('msg');
  await insertMessage(on, box, {
    id,
    conversationId: target.conversationId,
    ...(target.parentId === undefined ? {} : { parentId: target.parentId }),
    role: 'user',
    content,
    status: 'complete',
    createdAt: at,
    ...mark,
  });
  await touch(on, target.conversationId, { at, leafId: id, added: 1 });
  const title = autoTitle(content);
  const titled = await on.query(
    `UPDATE conversations SET sealed_title = $2, words = $3::bigint[]
     WHERE id = $1 AND sealed_title IS NULL AND title_origin = 'auto' RETURNING id`,
    [target.conversationId, box.title(target.conversationId, title), box.tokens(title)],
  );
  return { id, title: titled.length > 0 ? title : undefined };
}

async function questionOf(
  on: Queryable,
  box: Box,
  target: AnswerTarget & { kind: 'regenerate' },
): Promise<{ readonly id: string; readonly title: undefined }> {
  const message = await getMessage(on, box, target.conversationId, target.messageId);
  if (message.role === 'user') return { id: message.id, title: undefined };
  throw new IntramurosError('invalid_request', `Only a question can be answered again; "${message.id}" is none.`, {
    facts: { message: message.id },
  });
}

async function beginContinue(
  on: Queryable,
  box: Box,
  target: AnswerTarget & { kind: 'continue' },
  answer: Written,
  at: string,
): Promise<Omit<BegunAnswer, 'mark'>> {
  const message = await getMessage(on, box, target.conversationId, target.messageId);
  if (message.role !== 'assistant') {
    throw new IntramurosError('invalid_request', `Only an answer can be continued; "${message.id}" is none.`, {
      facts: { message: message.id },
    });
  }
  const taken = await on.query(
    `UPDATE messages SET status = 'generating', run_id = $2, gateway = $3, ended_by = NULL, sealed_error = NULL
     WHERE id = $1 AND status <> 'generating' RETURNING id`,
    [message.id, answer.runId, answer.gateway],
  );
  if (taken.length === 0) {
    throw new IntramurosError('conflict', 'This answer is still being written. Wait for its end, or stop it.', {
      facts: { message: message.id, run: message.runId ?? null },
    });
  }
  await touch(on, target.conversationId, { at, leafId: message.id, added: 0 });
  return {
    conversationId: target.conversationId,
    messageId: message.id,
    userMessageId: undefined,
    title: undefined,
    history: await listBranch(on, box, target.conversationId, message.id),
  };
}

async function finish(
  on: Queryable,
  keyring: Keyring,
  messageId: string,
  end: AnswerEnd,
  at: string,
): Promise<boolean> {
  const found = await lockUnfinished(on, keyring, messageId);
  if (found === undefined) return false;
  const { conversationId, box } = found;
  const text = storableParts(end);
  await on.query(
    `UPDATE messages SET sealed = $2, words = $3::bigint[], thinking_ms = $4, status = $5, ended_by = $6, sealed_error = $7,
       usage = $8, provenance = $9 WHERE id = $1`,
    [
      messageId,
      box.text(messageId, text),
      box.tokens(text.content),
      end.thinkingMs === undefined ? undefined : Math.round(end.thinkingMs),
      end.status,
      end.endedBy,
      box.error(messageId, end.error),
      end.usage,
      end.provenance,
    ],
  );
  await on.query('UPDATE conversations SET updated_at = $2 WHERE id = $1', [conversationId, at]);
  return true;
}

async function touch(
  on: Queryable,
  conversationId: string,
  change: { readonly at: string; readonly leafId: string; readonly added: number; readonly model?: string },
): Promise<void> {
  await on.query(
    `UPDATE conversations SET updated_at = $2, active_leaf_id = $3, message_count = message_count + $4,
       model = coalesce($5, model) WHERE id = $1`,
    [conversationId, change.at, change.leafId, change.added, change.model],
  );
}
