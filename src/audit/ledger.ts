import { existsSync, readFileSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, Logger } from '../base/index.ts';
import { openCheckpoints } from './checkpoints.ts';
import { type FoundDecision, findDecision } from './find-decision.ts';
import { forgetNewKey, mayMakeNewKey, openIdentity } from './identity.ts';
import { leafHashInPlace } from './merkle.ts';
import { openProving, type Proving } from './proving.ts';
import type { Shard } from './shards.ts';
import { keyOf, type Leaf, offsetOf, openTree, type Tree } from './tree.ts';
import type { AuditRecord, Checkpoint, NewRecord } from './types.ts';

export interface LedgerOptions {
  readonly folder: string;
  readonly home: string;
  readonly keyFile: string | undefined;
  readonly shards: readonly Shard[];
  /** Records before this one are gone for good. */
  readonly firstSeq: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What makes a record provable: its tree, its key, its checkpoints. It follows the lines, and never holds one up. */
export interface Ledger extends Pick<Proving, 'checkpoint' | 'prove' | 'consistency' | 'onCheckpoint'> {
  /**
   * Lines that came to the disk just now, of one file; `text` begins with a newline, and is the ledger's from now on. They are
   * hashed a little later, many at once.
   */
  follow(shard: Shard, text: Buffer, records: readonly FollowedRecord[]): void;
  find(decisionId: string): Promise<FoundDecision>;
  anchor(
    size: number,
    what: { readonly cosignature: string } | { readonly timestamp: string },
  ): Promise<Checkpoint | undefined>;
  readonly latest: Checkpoint | undefined;
  readonly origin: string;
  readonly publicKey: string;
  /** What the record must say of this opening before anything else. */
  readonly said: readonly NewRecord[];
  /** Every hash of what is on the disk is in it when a checkpoint was made. */
  readonly tree: Tree;
  /** Signs what came since, and lets go of the files. */
  close(): Promise<void>;
}

/** Lines of one flush that are not hashed yet: from the record `next` on, whose line comes after the newline at `at`. */
interface Batch {
  readonly shard: Shard;
  readonly text: Buffer;
  readonly records: readonly FollowedRecord[];
  next: number;
  at: number;
}

export interface FollowedRecord {
  readonly atMs: number;
  readonly record: NewRecord;
}

const checkpointRecords = 1_000;
const checkpointMs = 60_000;
const leavesAtOnce = 64;
/** Hashing waits so long for company: a processor that does the same thing many times does it faster. */
const hashDelayMs = 20;
const newline = 10;
const restoredName = 'restored.json';

/** @throws {IntramurosError} `audit_unavailable` when lines, hashes, checkpoints or the key do not belong together. */
export function openLedger({ folder, home, keyFile, shards, firstSeq, clock, log }: LedgerOptions): Ledger {
  const size = (): number => {
    const last = shards.at(-1);
    return last === undefined ? firstSeq : last.firstSeq + last.count;
  };
  const restored = readRestored(folder);
  const { signer, card, changed } = openIdentity({
    folder,
    keyFile: keyFile ?? join(home, 'audit.key'),
    own: keyFile === undefined,
    size: size(),
    mayReplace: restored !== undefined || mayMakeNewKey(folder),
  });
  const tree = openTree(folder, shards, {
    size: firstSeq,
    hashes: card.frontier.map((hex) => Buffer.from(hex, 'hex')),
  });
  const book = openCheckpoints(folder);
  const waiting: Batch[] = [];
  let hashed = { shard: shards.at(-1), bytes: shards.at(-1)?.bytes ?? 0 };
  let soon: NodeJS.Immediate | undefined;
  let inAWhile: NodeJS.Timeout | undefined;
  let timer: NodeJS.Timeout | undefined;
  let signing = false;

  const nextLeaf = (batch: Batch): Leaf => {
    const { shard, text, at } = batch;
    const { atMs, record } = batch.records[batch.next] as FollowedRecord;
    const end = text.indexOf(newline, at + 1);
    const offset = hashed.shard === shard ? hashed.bytes : 0;
    hashed = { shard, bytes: offset + end - at };
    batch.next += 1;
    batch.at = end;
    return { hash: leafHashInPlace(text, at, end), offset, atMs, key: keyOf(record) };
  };
  /** Hashes some of the oldest that wait; returns how many. */
  const hashNext = (most = leavesAtOnce): number => {
    const batch = waiting[0] as Batch;
    const to = Math.min(batch.next + most, batch.records.length);
    const leaves: Leaf[] = [];
    while (batch.next < to) leaves.push(nextLeaf(batch));
    if (to === batch.records.length) waiting.shift();
    tree.add(batch.shard, leaves);
    return leaves.length;
  };
  const settleTree = (): void => {
    while (waiting.length > 0) hashNext();
  };
  const guarded = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      log.error({ err: error, folder }, 'the hashes of the record cannot be written to the disk for now');
    }
  };
  const hashSome = (): void => {
    soon = undefined;
    inAWhile = undefined;
    guarded(() => {
      for (let left = leavesAtOnce; left > 0 && waiting.length > 0; ) left -= hashNext(left);
    });
    if (waiting.length > 0) soon = setImmediate(hashSome);
  };
  const readLine = async (seq: number): Promise<Buffer | undefined> => {
    const shard = shards.findLast(({ firstSeq }) => firstSeq <= seq);
    return shard && lineFrom(shard.path, offsetOf(tree, seq));
  };

  const keys = card.keys.map(({ publicKey }) => publicKey);
  const proving = openProving({ folder, tree, book, signer, keys, clock, log, size, settleTree, lineOf: readLine });
  const checkpointInBackground = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (signing) return;
    signing = true;
    proving
      .checkpoint()
      .catch((error: unknown) => log.error({ err: error, folder }, 'no checkpoint can be made'))
      .finally(() => {
        signing = false;
      });
  };

  const said = [...restoredRecord(restored), ...keyRecord(changed, signer.verifierKey, size())];
  /** What the record says now is not said again at the next opening. */
  const forgetSaid = (records: readonly FollowedRecord[]): void => {
    if (!records.some(({ record }) => record.data.what === said.at(-1)?.data.what)) return;
    forgetRestored(folder);
    forgetNewKey(folder);
    said.length = 0;
  };

  return {
    ...proving,
    follow(shard, text, records) {
      waiting.push({ shard, text, records, next: 0, at: 0 });
      if (soon === undefined) inAWhile ??= setTimeout(hashSome, hashDelayMs).unref();
      if (said.length > 0) forgetSaid(records);
      timer ??= setTimeout(checkpointInBackground, checkpointMs).unref();
      if (size() - book.signedSize >= checkpointRecords) checkpointInBackground();
    },
    async find(decisionId) {
      settleTree();
      return findDecision(tree, decisionId, async (seq) => parse(await readLine(seq)));
    },
    anchor: (checkpointSize, what) => book.anchor(checkpointSize, what),
    get latest() {
      return book.latest;
    },
    tree,
    origin: signer.name,
    publicKey: signer.verifierKey,
    said: [...said],
    async close() {
      clearImmediate(soon);
      clearTimeout(inAWhile);
      clearTimeout(timer);
      if (size() > 0)
        await proving
          .checkpoint()
          .catch((error: unknown) => log.error({ err: error, folder }, 'no last checkpoint can be made'));
      guarded(() => tree.close());
      book.close();
    },
  };
}

