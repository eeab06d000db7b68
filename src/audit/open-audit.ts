import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Clock, IntramurosError, type Logger } from '../base/index.ts';
import { unavailable } from './damage.ts';
import { readCard } from './identity.ts';
import { type Ledger, type LedgerOptions, openLedger } from './ledger.ts';
import { openPayloads, type PayloadKeys } from './payloads.ts';
import { readShards } from './read-shards.ts';
import { expire, finishExpiry, readRetention } from './retention.ts';
import { type FoundShards, findShards, type Shard } from './shards.ts';
import type { Audit, AuditRecord, NewRecord, Retention, Tombstone } from './types.ts';
import { openShardWriter } from './writer.ts';

export interface OpenAuditOptions {
  readonly home: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** Where the signing key is, when not in the data directory. */
  readonly keyFile?: string | undefined;
  /** Seals what belongs to a person; without it no sealed record is taken. */
  readonly keyring?: PayloadKeys | undefined;
  /** How long records are kept; 12 months when absent. */
  readonly retention?: Retention | undefined;
}

interface Waiting {
  readonly record: NewRecord;
  readonly at: string;
  readonly atMs: number;
  /** The line without its number, written down when it came: a later change of `data` changes nothing. */
  readonly text: string;
  /** Absent for a note, which is kept for the next flush when this one fails. */
  readonly settle?: { resolve(record: AuditRecord): void; reject(error: Error): void };
}

const firstExpiryMs = 5 * 60_000;
const dayMs = 24 * 3_600_000;
const mostNotesKept = 10_000;
const mostBatch = 4_096;
const retryMs = 1_000;
/** Notes wait so long for a record that must be flushed anyway: most outcomes then cost no flush of their own. */
const noteWaitMs = 25;

/**
 * Opens the record of a data directory: JSON lines in `audit/YYYY-MM.jsonl`, numbered without a gap over all files.
 *
 * One flush serves all that wait (group commit): while it runs, others gather. Numbers are given at the flush, so a
 * failed one leaves no gap. An unfinished last line of a killed process was acknowledged to nobody and is cut off.
 *
 * @throws {IntramurosError} `audit_unavailable` for any other damage: the record is then left untouched.
 */
