import { closeSync, fstatSync, ftruncateSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { damage } from './damage.ts';

/** One month of the record: a file of JSON lines, whose numbers follow each other. */
export interface Shard {
  readonly path: string;
  /** `2026-11`. Records in it are of this month, or older where the clock was set back. */
  readonly month: string;
  readonly firstSeq: number;
  /** Records and bytes that are safely on the disk. */
  count: number;
  bytes: number;
}

export interface FoundShards {
  readonly shards: Shard[];
  /** Bytes of an unfinished last line, left by a process that was killed while it wrote. */
  readonly cutBytes: number;
}

const newline = 10;
const chunkBytes = 1 << 20;

/**
 * Looks at the files of a record: first and last line of each, and every line end of the last one.
 *
 * Covered: missing files, missing or doubled lines at the seams, a last file that lost lines, and an unfinished last line,
 * which no caller was told of and which is cut off when `repair` says so. Changed words are found by the tree over the lines.
 *
 * @param options.firstSeq number of the first record that is still kept.
 * @throws {IntramurosError} `audit_unavailable` naming the file and what is wrong with it.
 */
export function findShards(
  folder: string,
  { repair, firstSeq = 0 }: { readonly repair: boolean; readonly firstSeq?: number },
): FoundShards {
  const names = readdirSync(folder)
    .filter((name) => /^\d{4}-\d{2}\.jsonl$/.test(name))
    .sort();
  const shards: Shard[] = [];
  let cutBytes = 0;
  let next = firstSeq;
  for (const [at, name] of names.entries()) {
    const last = at === names.length - 1;
    const { shard, cut } = look(join(folder, name), name.slice(0, 7), next, { last, repair });
    cutBytes += cut;
    next = shard.firstSeq + shard.count;
    shards.push(shard);
  }
  return { shards, cutBytes };
}

interface LookOptions {
  readonly last: boolean;
  readonly repair: boolean;
}

function look(path: string, month: string, expected: number, options: LookOptions): { shard: Shard; cut: number } {
  const file = openSync(path, options.repair && options.last ? 'r+' : 'r');
  try {
    const size = fstatSync(file).size;
    const { end, lines } = lineEnds(file, size, options.last);
    if (end < size && !options.last) throw damage(path, 'its last line has no end, though a later month follows');
    if (end < size && options.repair) ftruncateSync(file, end);
    const shard: Shard = { path, month, firstSeq: expected, count: 0, bytes: end };
    if (end > 0) shard.count = countOf(file, shard, lines);
    return { shard, cut: size - end };
  } finally {
    closeSync(file);
  }
}

/** Where the last whole line ends; counts the lines when `all`, else looks at the tail alone. */
function lineEnds(file: number, size: number, all: boolean): { end: number; lines: number | undefined } {
  const chunk = Buffer.allocUnsafe(chunkBytes);
  if (!all) return { end: lastLineEnd(file, size), lines: undefined };
  let [end, lines] = [0, 0];
  for (let at = 0; at < size; ) {
    const read = readSync(file, chunk, 0, chunkBytes, at);
    if (read === 0) break;
    for (let from = chunk.indexOf(newline); from !== -1 && from < read; from = chunk.indexOf(newline, from + 1)) {
      lines += 1;
      end = at + from + 1;
    }
    at += read;
  }
  return { end, lines };
}

function lastLineEnd(file: number, size: number): number {
  const chunk = Buffer.allocUnsafe(chunkBytes);
  for (let to = size; to > 0; ) {
    const from = Math.max(0, to - chunkBytes);
    const read = readSync(file, chunk, 0, to - from, from);
    const found = chunk.subarray(0, read).lastIndexOf(newline);
    if (found !== -1) return from + found + 1;
    to = from;
  }
  return 0;
}

function countOf(file: number, shard: Shard, lines: number | undefined): number {
  const first = seqOf(lineAt(file, 0, shard.bytes));
  const last = seqOf(lineAt(file, lastLineEnd(file, shard.bytes - 1), shard.bytes));
  if (first === undefined || last === undefined) throw damage(shard.path, 'its first or last line is not a record');
  if (first !== shard.firstSeq)
    throw damage(shard.path, `it begins with number ${first} where ${shard.firstSeq} was expected`);
  const count = last - first + 1;
  if (lines !== undefined && lines !== count)
    throw damage(shard.path, `it has ${lines} lines for the numbers ${first} to ${last}`);
  return count;
}

function lineAt(file: number, from: number, to: number): Buffer {
  const parts: Buffer[] = [];
  for (let at = from; at < to; ) {
    const chunk = Buffer.allocUnsafe(Math.min(64 << 10, to - at));
    const read = readSync(file, chunk, 0, chunk.length, at);
    if (read === 0) break;
    const end = chunk.subarray(0, read).indexOf(newline);
    parts.push(chunk.subarray(0, end === -1 ? read : end));
    if (end !== -1) break;
    at += read;
  }
  return Buffer.concat(parts);
}

/** The number of a line, when the whole of it is a record. */
function seqOf(line: Buffer): number | undefined {
  try {
    const { seq } = JSON.parse(line.toString('utf8')) as { seq?: unknown };
    return Number.isSafeInteger(seq) ? (seq as number) : undefined;
  } catch {
    return undefined;
  }
}