const lineChunk = 4_096;

/** The line that begins there, without its newline. */
async function lineFrom(path: string, from: number): Promise<Buffer> {
  await using file = await open(path, 'r');
  let line: Buffer = Buffer.alloc(0);
  for (let size = lineChunk; ; size *= 4) {
    const chunk = Buffer.alloc(size);
    const { bytesRead } = await file.read(chunk, 0, size, from + line.length);
    const end = chunk.subarray(0, bytesRead).indexOf(10);
    line = Buffer.concat([line, chunk.subarray(0, end === -1 ? bytesRead : end)]);
    if (end !== -1 || bytesRead === 0) return line;
  }
}

function parse(line: Buffer | undefined): AuditRecord | undefined {
  if (line === undefined) return undefined;
  const record = JSON.parse(line.toString('utf8'));
  return record.expired === undefined ? record : undefined;
}

interface Restored {
  readonly createdAt: string;
  readonly restoredAt: string;
}

/** Left by a restore; the record says it, and the file goes. */
function readRestored(folder: string): Restored | undefined {
  const path = join(folder, restoredName);
  if (!existsSync(path)) return undefined;
  return JSON.parse(readFileSync(path, 'utf8')) as Restored;
}

const forgetRestored = (folder: string): void => rmSync(join(folder, restoredName), { force: true });

const restoredRecord = (restored: Restored | undefined): NewRecord[] =>
  restored === undefined ? [] : [{ kind: 'system', actor: 'system', data: { what: 'audit.restored', ...restored } }];

const keyRecord = (changed: 'new' | 'replaced' | undefined, publicKey: string, fromSize: number): NewRecord[] =>
  changed !== 'replaced'
    ? []
    : [{ kind: 'system', actor: 'system', data: { what: 'audit.key_replaced', publicKey, fromSize } }];
