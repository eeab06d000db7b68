import { entryBytes, keyBytes, type MonthFiles } from './month-files.ts';
import type { Tree } from './tree.ts';
import type { AuditRecord } from './types.ts';

const timeAlphabet = '0123456789abcdefghjkmnpqrstvwxyz';
const timeLength = 10;
/** The clock of a machine may have been set back by so much, and an answer may take so long. */
const earlierMs = 10_000;
const laterMs = 24 * 3_600_000;
const scanEntries = 8_192;

/**
 * Decision and outcome of an id: looked for around the time in the id, and everywhere only when the decision is not there.
 * The index proposes records; each is read and looked at.
 */
export async function findDecision(
  tree: Tree,
  decisionId: string,
  read: (seq: number) => Promise<AuditRecord | undefined>,
): Promise<FoundDecision> {
  const at = timeOf(decisionId);
  const key = Buffer.from(decisionId.slice(-keyBytes), 'latin1');
  if (at === undefined || key.length !== keyBytes) return {};
  const from = firstAt(tree, at - earlierMs);
  const to = firstAt(tree, at + laterMs);
  const near = await look(scan(tree, key, from, to), decisionId, read);
  return near.decision === undefined ? look(scan(tree, key, 0, tree.size), decisionId, read) : near;
}

export interface FoundDecision {
  readonly decision?: AuditRecord;
  readonly outcome?: AuditRecord;
}

async function look(
  candidates: Iterable<number>,
  decisionId: string,
  read: (seq: number) => Promise<AuditRecord | undefined>,
): Promise<FoundDecision> {
  const found: { decision?: AuditRecord; outcome?: AuditRecord } = {};
  for (const seq of candidates) {
    const record = await read(seq);
    if (record?.kind === 'decision' && record.data.id === decisionId) found.decision ??= record;
    if (record?.kind === 'outcome' && record.data.decisionId === decisionId) found.outcome ??= record;
    if (found.decision !== undefined && found.outcome !== undefined) break;
  }
  return found;
}

/** The time at which an id was made. */
function timeOf(id: string): number | undefined {
  const digits = [...id.slice(id.indexOf('_') + 1).slice(0, timeLength)].map((one) => timeAlphabet.indexOf(one));
  if (digits.length < timeLength || digits.includes(-1)) return undefined;
  return digits.reduce((sum, digit) => sum * 32 + digit, 0);
}

/** First record at or after a time: the latest time up to a record never goes back, so that halving finds it. */
function firstAt(tree: Tree, ms: number): number {
  const month = tree.months.find((one) => one.count > 0 && latestOf(one, one.count - 1) >= ms);
  if (month === undefined) return tree.size;
  let [low, high] = [0, month.count - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (latestOf(month, middle) >= ms) high = middle;
    else low = middle + 1;
  }
  return month.firstSeq + low;
}

const latestOf = (month: MonthFiles, at: number): number => month.entries(at, at + 1).readUIntBE(6, 6);

function* scan(tree: Tree, key: Buffer, from: number, to: number): Generator<number, void, undefined> {
  for (const month of tree.months) {
    const last = Math.min(month.count, to - month.firstSeq);
    for (let at = Math.max(0, from - month.firstSeq); at < last; at += scanEntries) {
      const entries = month.entries(at, Math.min(last, at + scanEntries));
      for (let hit = entries.indexOf(key); hit !== -1; hit = entries.indexOf(key, hit + 1)) {
        if (hit % entryBytes === entryBytes - keyBytes) yield month.firstSeq + at + Math.floor(hit / entryBytes);
      }
    }
  }
}
