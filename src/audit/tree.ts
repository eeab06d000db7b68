import { join } from 'node:path';
import { damage } from './damage.ts';
import {
  consistencyPath,
  type Frontier,
  frontierNodes,
  inclusionPath,
  openFrontier,
  rangeHash,
  storedIndex,
} from './merkle.ts';
import { entryBytes, keyBytes, type MonthFiles, openMonthFiles, recordsHashed } from './month-files.ts';
import { scanLines } from './scan-lines.ts';
import type { Shard } from './shards.ts';
import { lineHash } from './stub.ts';
import type { NewRecord } from './types.ts';

/** A record that is on the disk and whose hash is not in the tree yet. */
export interface Leaf {
  readonly hash: Buffer;
  readonly offset: number;
  readonly atMs: number;
  readonly key: string;
}

/** The Merkle tree over the lines of the record, and the index by time and decision. */
export interface Tree {
  /** Records in the tree. */
  readonly size: number;
  add(shard: Shard, leaves: readonly Leaf[]): void;
  rootAt(size: number): Buffer;
  inclusion(seq: number, size: number): Buffer[];
  consistency(older: number, size: number): Buffer[];
  leaf(seq: number): Buffer;
  /** The hash of a complete subtree. */
  node(level: number, index: number): Buffer;
  /** The files of the month that holds a record. */
  monthOf(seq: number): MonthFiles | undefined;
  readonly months: readonly MonthFiles[];
  /** Everything is on the disk afterwards. */
  flush(): Promise<void>;
  /** Lets go of the files of the first months. */
  drop(months: readonly string[], remembered: Remembered): void;
  close(): void;
}

/** What stays of records that were deleted: how many, and the hashes of the complete subtrees over them. */
export interface Remembered {
  readonly size: number;
  readonly hashes: readonly Buffer[];
}

/** Lines that are hashed again at each opening, newest first counted. */
const mostCheckedAtOpening = 10_000;

/**
 * Opens the tree of these files. Lines without hashes (a process that was killed, a record from before there was a tree)
 * are hashed now; the newest lines with hashes are compared with them.
 * @throws {IntramurosError} `audit_unavailable` when lines are missing or changed.
 */
export function openTree(folder: string, shards: readonly Shard[], expired: Remembered): Tree {
  const place = join(folder, 'tree');
  let remembered = expired;
  const months: MonthFiles[] = [];
  const monthOf = (seq: number): MonthFiles | undefined => months.findLast(({ firstSeq }) => firstSeq <= seq);
  const read = (level: number, index: number): Buffer => {
    const end = (index + 1) * 2 ** level;
    if (end <= remembered.size) return rememberedHash(remembered, level, index);
    const stored = storedIndex(level, index);
    return (monthOf(end - 1) as MonthFiles).hashAt(stored);
  };
  for (const shard of shards) {
    const hashed = recordsHashed(place, shard.month, shard.firstSeq);
    if (hashed > shard.count)
      throw damage(shard.path, `it has ${shard.count} records where ${hashed} were hashed: its end was cut off`);
    months.push(openMonthFiles(place, shard.month, shard.firstSeq));
  }
  const covered = coverage(shards, months, expired.size);
  const nodes = frontierNodes(covered);
  const frontier = openFrontier(
    covered,
    nodes.map(([level, index]) => read(level, index)),
  );
  const tree: Tree = {
    get size() {
      return frontier.size;
    },
    add(shard, leaves) {
      let month = months.findLast(({ month: name }) => name === shard.month);
      if (month === undefined) {
        month = openMonthFiles(place, shard.month, shard.firstSeq);
        month.cut(0);
        months.push(month);
      }
      grow(month, frontier, leaves);
    },
    rootAt: (size) => (size === frontier.size ? frontier.root() : rangeHash(read, 0, size)),
    inclusion: (seq, size) => inclusionPath(read, seq, size),
    consistency: (older, size) => consistencyPath(read, older, size),
    leaf: (seq) => read(0, seq),
    node: read,
    monthOf,
    months,
    async flush() {
      for (const month of months.slice(-2)) await month.flush();
    },
    drop(gone, next) {
      remembered = next;
      for (const month of months.splice(0, gone.length)) month.close();
    },
    close: () => {
      for (const month of months) month.close();
    },
  };
  checkNewest(tree, shards, covered);
  catchUp(tree, shards, covered);
  return tree;
}

