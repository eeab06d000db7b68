import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openAudit } from '../../src/audit/index.ts';
import { newId, silentLog } from '../../src/base/index.ts';
import { seededRandom } from '../parts/random.ts';

const whole = process.env.INTRAMUROS_TEST_SUMMARY === undefined;
const records = 10_000;
const flipsAtOnce = 40;
const each = whole ? 100 : 2;
const random = seededRandom(20_261_124);
const verifier = join(import.meta.dirname, '..', '..', 'tools', 'verify-log.mjs');
const { verifyFolder } = (await import(verifier)) as { verifyFolder(folder: string, options?: object): Report };

interface Report {
  readonly ok: boolean;
  readonly records: number;
  readonly firstBad: number | null;
  readonly problems: readonly {
    readonly code: string;
    readonly seq?: number;
    readonly size?: number;
    readonly from?: number;
  }[];
}

const root = mkdtempSync(join(tmpdir(), 'intramuros-tamper-'));
const [home, copy] = [join(root, 'home'), join(root, 'copy')];
const file = join(copy, '2026-11.jsonl');
const known: string[] = [];
let lines: readonly string[] = [];
const counts: Record<string, number> = {};

/** Ten thousand records of every kind, with their checkpoints, of which some were kept elsewhere. */
async function makeLog(place: string, fork?: number): Promise<void> {
  let now = Date.parse('2026-11-01T08:00:00Z');
  const clock = { now: () => now, monotonic: () => now };
  await using audit = openAudit({ home: place, clock, log: silentLog() });
  if (fork === undefined) audit.onCheckpoint(({ note }) => known.push(note));
  const forged = (n: number): object => (fork === undefined || n < fork ? {} : { forged: true });
  while (audit.size < records) {
    for (let n = audit.size; n < audit.size + 165; n += 2) {
      now += n % 97;
      const id = newId('dec', now);
      audit.note({
        kind: 'decision',
        actor: `per_${n % 13}`,
        data: { id, effect: n % 3 ? 'allow' : 'deny', n, ...forged(n) },
      });
      audit.note({ kind: 'outcome', actor: 'é', data: { decisionId: id, sentBytes: n } });
    }
    await audit.append({ kind: 'system', actor: 'system', data: { n: audit.size } });
    if (audit.size - (audit.latest?.size ?? 0) >= 990) await audit.checkpoint();
  }
}

before(async () => {
  await makeLog(home);
  lines = readFileSync(join(home, 'audit', '2026-11.jsonl'), 'utf8')
    .split('\n')
    .slice(0, -1);
});
after(() => {
  rmSync(root, { recursive: true, force: true });
  const told = Object.entries(counts).map(([what, count]) => `${count} ${what}`);
  console.log(`PROOF audit-tamper ${lines.length} records: ${told.join(', ')} found, 0 missed`);
});

/** A fresh copy whose lines are these; `bare` has no hashes beside them, so that the signed roots alone must tell. */
function rewritten(changed: readonly string[], { bare = false } = {}): void {
  cpSync(join(home, 'audit'), copy, { recursive: true, force: true });
  writeFileSync(file, changed.map((line) => `${line}\n`).join(''));
  if (bare) rmSync(join(copy, 'tree'), { recursive: true });
}

function count(what: string, by = 1): void {
  counts[what] = (counts[what] ?? 0) + by;
}

/** The verifier as an auditor runs it. */
function run(...args: string[]): { readonly code: number | null; readonly firstBad: number | null } {
  const { status, stdout } = spawnSync(process.execPath, [verifier, copy, '--json', ...args], { encoding: 'utf8' });
  return { code: status, firstBad: (JSON.parse(stdout) as Report).firstBad };
}

/** What is changed must be found at that number, with the hashes, and without them in the stretch that a checkpoint signs. */
function found(what: string, changed: readonly string[], seq: number, asProcess = false): void {
  rewritten(changed);
  const report = verifyFolder(copy);
  assert.deepEqual([report.ok, report.firstBad], [false, seq], `${what} at ${seq}`);
  if (asProcess) assert.deepEqual(run(), { code: 1, firstBad: seq });
  rewritten(changed, { bare: true });
  const bare = verifyFolder(copy);
  // past the last root that is still reached, the signed size alone tells, and the end of the lines is all it can name
  const isCut = bare.problems.every(({ code }) => code === 'cut');
  const told = bare.firstBad ?? -1;
  const isNear = isCut ? told === changed.length : told <= seq && told > seq - 2_000;
  assert.ok(!bare.ok && isNear, `${what} at ${seq}, bare: ${JSON.stringify(bare.problems.slice(0, 3))}`);
  count(what);
}

test('the log as it is verifies, with every checkpoint that was kept', () => {
  rewritten(lines);
  const report = verifyFolder(copy, { known });
  assert.deepEqual([report.ok, report.records, report.problems.length], [true, lines.length, 0]);
  assert.ok(
    lines.length >= records && lines.length < records + 200 && known.length >= 9,
    `${lines.length} records, ${known.length} checkpoints`,
  );
  assert.equal(run().code, 0);
});

/** Changes one bit of one byte, at a place of the class: in the number, the time, the kind, the data, at the end. */
function flip(line: string, kind: number): string {
  const bytes = Buffer.from(line);
  const places = [
    0,
    7,
    line.indexOf('"at"') + 8,
    line.indexOf('"kind"') + 8,
    bytes.length - 3 - random.below(20),
    random.below(bytes.length),
    bytes.length - 1,
  ];
  const at = places[kind % places.length] as number;
  bytes[at] = (bytes[at] as number) ^ (1 << random.below(7));
  return bytes.toString('latin1');
}

