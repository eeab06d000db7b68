import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { IntramurosError } from '../base/index.ts';
import { type LogCard, readCard, writeCard, writeDurably } from './identity.ts';
import { frontierNodes } from './merkle.ts';
import { entryBytes } from './month-files.ts';
import type { Payloads } from './payloads.ts';
import { scanLines } from './scan-lines.ts';
import type { Shard } from './shards.ts';
import { stubHash, stubLine } from './stub.ts';
import type { Tree } from './tree.ts';
import { type AuditKind, auditKinds, type NewRecord, type Retention, type Tombstone } from './types.ts';

const [leastMonths, usualMonths, mostMonths] = [6, 12, 36];

/**
 * Reads how long records are kept: `12`, or `12,decision=24,outcome=24`. Less than 6 months or more than 36 is refused, and
 * more than 12 needs a motive. What the record says of itself (`system`) is kept as long as the longest of the others.
 * @throws {IntramurosError} `config_invalid`.
 */
export function readRetention(text: string, motive = ''): Retention {
  const parts = text.split(',').map((part) =>
    part
      .trim()
      .split('=')
      .map((one) => one.trim()),
  );
  const months = new Map<string, number>();
  for (const part of parts) {
    const [name, value] = part.length === 1 ? ['', part[0]] : part;
    const count = Number(value);
    const known = name === '' || (auditKinds as readonly string[]).includes(name as string);
    if (part.length > 2 || !known || !Number.isInteger(count) || count < leastMonths || count > mostMonths)
      throw invalid(`wants months from ${leastMonths} to ${mostMonths}, as in "12,decision=24", and found "${text}"`);
    months.set(name as string, count);
  }
  const longest = Math.max(months.get('') ?? usualMonths, ...months.values());
  if (longest > usualMonths && motive.trim() === '')
    throw invalid(`keeps records longer than ${usualMonths} months: say why in the setting "auditRetentionMotive"`);
  const monthsOf = (kind: AuditKind): number => months.get(kind) ?? months.get('') ?? usualMonths;
  const each = auditKinds.map((kind) => [kind, kind === 'system' ? longest : monthsOf(kind)]);
  return { months: Object.fromEntries(each) as Retention['months'], motive };
}

const invalid = (words: string): IntramurosError =>
  new IntramurosError('config_invalid', `Setting "auditRetention" ${words}.`, { facts: { setting: 'auditRetention' } });

export interface ExpiryOptions {
  readonly folder: string;
  readonly shards: Shard[];
  readonly tree: Tree;
  readonly payloads: Pick<Payloads, 'drop'>;
  readonly retention: Retention;
  /** Writes down what is about to go, durably, and signs it. */
  announce(record: NewRecord): Promise<void>;
}

/** Lets go of what is older than it is kept; the month that is written never goes. Returns what went. */
export async function expire(options: ExpiryOptions, now: number): Promise<readonly Tombstone[]> {
  const { shards, retention, folder } = options;
  const gone: Tombstone[] = [];
  const at = new Date(now).toISOString();
  for (const shard of shards.slice(0, -1)) {
    const age = monthNumber(at) - monthNumber(shard.month);
    const kinds = auditKinds.filter((kind) => age > retention.months[kind]);
    const all = kinds.length === auditKinds.length && shard === shards[0];
    const before = (readCard(folder) as LogCard).tombstones.find(({ month }) => month === shard.month)?.kinds ?? [];
    if (kinds.length === 0 || (!all && kinds.every((kind) => before.includes(kind)))) continue;
    const { month, firstSeq, count } = shard;
    const tombstone: Tombstone = { month, firstSeq, count, at, kinds: all ? 'all' : kinds };
    await options.announce({ kind: 'system', actor: 'system', data: { what: 'audit.expired', ...tombstone } });
    if (all) dropMonth(options, shard, tombstone);
    else await dropKinds(options, shard, tombstone, kinds);
    gone.push(tombstone);
  }
  return gone;
}

const monthNumber = (iso: string): number => Number(iso.slice(0, 4)) * 12 + Number(iso.slice(5, 7));

/** The first file goes as a whole: the hashes over it are remembered before. */
function dropMonth({ folder, shards, tree, payloads }: ExpiryOptions, shard: Shard, tombstone: Tombstone): void {
  const size = shard.firstSeq + shard.count;
  const hashes = frontierNodes(size).map(([level, index]) => tree.node(level, index));
  const card = readCard(folder) as LogCard;
  const others = card.tombstones.filter(({ month }) => month > shard.month);
  const whole = { ...tombstone, firstSeq: 0, count: size };
  writeCard(folder, { ...card, tombstones: [whole, ...others], frontier: hashes.map((hash) => hash.toString('hex')) });
  shards.shift();
  tree.drop([shard.month], { size, hashes });
  payloads.drop(shard.month);
  removeMonth(folder, shard.month);
}

/** Lines of these kinds become stubs: number and hash. */
async function dropKinds(
  { folder, tree, payloads }: ExpiryOptions,
  shard: Shard,
  tombstone: Tombstone,
  kinds: readonly AuditKind[],
): Promise<void> {
  const card = readCard(folder) as LogCard;
  const others = card.tombstones.filter(({ month }) => month !== shard.month);
  writeCard(folder, { ...card, tombstones: [...others, tombstone] });
  const lines: string[] = [];
  const commitments = new Set<unknown>();
  scanLines(shard.path, { from: 0, to: shard.bytes }, (line) => {
    const seq = shard.firstSeq + lines.length;
    const text = line.toString('utf8');
    const record = stubHash(line) === undefined ? JSON.parse(text) : undefined;
    const goes = record !== undefined && kinds.includes(record.kind);
    if (goes && record.data.commitment !== undefined) commitments.add(record.data.commitment);
    lines.push(goes ? stubLine(seq, tree.leaf(seq)) : text);
  });
  const month = tree.monthOf(shard.firstSeq);
  const entries = Buffer.from(month?.entries(0, shard.count) ?? []);
  let offset = 0;
  for (const [at, line] of lines.entries()) {
    entries.writeUIntBE(offset, at * entryBytes, 6);
    offset += Buffer.byteLength(line) + 1;
  }
  writeDurably(shard.path, lines.map((line) => `${line}\n`).join(''));
  shard.bytes = offset;
  month?.rewriteIndex(entries);
  await month?.flush();
  payloads.drop(shard.month, commitments);
}

/** Takes away what a log that was stopped in mid-expiry left. Returns how many records are gone for good. */
export function finishExpiry(folder: string): number {
  const whole = readCard(folder)?.tombstones.find(({ kinds }) => kinds === 'all');
  if (whole === undefined) return 0;
  removeMonth(folder, whole.month);
  return whole.firstSeq + whole.count;
}

function removeMonth(folder: string, month: string): void {
  for (const name of [`${month}.jsonl`, `tree/${month}.hashes`, `tree/${month}.index`])
    if (existsSync(join(folder, name))) rmSync(join(folder, name));
}