export function openAudit(options: OpenAuditOptions): Audit {
  const { home, clock, log, keyFile, keyring, retention = readRetention('12') } = options;
  const folder = join(home, 'audit');
  const { shards, cutBytes, firstSeq } = openFolder(folder);
  if (cutBytes > 0) log.warn({ folder, cutBytes }, 'an unfinished last record was cut off');
  const writer = openShardWriter(folder);
  const ledger = openLedgerThere({ folder, home, keyFile, shards, firstSeq, clock, log });
  const payloads = openPayloads(folder, keyring);
  let waiting: Waiting[] = [];
  let lostNotes = 0;
  let failure: string | undefined;
  let failedSince = 0;
  let flushing: Promise<void> | undefined;
  let retry: NodeJS.Timeout | undefined;
  let noteTimer: NodeJS.Timeout | undefined;
  let closed = false;

  const size = (): number => {
    const last = shards.at(-1);
    return last === undefined ? firstSeq : last.firstSeq + last.count;
  };

  /** The file that a record of this time goes to: never an earlier month than the last, whatever the clock says. */
  const shardFor = (at: string): Shard => {
    const last = shards.at(-1);
    const month = at.slice(0, 7);
    if (last !== undefined && last.month >= month) return last;
    return { path: join(folder, `${month}.jsonl`), month, firstSeq: size(), count: 0, bytes: 0 };
  };

  const fail = (batch: readonly Waiting[], error: unknown): void => {
    const reason = (error as NodeJS.ErrnoException).code ?? String(error);
    if (failure === undefined) {
      failedSince = clock.now();
      log.error({ err: error, folder }, 'the record cannot be written: only the embedded engine may answer');
    }
    failure = reason;
    const notes = batch.filter(({ settle }) => settle === undefined);
    for (const { settle } of batch) settle?.reject(unavailable(folder, error));
    waiting = [...notes, ...waiting];
    const kept = waiting.filter(({ settle }) => settle === undefined);
    if (kept.length > mostNotesKept) {
      const dropped = new Set(kept.slice(0, kept.length - mostNotesKept));
      lostNotes += dropped.size;
      waiting = waiting.filter((one) => !dropped.has(one));
    }
    retry ??= setTimeout(() => {
      retry = undefined;
      if (failure !== undefined && !closed) begin();
    }, retryMs).unref();
  };

  /** What the record says of its own gap, first in the batch that works again. */
  const recovery = (): Waiting[] => {
    if (failure === undefined) return [];
    const data = { what: 'audit.recovered', reason: failure, failedMs: clock.now() - failedSince, lostNotes };
    return [stamp({ kind: 'system', actor: 'system', data }, clock)];
  };

  const flushOnce = async (): Promise<void> => {
    const month = waiting[0]?.at.slice(0, 7) ?? '';
    const different = waiting.findIndex(({ at }) => at.slice(0, 7) > month);
    const batch = waiting.splice(0, Math.min(mostBatch, different === -1 ? waiting.length : different));
    const all = [...recovery(), ...batch];
    if (all.length === 0) return;
    const shard = shardFor(all.at(-1)?.at ?? '');
    const first = shard.firstSeq + shard.count;
    try {
      const texts = all.map(({ text }, index) => `{"seq":${first + index},${text}`);
      const text = Buffer.from(`\n${texts.join('\n')}\n`);
      const lines = text.subarray(1);
      await writer.append(shard, lines);
      if (shard.count === 0) shards.push(shard);
      shard.count += all.length;
      shard.bytes += lines.length;
      if (failure !== undefined) {
        log.warn({ folder, lostNotes }, 'the record is written again');
        failure = undefined;
        lostNotes = 0;
      }
      for (const [index, { settle, record, at }] of all.entries())
        settle?.resolve({ seq: first + index, at, ...record });
      ledger.follow(shard, text, all);
    } catch (error) {
      fail(batch, error);
    }
  };

  const flushAll = async (): Promise<void> => {
    // What else comes in this turn of the loop goes along, and who asked starts other work before the write is made ready.
    await nextTurn();
    do {
      await flushOnce();
    } while (waiting.length > 0 && (failure === undefined || waiting.some(({ settle }) => settle !== undefined)));
    flushing = undefined;
  };

  const begin = (): void => {
    flushing ??= flushAll();
  };

  const add = (one: Waiting): void => {
    waiting.push(one);
    begin();
  };

  const close = async (): Promise<void> => {
    if (closed) return;
    closed = true;
    clearTimeout(retry);
    clearTimeout(noteTimer);
    clearInterval(daily);
    clearTimeout(firstDay);
    await expiring;
    while (flushing !== undefined) await flushing;
    if (waiting.length > 0) {
      do await flushOnce();
      while (waiting.length > 0 && failure === undefined);
      if (waiting.length > 0)
        log.error({ folder, lost: waiting.length }, 'notes were lost: the record cannot be written');
    }
    await writer.close();
    await ledger.close();
  };

  const anchor = async (checkpointSize: number, what: Parameters<typeof ledger.anchor>[1]): Promise<void> => {
    if ((await ledger.anchor(checkpointSize, what)) !== undefined) return;
    throw new IntramurosError('not_found', `There is no checkpoint of ${checkpointSize} records.`);
  };

  for (const record of ledger.said) add(stamp(record, clock));
  const append = (record: NewRecord): Promise<AuditRecord> => {
    if (closed) return Promise.reject(unavailable(folder, { code: 'closed' }));
    return new Promise((resolve, reject) => add({ ...stamp(record, clock), settle: { resolve, reject } }));
  };

  const note = (record: NewRecord): void => {
    if (closed) {
      log.error({ kind: record.kind }, 'a note came after the record was closed');
      return;
    }
    try {
      waiting.push(stamp(record, clock));
      noteTimer ??= setTimeout(() => {
        noteTimer = undefined;
        if (waiting.length > 0) begin();
      }, noteWaitMs).unref();
    } catch (error) {
      log.error({ err: error, kind: record.kind }, 'a note cannot be written down');
    }
  };

  /** The record with the commitment to what is sealed, which is on the disk then. */
  const committed = async ({ sealed, ...record }: NewRecord): Promise<NewRecord> => {
    if (sealed === undefined) return record;
    const commitment = await payloads.keep(sealed, new Date(clock.now()).toISOString());
    return { ...record, data: { ...record.data, commitment } };
  };
  const noteSealed = (record: NewRecord): void =>
    void committed(record).then(note, (error: unknown) =>
      log.error({ err: error, kind: record.kind }, 'a note cannot be sealed'),
    );

  let expiring: Promise<unknown> = Promise.resolve();
  const announce = async (record: NewRecord): Promise<void> => {
    await append(record);
    await ledger.checkpoint();
  };
  const expireNow = (): Promise<readonly Tombstone[]> => {
    const turn = expiring.then(() =>
      expire({ folder, shards, tree: ledger.tree, payloads, retention, announce }, clock.now()),
    );
    expiring = turn.catch((error: unknown) => log.error({ err: error, folder }, 'old records cannot be let go'));
    return turn;
  };
  const expireInBackground = (): void => void expireNow().catch(() => undefined); // said above
  const firstDay = setTimeout(expireInBackground, firstExpiryMs).unref();
  const daily = setInterval(expireInBackground, dayMs).unref();

  return {
    expire: expireNow,
    retention,
    get tombstones() {
      return readCard(folder)?.tombstones ?? [];
    },
    append: (record) => (record.sealed === undefined ? append(record) : committed(record).then(append)),
    note: (record) => (record.sealed === undefined ? note(record) : noteSealed(record)),
    payload: payloads.open,
    forget: payloads.forget,
    read: (range) => readShards(shards, range),
    find: ledger.find,
    prove: ledger.prove,
    consistency: ledger.consistency,
    checkpoint: ledger.checkpoint,
    onCheckpoint: ledger.onCheckpoint,
    cosign: (checkpointSize, cosignature) => anchor(checkpointSize, { cosignature }),
    attachTimestamp: (checkpointSize, timestamp) => anchor(checkpointSize, { timestamp }),
    get latest() {
      return ledger.latest;
    },
    origin: ledger.origin,
    publicKey: ledger.publicKey,
    get failure() {
      return failure;
    },
    get size() {
      return size();
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function stamp({ kind, actor, data }: NewRecord, clock: Clock): Waiting {
  const atMs = clock.now();
  const at = new Date(atMs).toISOString();
  const text = JSON.stringify({ at, kind, actor, data }).slice(1);
  return { record: { kind, actor, data }, at, atMs, text };
}

function openLedgerThere(options: LedgerOptions): Ledger {
  try {
    return openLedger(options);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall !== undefined) throw unavailable(options.folder, error);
    throw error;
  }
}

function openFolder(folder: string): FoundShards & { readonly firstSeq: number } {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const firstSeq = finishExpiry(folder);
    return { ...findShards(folder, { repair: true, firstSeq }), firstSeq };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall !== undefined) throw unavailable(folder, error);
    throw error;
  }
}
