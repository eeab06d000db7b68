import { IntramurosError } from '../base/index.ts';
import type { Queryable } from '../store/index.ts';
import { isMine, type Mine } from './marks.ts';
import { type ConversationRow, conversationColumns, toConversation } from './rows.ts';
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
  database: Queryable,
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
  const search = words.length === 0 ? undefined : await toSearch(database, words);
  const rows = await database.query<ConversationRow>(
    `SELECT ${conversationColumns} FROM conversations c
     WHERE ${isMine(4)} AND ($1::timestamptz IS NULL OR (c.updated_at, c.id) < ($1::timestamptz, $2::text))
     ${search === undefined ? '' : `AND c.id IN (${matches})`}
     ORDER BY c.updated_at DESC, c.id DESC LIMIT $3`,
    [after, afterId, limit + 1, ownerId, levels, ...(search === undefined ? [] : [search])],
  );
  const page = rows.slice(0, limit).map(toConversation);
  const last = page.at(-1);
  return {
    conversations: search === undefined ? page : await withSnippets(database, page, search),
    nextCursor: rows.length > limit && last ? writeCursor(last) : undefined,
  };
}

const matches = `SELECT m.conversation_id FROM messages m WHERE m.search @@ $6::tsquery
  UNION SELECT t.id FROM conversations t WHERE t.search @@ $6::tsquery`;

/** The words as one query: each is a French form of an indexed word, or the beginning of an indexed word. */
async function toSearch(database: Queryable, words: readonly string[]): Promise<string> {
  const [row] = await database.query<{ search: string }>(
    `SELECT string_agg('(' || (to_tsquery('intramuros_french', word) || to_tsquery('intramuros_plain', word || ':*'))::text || ')', ' & ') AS search
     FROM unnest($1::text[]) AS word`,
    [words],
  );
  return row?.search ?? '';
}

async function withSnippets(
  database: Queryable,
  page: readonly Conversation[],
  search: string,
): Promise<readonly ListedConversation[]> {
  const found = await database.query<{ conversation_id: string; snippet: string }>(
    `SELECT f.conversation_id, ts_headline('intramuros_french', f.text, $1::tsquery,
       'StartSel="", StopSel="", MaxWords=24, MinWords=10, MaxFragments=1, FragmentDelimiter=" … "') AS snippet
     FROM (SELECT DISTINCT ON (m.conversation_id) m.conversation_id, left(m.content, 20000) AS text FROM messages m
       WHERE m.conversation_id = ANY ($2::text[]) AND m.search @@ $1::tsquery
       ORDER BY m.conversation_id, m.id) f`,
    [search, page.map(({ id }) => id)],
  );
  const snippets = new Map(found.map((row) => [row.conversation_id, row.snippet.replace(/\s+/gu, ' ').trim()]));
  return page.map((conversation) => {
    const snippet = snippets.get(conversation.id);
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
