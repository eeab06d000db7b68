import { IntramurosError } from '../base/index.ts';
import { formatLabel, joinAll, type Label, type LabelSource, type Level, levels } from '../policy/index.ts';
import type { Queryable } from '../store/index.ts';
import type { Box } from './box.ts';

/** How sensitive something is, and what made it so. */
export interface Marked {
  readonly label: Label;
  readonly sources: readonly LabelSource[];
}

// A conversation of years keeps what raised it first: enough to say where a label comes from, however long it lives.
const mostSources = 32;

/** The join of several marks. Sources are kept once each, the earlier first. */
export function joinMarks(...marks: readonly Marked[]): Marked {
  const sources = new Map<string, LabelSource>();
  for (const source of marks.flatMap((mark) => mark.sources)) {
    const key = `${source.kind}\n${source.id}\n${formatLabel(source.label)}`;
    if (!sources.has(key) && sources.size < mostSources) sources.set(key, source);
  }
  return { label: joinAll(marks.map(({ label }) => label)), sources: [...sources.values()] };
}

/** Whose conversations are meant, and up to which level: a key may be let near some of what its person has. */
export interface Mine {
  readonly ownerId: string;
  /** Levels that may be touched; null is all. */
  readonly levels: readonly Level[] | null;
}

/** The conversations of somebody, up to a highest label. */
export function mineUpTo(ownerId: string, ceiling: Label | undefined): Mine {
  return { ownerId, levels: ceiling ? levels.slice(0, levels.indexOf(ceiling.level) + 1) : null };
}

/** In SQL: a conversation `c` is one of these. @param at number of the parameter `ownerId`; that after it is `levels`. */
export const isMine = (at: number): string =>
  `c.owner_id = $${at} AND ($${at + 1}::text[] IS NULL OR c.label->>'level' = ANY ($${at + 1}::text[]))`;

/**
 * Takes hold of a conversation of a person for the rest of a transaction, and tells its high-water mark.
 * @throws {IntramurosError} `conversation_not_found`, also for somebody else's.
 */
export async function lockMark(on: Queryable, box: Box, { ownerId, levels }: Mine, id: string): Promise<Marked> {
  const [row] = await on.query<{ label: Label; sealed_sources: string | null }>(
    `SELECT c.label, c.sealed_sources FROM conversations c WHERE c.id = $1 AND ${isMine(2)} FOR UPDATE`,
    [id, ownerId, levels],
  );
  if (row) return { label: row.label, sources: box.openSources('conversations', id, row.sealed_sources) };
  throw conversationNotFound(id);
}

/** Writes a mark; the caller has joined it with the one before. */
export async function writeMark(on: Queryable, box: Box, id: string, { label, sources }: Marked): Promise<void> {
  await on.query('UPDATE conversations SET label = $2, sealed_sources = $3 WHERE id = $1', [
    id,
    label,
    box.sources('conversations', id, sources),
  ]);
}

/** The same words for a conversation that never was, is gone, or is somebody else's. */
export function conversationNotFound(id: string): IntramurosError {
  return new IntramurosError(
    'conversation_not_found',
    `There is no conversation "${id}". It may have been deleted; the list has those that are there.`,
    { facts: { conversation: id } },
  );
}
