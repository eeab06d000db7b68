import { hash } from 'node:crypto';

/** Bytes of a SHA-256. */
export const hashBytes = 32;

/** RFC 6962 leaf of a record's line, given without its newline. */
export function leafHash(line: string | Buffer): Buffer {
  if (typeof line === 'string') return hash('sha256', `\0${line}`, 'buffer');
  return hash('sha256', Buffer.concat([leafPrefix, line]), 'buffer');
}

/** The leaf of a line within a text of lines; the newline before it becomes the leaf's prefix, and is lost. */
export function leafHashInPlace(text: Buffer, newlineBefore: number, end: number): Buffer {
  text[newlineBefore] = 0;
  return hash('sha256', text.subarray(newlineBefore, end), 'buffer');
}

const leafPrefix = Buffer.from([0]);
const pair = Buffer.alloc(1 + 2 * hashBytes, 1);

/** RFC 6962 node over two subtrees. */
export function nodeHash(left: Buffer, right: Buffer): Buffer {
  left.copy(pair, 1);
  right.copy(pair, 1 + hashBytes);
  return hash('sha256', pair, 'buffer');
}

/** Root of a tree without leaves. */
export const emptyRoot = (): Buffer => hash('sha256', '', 'buffer');

/** How many hashes stand for so many leaves: each leaf, and each node as soon as it is complete. */
export function storedCount(leaves: number): number {
  let count = 0;
  for (let rest = leaves; rest > 0; rest = Math.floor(rest / 2)) count += rest;
  return count;
}

/** Place of a complete node among the stored hashes: right after the leaf that completed it. */
export function storedIndex(level: number, index: number): number {
  return storedCount((index + 1) * 2 ** level - 1) + level;
}

/** The complete subtrees of a tree of that size, left to right, as [level, index]. */
export function frontierNodes(size: number): [number, number][] {
  const nodes: [number, number][] = [];
  let start = 0;
  for (let level = Math.floor(Math.log2(Math.max(1, size))) + 1; level >= 0; level -= 1) {
    const width = 2 ** level;
    if (Math.floor(size / width) % 2 === 0) continue;
    nodes.push([level, start / width]);
    start += width;
  }
  return nodes;
}

/** What must be remembered of a tree so that it can grow: one hash for each bit of its size. */
export interface Frontier {
  readonly size: number;
  /** Takes a leaf, and hands each hash that it completes to `store`, in the order in which hashes are stored. */
  add(leaf: Buffer, store: (hash: Buffer) => void): void;
  root(): Buffer;
}

/** A frontier that begins with the hashes of `frontierNodes(size)`. */
export function openFrontier(size: number, hashes: readonly Buffer[]): Frontier {
  let count = size;
  const stack = [...hashes];
  return {
    get size() {
      return count;
    },
    add(leaf, store) {
      let last = leaf;
      store(last);
      for (let rest = count; rest % 2 === 1; rest = (rest - 1) / 2) {
        last = nodeHash(stack.pop() as Buffer, last);
        store(last);
      }
      stack.push(last);
      count += 1;
    },
    root: () =>
      stack.reduceRight<Buffer | undefined>((right, left) => (right ? nodeHash(left, right) : left), undefined) ??
      emptyRoot(),
  };
}

/** Gives the stored hash of a complete node. */
export type NodeReader = (level: number, index: number) => Buffer;

const splitOf = (width: number): number => {
  let split = 1;
  while (split * 2 < width) split *= 2;
  return split;
};

/** Hash of the leaves from `from` up to, not including, `to`; `from` is where a subtree begins. */
export function rangeHash(read: NodeReader, from: number, to: number): Buffer {
  const width = to - from;
  if (width === 0) return emptyRoot();
  const level = Math.log2(width);
  if (Number.isInteger(level) && from % width === 0) return read(level, from / width);
  const split = splitOf(width);
  return nodeHash(rangeHash(read, from, from + split), rangeHash(read, from + split, to));
}

/** RFC 6962 audit path of a leaf in the tree of that size, nearest sibling first. */
export function inclusionPath(read: NodeReader, leaf: number, size: number): Buffer[] {
  const path: Buffer[] = [];
  let [from, to] = [0, size];
  while (to - from > 1) {
    const middle = from + splitOf(to - from);
    if (leaf < middle) {
      path.push(rangeHash(read, middle, to));
      to = middle;
    } else {
      path.push(rangeHash(read, from, middle));
      from = middle;
    }
  }
  return path.reverse();
}

/** RFC 6962 consistency proof between the trees of two sizes. */
export function consistencyPath(read: NodeReader, older: number, size: number): Buffer[] {
  if (older === 0 || older === size) return [];
  const path: Buffer[] = [];
  let [from, to, whole] = [0, size, true];
  while (older !== to) {
    const middle = from + splitOf(to - from);
    if (older <= middle) {
      path.push(rangeHash(read, middle, to));
      to = middle;
    } else {
      path.push(rangeHash(read, from, middle));
      from = middle;
      whole = false;
    }
  }
  if (!whole) path.push(rangeHash(read, from, to));
  return path.reverse();
}