function rememberedHash({ size, hashes }: Remembered, level: number, index: number): Buffer {
  const at = frontierNodes(size).findIndex(([one, other]) => one === level && other === index);
  const found = hashes[at];
  if (found === undefined) throw new RangeError(`the hash ${level}/${index} is of records that were deleted`);
  return found;
}

/** Up to where the hashes stand for the records without a hole; what comes after a hole is made anew. */
function coverage(shards: readonly Shard[], months: readonly MonthFiles[], firstSeq: number): number {
  let whole = true;
  let covered = firstSeq;
  for (const [at, shard] of shards.entries()) {
    const month = months[at] as MonthFiles;
    if (!whole) month.cut(0);
    covered += month.count;
    whole &&= month.count === shard.count;
  }
  return covered;
}

function grow(month: MonthFiles, frontier: Frontier, leaves: readonly Leaf[]): void {
  const hashes: Buffer[] = [];
  const entries = Buffer.alloc(leaves.length * entryBytes);
  let latest = month.latestMs;
  for (const [at, { hash: leaf, offset, atMs, key }] of leaves.entries()) {
    frontier.add(leaf, (hash) => hashes.push(hash));
    latest = Math.max(latest, atMs);
    entries.writeUIntBE(offset, at * entryBytes, 6);
    entries.writeUIntBE(latest, at * entryBytes + 6, 6);
    entries.write(key, at * entryBytes + 12, keyBytes, 'latin1');
  }
  month.append(hashes, entries, latest);
}

/** The part of a decision's id by which decision and outcome are found. */
export function keyOf({ kind, data }: Pick<NewRecord, 'kind' | 'data'>): string {
  const id = kind === 'decision' ? data.id : kind === 'outcome' ? data.decisionId : undefined;
  return typeof id === 'string' ? id.slice(-keyBytes) : '';
}

/** Where the line of a record begins. */
export function offsetOf(tree: Tree, seq: number): number {
  const month = tree.monthOf(seq);
  if (month === undefined) throw new RangeError(`there is no record ${seq}`);
  return month.entries(seq - month.firstSeq, seq - month.firstSeq + 1).readUIntBE(0, 6);
}

/** The last lines of the last file are what a careless hand or a dying disk changes first. */
function checkNewest(tree: Tree, shards: readonly Shard[], covered: number): void {
  const shard = shards.findLast(({ firstSeq }) => firstSeq < covered);
  if (shard === undefined) return;
  const end = Math.min(covered, shard.firstSeq + shard.count);
  let seq = Math.max(shard.firstSeq, end - mostCheckedAtOpening);
  scanLines(shard.path, { from: offsetOf(tree, seq), to: shard.bytes }, (line) => {
    if (seq < end && !lineHash(line).equals(tree.leaf(seq)))
      throw damage(shard.path, `the line of number ${seq} was changed after it was written`);
    seq += 1;
  });
}

const catchUpLeaves = 4_096;

/** Hashes the lines that have no hash yet. */
function catchUp(tree: Tree, shards: readonly Shard[], covered: number): void {
  for (const shard of shards) {
    const done = Math.max(0, covered - shard.firstSeq);
    if (done >= shard.count) continue;
    const from = done === 0 ? 0 : offsetOf(tree, shard.firstSeq + done - 1);
    let skip = done === 0 ? 0 : 1;
    let leaves: Leaf[] = [];
    const add = (): void => {
      tree.add(shard, leaves);
      leaves = [];
    };
    scanLines(shard.path, { from, to: shard.bytes }, (line, offset) => {
      if (skip-- > 0) return;
      leaves.push(leafOf(shard, line, offset));
      if (leaves.length === catchUpLeaves) add();
    });
    if (leaves.length > 0) add();
  }
}

function leafOf(shard: Shard, line: Buffer, offset: number): Leaf {
  try {
    const record = JSON.parse(line.toString('utf8'));
    return { hash: lineHash(line), offset, atMs: Date.parse(record.at) || 0, key: keyOf(record) };
  } catch (error) {
    throw damage(shard.path, `the line at byte ${offset} is not JSON (${(error as Error).message})`);
  }
}
