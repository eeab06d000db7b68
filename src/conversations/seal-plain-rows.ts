import type { Logger } from '../base/index.ts';
import type { Keyring } from '../keyring/index.ts';
import type { LabelSource } from '../policy/index.ts';
import type { Database, Queryable } from '../store/index.ts';
import { type Box, boxOf } from './box.ts';
import type { MessageError } from './types.ts';

const rowsAtOnce = 200;
const charactersAtOnce = 4_000_000;
const tellEveryMs = 5_000;

interface Room {
  readonly database: Database;
  readonly keyring: Keyring;
  readonly log: Logger;
}

/**
 * Seals what a version before kept in plain text, then drops the columns it stood in and writes the tables anew, so that
 * no file holds it any more. Each batch is one transaction: a process that is killed goes on from there at its next start.
 */
export async function sealPlainRows(room: Room): Promise<void> {
  const { database, keyring, log } = room;
  const plain = await database.query<{ name: string }>(
    `SELECT table_name || '.' || column_name AS name FROM information_schema.columns WHERE table_schema = current_schema()
       AND (table_name, column_name) IN (('messages', 'content'), ('conversations', 'title'))`,
  );
  if (plain.length === 0) return;
  const conversations = await sealAll(room, conversationStep);
  const messages = await sealAll(room, messageStep);
  await database.transaction(async (on) => {
    for (const statement of finish) await on.query(statement);
    if (conversations + messages > 0) {
      await on.query(
        `INSERT INTO unscrubbed (table_name) VALUES ('conversations'), ('messages') ON CONFLICT DO NOTHING`,
      );
    }
  });
  await keyring.settle();
  if (conversations + messages > 0) {
    log.info({ conversations, messages }, 'what was kept in plain text is sealed, and taken out of the files');
  }
}

// A search reads the whole list of what is not in its index yet (KiB): kept short, as nothing else empties it in the embedded database.
const finish = [
  'ALTER TABLE messages DROP COLUMN content, DROP COLUMN thinking, DROP COLUMN error, DROP COLUMN label_sources',
  'ALTER TABLE conversations DROP COLUMN title, DROP COLUMN label_sources',
  'CREATE INDEX IF NOT EXISTS messages_words ON messages USING gin (words) WITH (gin_pending_list_limit = 256)',
  'CREATE INDEX IF NOT EXISTS conversations_words ON conversations USING gin (words) WITH (gin_pending_list_limit = 64)',
];

/** How the rows of one table are sealed. */
interface Step {
  readonly table: 'messages' | 'conversations';
  /** Rows after an id, in order, with their size. */
  readonly next: string;
  /** Seals these rows in the transaction. */
  run(on: Queryable, keyring: Keyring, ids: readonly string[]): Promise<void>;
}

/** @returns how many rows were sealed. */
async function sealAll({ database, keyring, log }: Room, step: Step): Promise<number> {
  let after = '';
  let count = 0;
  let toldAt = Date.now();
  for (;;) {
    const rows = await database.query<{ id: string; size: number }>(step.next, [after, rowsAtOnce]);
    const ids = upTo(rows);
    if (ids.length === 0) return count;
    await database.transaction((on) => step.run(on, keyring, ids));
    after = ids.at(-1) ?? after;
    count += ids.length;
    if (Date.now() - toldAt > tellEveryMs) {
      toldAt = Date.now();
      log.info({ table: step.table, rows: count }, 'sealing what was kept in plain text');
    }
  }
}

/** The first rows whose texts together are not too much at once; at least one. */
function upTo(rows: readonly { readonly id: string; readonly size: number }[]): string[] {
  let characters = 0;
  const ids: string[] = [];
  for (const { id, size } of rows) {
    characters += size;
    if (ids.length > 0 && characters > charactersAtOnce) break;
    ids.push(id);
  }
  return ids;
}

/** The boxes of some people, each key asked for once. */
async function boxesOf(on: Queryable, keyring: Keyring, owners: readonly string[]): Promise<Map<string, Box>> {
  const boxes = new Map<string, Box>();
  for (const owner of new Set(owners)) {
    await keyring.ready(owner, on);
    boxes.set(owner, boxOf(keyring, owner));
  }
  return boxes;
}

const conversationStep: Step = {
  table: 'conversations',
  next: 'SELECT id, length(title) AS size FROM conversations WHERE id > $1 AND title IS NOT NULL ORDER BY id LIMIT $2',
  async run(on, keyring, ids) {
    const rows = await on.query<{ id: string; owner_id: string; title: string; label_sources: readonly LabelSource[] }>(
      'SELECT id, owner_id, title, label_sources FROM conversations WHERE id = ANY ($1::text[]) AND title IS NOT NULL FOR UPDATE',
      [ids],
    );
    const boxes = await boxesOf(
      on,
      keyring,
      rows.map((row) => row.owner_id),
    );
    const sealed = rows.map(({ id, owner_id, title, label_sources }) => {
      const box = boxes.get(owner_id) as Box;
      return [id, box.title(id, title), box.sources('conversations', id, label_sources), literal(box.tokens(title))];
    });
    await on.query(
      `UPDATE conversations c SET sealed_title = v.title, sealed_sources = v.sources, words = v.words::bigint[],
         title = NULL, label_sources = '[]'
       FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS v (id, title, sources, words) WHERE c.id = v.id`,
      columns(sealed, 4),
    );
  },
};

interface PlainMessage {
  readonly id: string;
  readonly owner_id: string;
  readonly status: string;
  readonly content: string;
  readonly thinking: string | null;
  readonly error: MessageError | null;
  readonly label_sources: readonly LabelSource[];
}

const messageStep: Step = {
  table: 'messages',
  next: `SELECT id, length(content) + coalesce(length(thinking), 0) AS size FROM messages
    WHERE id > $1 AND content IS NOT NULL ORDER BY id LIMIT $2`,
  async run(on, keyring, ids) {
    const rows = await on.query<PlainMessage>(
      `SELECT m.id, c.owner_id, m.status, m.content, m.thinking, m.error, m.label_sources
       FROM messages m JOIN conversations c ON c.id = m.conversation_id
       WHERE m.id = ANY ($1::text[]) AND m.content IS NOT NULL FOR UPDATE OF m`,
      [ids],
    );
    const boxes = await boxesOf(
      on,
      keyring,
      rows.map((row) => row.owner_id),
    );
    const sealed = rows.map((row) => sealedMessage(boxes.get(row.owner_id) as Box, row));
    await on.query(
      `UPDATE messages m SET sealed = v.sealed, sealed_error = v.error, sealed_sources = v.sources,
         words = v.words::bigint[], content = NULL, thinking = NULL, error = NULL, label_sources = '[]'
       FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[]) AS v (id, sealed, error, sources, words)
       WHERE m.id = v.id`,
      columns(sealed, 5),
    );
  },
};

function sealedMessage(box: Box, row: PlainMessage): (string | null)[] {
  const { id, content, thinking, error, label_sources, status } = row;
  return [
    id,
    box.text(id, { content, ...(thinking === null ? {} : { thinking }) }),
    box.error(id, error ?? undefined),
    box.sources('messages', id, label_sources),
    literal(status === 'generating' ? [] : box.tokens(content)),
  ];
}

const literal = (tokens: readonly string[]): string => `{${tokens.join(',')}}`;

const columns = (rows: readonly (readonly (string | null)[])[], count: number): (string | null)[][] =>
  Array.from({ length: count }, (_, column) => rows.map((row) => row[column] ?? null));