test('a flipped bit is found in every record', () => {
  const latin = lines.map((line) => Buffer.from(line).toString('latin1'));
  const stride = Math.ceil(latin.length / flipsAtOnce);
  for (let first = 0; first < stride; first += whole ? 1 : 50) {
    const hit = Array.from({ length: flipsAtOnce }, (_, n) => first + n * stride).filter((seq) => seq < latin.length);
    const changed = [...latin];
    for (const seq of hit) changed[seq] = flip(latin[seq] as string, random.below(100));
    cpSync(join(home, 'audit'), copy, { recursive: true, force: true });
    writeFileSync(file, Buffer.from(changed.map((line) => `${line}\n`).join(''), 'latin1'));
    const told = new Set(verifyFolder(copy).problems.map(({ seq }) => seq));
    for (const seq of hit) {
      // a byte that became a newline splits a record in two: from there on every number is wrong
      if ((changed[seq] as string).includes('\n')) break;
      assert.ok(told.has(seq), `the flip in number ${seq} was not found`);
    }
    count('flips', hit.length);
  }
});

test('a single flip, deletion, insertion, swap: each with the number of the first bad record', () => {
  for (let n = 0; n < each; n += 1) {
    const seq = n === 0 ? 0 : 1 + random.below(lines.length - 3);
    const asProcess = n < 1;
    found('single flips', lines.with(seq, (lines[seq] as string).replace('"kind":"', '"kind":"x')), seq, asProcess);
    found('deletions', lines.toSpliced(seq, 1), seq, asProcess);
    found('insertions', lines.toSpliced(seq, 0, lines[seq + 1] as string), seq, asProcess);
    const other = seq + 1 + random.below(lines.length - seq - 1);
    found('swaps', lines.with(seq, lines[other] as string).with(other, lines[seq] as string), seq, asProcess);
    const renumbered = lines.toSpliced(seq, 1).map((line, at) => line.replace(/^\{"seq":\d+/, `{"seq":${at}`));
    found('deletions with new numbers', renumbered, seq, asProcess);
  }
});

/** An insider takes the end away everywhere: lines, hashes, checkpoints. */
function truncated(size: number): void {
  rewritten(lines.slice(0, size), { bare: true });
  const checkpoints = join(copy, 'checkpoints.jsonl');
  const left = readFileSync(checkpoints, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && JSON.parse(line).size <= size);
  writeFileSync(checkpoints, left.map((line) => `${line}\n`).join(''));
}

test('a log that was cut below a checkpoint that somebody kept', () => {
  const kept = join(root, 'kept.txt');
  const note = known.at(-1) as string;
  const signed = Number(note.split('\n')[1]);
  writeFileSync(kept, note);
  for (let n = 0; n < each; n += 1) {
    const size = n === 0 ? signed - 1 : random.below(signed);
    truncated(size);
    assert.ok(verifyFolder(copy).ok, 'by itself a shorter log is a good log: that is what a kept checkpoint is for');
    const report = verifyFolder(copy, { known: [note] });
    assert.deepEqual([report.ok, report.firstBad], [false, size]);
    if (n < 1) assert.deepEqual(run('--known', kept), { code: 1, firstBad: size });
    count('truncations');
  }
});

test('a log that was written anew from some record on, with the right key', async () => {
  for (let n = 0; n < Math.ceil(each / 10); n += 1) {
    const place = join(root, `fork-${n}`);
    const seq = random.below(lines.length - 1_500);
    cpSync(home, place, { recursive: true });
    rmSync(join(place, 'audit', 'tree'), { recursive: true });
    rmSync(join(place, 'audit', 'checkpoints.jsonl'));
    writeFileSync(
      join(place, 'audit', '2026-11.jsonl'),
      lines
        .slice(0, seq)
        .map((line) => `${line}\n`)
        .join(''),
    );
    await makeLog(place, seq);
    const folder = join(place, 'audit');
    assert.ok(
      verifyFolder(folder).ok,
      'with the key, a rewritten log is a good log: that is what a kept checkpoint is for',
    );
    for (const [at, note] of known.entries()) {
      if (Number(note.split('\n')[1]) <= seq + 1) continue;
      const report = verifyFolder(folder, { known: known.slice(0, at + 1) });
      assert.equal(report.ok, false);
      assert.ok(report.firstBad !== null && report.firstBad <= seq + 1 && report.firstBad >= seq - 2_000);
      assert.ok(report.problems.some(({ code }) => code === 'fork'));
      count('forks');
    }
    rmSync(place, { recursive: true });
  }
});

test('another signature, key or checkpoint', () => {
  const checkpoints = readFileSync(join(home, 'audit', 'checkpoints.jsonl'), 'utf8');
  const signature = checkpoints.lastIndexOf('\\n"}');
  for (let n = 0; n < each; n += 1) {
    rewritten(lines);
    const at = n === 0 ? signature - 10 : random.below(checkpoints.length - 1);
    const bytes = Buffer.from(checkpoints);
    bytes[at] = (bytes[at] as number) ^ 1;
    writeFileSync(join(copy, 'checkpoints.jsonl'), bytes);
    const told = checkpoints.slice(checkpoints.lastIndexOf('\n', at) + 1, at);
    // `root` and `at` are said twice: what is signed is the note
    if (n > 0 && !told.includes('"note":"')) continue;
    assert.equal(verifyFolder(copy).ok, false, `byte ${at} of the checkpoints`);
    count('changed checkpoints');
  }
});
