import { IntramurosError } from '../base/index.ts';
import type { Database, Queryable } from '../store/index.ts';
import type { Box } from './box.ts';
import { isMine, type Mine } from './marks.ts';
import { type ConversationRow, conversationColumns, toConversation } from './rows.ts';
import { passageOf, searchTerms } from './terms.ts';
import { searchWords } from './text.ts';
import type { Conversation } from './types.ts';

export interface ListOptions {
  /** Words to find in titles and messages: accents do not matter, French forms of a word are one, beginnings count. */
  readonly q?: string | undefined;
  /** 1 to 100. */
  readonly limit?: number | undefined;
  /** `nextCursor` of the page before. */
  readonly cursor?: string | undefined;
}

/** A conversation in a list; `snippet` is the passage that a search found, as plain text. */
export type ListedConversation = Conversation & { readonly snippet?: string };

export interface ConversationPage {
  readonly conversations: readonly ListedConversation[];
  readonly nextCursor: string | undefined;
}

/** One page of a person's conversations, the last touched first. */
export async function listConversations(
  database: Pick<Database, 'query' | 'transaction'>,
  box: Box,
  { ownerId, levels }: Mine,
  options: ListOptions = {},
): Promise<ConversationPage> {
  const limit = options.limit ?? 30;
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > 100) {
    throw new IntramurosError('invalid_request', `"limit" is a whole number from 1 to 100, not ${limit}.`);
  }
  const words = searchWords(options.q ?? '');
  if (options.q?.trim() && words.length === 0) return { conversations: [], nextCursor: undefined };
  const [after, afterId] = options.cursor === undefined ? [null, null] : readCursor(options.cursor);
  const tokens = words.map((word) => searchTerms(word).map(box.token));
  const read = async (on: Queryable): Promise<ConversationPage> => {
    const rows = await on.query<ConversationRow>(
      `SELECT ${conversationColumns} FROM conversations c
     WHERE ${isMine(4)} AND ($1::timestamptz IS NULL OR (c.updated_at, c.id) < ($1::timestamptz, $2::text))
     ${words.length === 0 ? '' : `AND c.id IN (${matches(tokens.length)})`}
     ORDER BY c.updated_at DESC, c.id DESC LIMIT $3`,
      [after, afterId, limit + 1, ownerId, levels, ...tokens],
    );
    const page = rows.slice(0, limit).map((row) => toConversation(box, row));
    const last = page.at(-1);
    return {
      conversations: words.length === 0 ? page : await withPassages(on, box, page, words, tokens),
      nextCursor: rows.length > limit && last ? writeCursor(last) : undefined,
    };
  };
  if (words.length === 0) return read(database);
  return database.transaction(async (on) => {
    // The planner takes reading every row for cheap, as it does not count that their tokens are kept apart from them.
    await on.query('SET LOCAL enable_seqscan = off');
    return read(on);
  });
}

/** In SQL: a row `r` has a token of each word; the words' tokens are the parameters from `first` on. */
const hasAll = (row: string, first: number, count: number): string =>
  Array.from({ length: count }, (_, index) => `${row}.words && $${first + index}::bigint[]`).join(' AND ');

const matches = (count: number): string =>
  `SELECT m.conversation_id FROM messages m WHERE ${hasAll('m', 6, count)}
   UNION SELECT t.id FROM conversations t WHERE ${hasAll('t', 6, count)}`;

async function withPassages(
  on: Queryable,
  box: Box,
  page: readonly Conversation[],
  words: readonly string[],
  tokens: readonly (readonly string[])[],
): Promise<readonly ListedConversation[]> {
  const found = await on.query<{ conversation_id: string; id: string; sealed: string }>(
    `SELECT DISTINCT ON (m.conversation_id) m.conversation_id, m.id, m.sealed FROM messages m
     WHERE m.conversation_id = ANY ($1::text[]) AND ${hasAll('m', 2, tokens.length)} ORDER BY m.conversation_id, m.id`,
    [page.map(({ id }) => id), ...tokens],
  );
  const passages = new Map(
    found.map((row) => [row.conversation_id, passageOf(box.openText(row.id, row.sealed).content, words)]),
  );
  return page.map((conversation) => {
    const snippet = passages.get(conversation.id);
    return snippet ? { ...conversation, snippet } : conversation;
  });
}

function writeCursor(last: Conversation): string {
  return Buffer.from(JSON.stringify([last.updatedAt, last.id])).toString('base64url');
}

function readCursor(cursor: string): readonly [string, string] {
  try {
    const [at, id] = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')) as [unknown, unknown];
    if (typeof at === 'string' && !Number.isNaN(Date.parse(at)) && typeof id === 'string') return [at, id];
  } catch (error) {
    throw cursorFailure(error);
  }
  throw cursorFailure();
}

function cursorFailure(cause?: unknown): IntramurosError {
  return new IntramurosError('invalid_request', '"cursor" is not one that this server gave. Start without it.', {
    cause,
  });
}
