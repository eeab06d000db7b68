import {
  closeSync,
  constants,
  fdatasync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { hashBytes, storedCount } from './merkle.ts';

/** What the index keeps of a record: 6 bytes where its line begins, 6 the latest time up to it, 8 of its decision's id. */
export const entryBytes = 20;
export const keyBytes = 8;

/** Hashes and index of one month, made from its lines: they may lag behind them, and can be made again. */
export interface MonthFiles {
  readonly month: string;
  readonly firstSeq: number;
  /** Whole records in both files. */
  readonly count: number;
  /** Kept in memory until there are enough of them, or somebody reads. */
  append(hashes: readonly Buffer[], entries: Buffer, latestMs: number): void;
  /** The latest time of a record in it. */
  readonly latestMs: number;
  /** Leaves so many records. */
  cut(count: number): void;
  hashAt(stored: number): Buffer;
  entries(from: number, to: number): Buffer;
  /** Other entries for the same records: their lines were written anew. */
  rewriteIndex(entries: Buffer): void;
  flush(): Promise<void>;
  close(): void;
}

const flushFile = promisify(fdatasync);

/** Opens both files of a month, and cuts off what is only half of a record. */
export function openMonthFiles(folder: string, month: string, firstSeq: number): MonthFiles {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const flags = constants.O_RDWR | constants.O_CREAT;
  const hashes = openSync(join(folder, `${month}.hashes`), flags, 0o600);
  const index = openSync(join(folder, `${month}.index`), flags, 0o600);
  const base = storedCount(firstSeq);
  const hashesOf = (count: number): number => storedCount(firstSeq + count) - base;
  let written = Math.min(
    Math.floor(fstatSync(index).size / entryBytes),
    leavesWithin(Math.floor(fstatSync(hashes).size / hashBytes), hashesOf),
  );
  let count = written;
  let waitingHashes: Buffer[] = [];
  let waitingEntries: Buffer[] = [];
  const cut = (to: number): void => {
    ftruncateSync(hashes, hashesOf(to) * hashBytes);
    ftruncateSync(index, to * entryBytes);
  };
  const writeOut = (): void => {
    if (written === count) return;
    try {
      writeAll(hashes, Buffer.concat(waitingHashes), hashesOf(written) * hashBytes);
      writeAll(index, Buffer.concat(waitingEntries), written * entryBytes);
    } catch (error) {
      cut(written);
      throw error;
    }
    written = count;
    waitingHashes = [];
    waitingEntries = [];
  };
  const latestAt = (to: number): number =>
    to === 0 ? 0 : readAt(index, (to - 1) * entryBytes, entryBytes).readUIntBE(6, 6);
  cut(written);
  let latest = latestAt(written);
  return {
    month,
    firstSeq,
    get count() {
      return count;
    },
    get latestMs() {
      return latest;
    },
    append(more, entries, latestMs) {
      latest = latestMs;
      waitingHashes.push(...more);
      waitingEntries.push(entries);
      count += entries.length / entryBytes;
      if (count - written >= enoughToWrite) writeOut();
    },
    cut(to) {
      writeOut();
      cut(to);
      written = to;
      count = to;
      latest = latestAt(to);
    },
    hashAt(stored) {
      writeOut();
      return readAt(hashes, (stored - base) * hashBytes, hashBytes);
    },
    entries(from, to) {
      writeOut();
      return readAt(index, from * entryBytes, (to - from) * entryBytes);
    },
    rewriteIndex(all) {
      writeOut();
      writeAll(index, all, 0);
    },
    async flush() {
      writeOut();
      await flushFile(hashes);
      await flushFile(index);
    },
    close() {
      try {
        writeOut();
      } finally {
        closeSync(hashes);
        closeSync(index);
      }
    },
  };
}

/** Records whose hashes wait in memory for one write. */
const enoughToWrite = 512;

/** How many records the hashes of a month stand for, when its files are there. */
export function recordsHashed(folder: string, month: string, firstSeq: number): number {
  const size = statSync(join(folder, `${month}.hashes`), { throwIfNoEntry: false })?.size ?? 0;
  const base = storedCount(firstSeq);
  return leavesWithin(Math.floor(size / hashBytes), (count) => storedCount(firstSeq + count) - base);
}

/** Most leaves whose hashes fit into so many. */
function leavesWithin(hashes: number, hashesOf: (leaves: number) => number): number {
  let [low, high] = [0, hashes];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (hashesOf(middle) <= hashes) low = middle;
    else high = middle - 1;
  }
  return low;
}

function writeAll(file: number, bytes: Buffer, at: number): void {
  for (let written = 0; written < bytes.length; )
    written += writeSync(file, bytes, written, bytes.length - written, at + written);
}

function readAt(file: number, at: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  let read = 0;
  while (read < length) {
    const got = readSync(file, bytes, read, length - read, at + read);
    if (got === 0) break;
    read += got;
  }
  return bytes.subarray(0, read);
}
