import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { type Clock, silentLog } from '../base/index.ts';
import { type Audit, type AuditRange, type AuditRecord, openAudit, readAudit } from './index.ts';

const log = silentLog();

function freshHome(context: TestContext): string {
  const home = mkdtempSync(join(tmpdir(), 'intramuros-audit-'));
  context.after(() => rmSync(home, { recursive: true, force: true }));
  return home;
}

/** A clock that stands until it is told to move. */
function standingClock(iso: string): Clock & { set(iso: string): void } {
  let now = Date.parse(iso);
  return {
    now: () => now,
    monotonic: () => now,
    set: (next) => {
      now = Date.parse(next);
    },
  };
}

const numbered = (n: number) => ({ kind: 'decision', actor: 'ada', data: { n } }) as const;
const collect = (audit: Audit, range: AuditRange): Promise<AuditRecord[]> => Array.fromAsync(audit.read(range));
const seqs = (records: readonly AuditRecord[]): number[] => records.map(({ seq }) => seq);

test('records are numbered without a gap over months and openings, and read both ways', async (context) => {
  const home = freshHome(context);
  const clock = standingClock('2026-10-31T23:59:59.900Z');
  {
    await using audit = openAudit({ home, clock, log });
    const burst = [0, 1, 2].map((n) => audit.append(numbered(n)));
    clock.set('2026-11-01T00:00:00.100Z');
    audit.note({ kind: 'outcome', actor: 'system', data: { n: 3 } });
    burst.push(audit.append(numbered(4)));
    assert.deepEqual(seqs(await Promise.all(burst)), [0, 1, 2, 4]);
    clock.set('2026-09-01T00:00:00Z'); // set back: the record stays in order, its time says what the clock said
    await audit.append(numbered(5));
  }
  assert.deepEqual(readdirSync(join(home, 'audit')).sort(), [
    '2026-10.jsonl',
    '2026-11.jsonl',
    'checkpoints.jsonl',
    'log.json',
    'tree',
  ]);
  clock.set('2026-11-02T00:00:00Z');
  await using audit = openAudit({ home, clock, log });
  assert.equal(audit.size, 6);
  assert.equal((await audit.append(numbered(6))).seq, 6);
  assert.deepEqual(seqs(await collect(audit, {})), [0, 1, 2, 3, 4, 5, 6]);
  assert.deepEqual(seqs(await collect(audit, { newestFirst: true })), [6, 5, 4, 3, 2, 1, 0]);
  assert.deepEqual(seqs(await collect(audit, { newestFirst: true, beforeSeq: 5, limit: 2 })), [4, 3]);
  assert.deepEqual(seqs(await collect(audit, { fromSeq: 2, beforeSeq: 5 })), [2, 3, 4]);
  assert.deepEqual(seqs(await collect(audit, { kinds: ['outcome'] })), [3]);
  assert.deepEqual(seqs(await collect(audit, { sinceMs: Date.parse('2026-11-01T00:00:00Z') })), [3, 4, 6]);
  assert.deepEqual(seqs(await Array.fromAsync(readAudit(home, { newestFirst: true, limit: 1 }))), [6]);
});

test('reading both ways gives the same lines, whatever their lengths', async (context) => {
  const home = freshHome(context);
  await using audit = openAudit({ home, clock: standingClock('2026-11-01T00:00:00Z'), log });
  const lengths = fc.sample(fc.integer({ min: 0, max: 90_000 }), { seed: 5, numRuns: 60 });
  await Promise.all(
    lengths.map((length) => audit.append({ kind: 'system', actor: 'é', data: { text: 'é'.repeat(length) } })),
  );
  const forward = await collect(audit, {});
  assert.equal(forward.length, 60);
  assert.deepEqual(await collect(audit, { newestFirst: true }), forward.toReversed());
  assert.deepEqual(
    forward.map(({ data }) => (data.text as string).length),
    lengths,
  );
});

test('an unfinished last line is cut off; any other damage is refused and left as it is', async (context) => {
  const home = freshHome(context);
  const clock = standingClock('2026-11-01T00:00:00Z');
  const path = join(home, 'audit', '2026-11.jsonl');
  {
    await using audit = openAudit({ home, clock, log });
    for (let n = 0; n < 5; n += 1) await audit.append(numbered(n));
  }
  const whole = readFileSync(path, 'utf8');
  appendFileSync(path, '{"seq":5,"at":"2026-11-01T00');
  {
    await using audit = openAudit({ home, clock, log });
    assert.equal(audit.size, 5);
    assert.equal((await audit.append(numbered(5))).seq, 5);
  }
  const longer = readFileSync(path, 'utf8');
  const lines = whole.split('\n');
  const damaged = [
    lines.toSpliced(2, 1).join('\n'), // a line is missing
    lines.toSpliced(2, 0, lines[1] ?? '').join('\n'), // a line is doubled
    lines.slice(1).join('\n'), // the beginning is missing
    `${lines.slice(0, 4).join('\n')}\nnot a record\n`,
  ];
  for (const text of damaged) {
    writeFileSync(path, text);
    assert.throws(() => openAudit({ home, clock, log }), { code: 'audit_unavailable', message: /is damaged/ });
    assert.equal(readFileSync(path, 'utf8'), text);
  }
  writeFileSync(path, longer.replace('"n":2}', '"n":2'));
  assert.throws(() => openAudit({ home, clock, log }), { code: 'audit_unavailable', message: /number 2 was changed/ });
});

test('a missing month is refused', async (context) => {
  const home = freshHome(context);
  const clock = standingClock('2026-10-01T00:00:00Z');
  {
    await using audit = openAudit({ home, clock, log });
    await audit.append(numbered(0));
    clock.set('2026-11-01T00:00:00Z');
    await audit.append(numbered(1));
  }
  rmSync(join(home, 'audit', '2026-10.jsonl'));
  assert.throws(() => openAudit({ home, clock, log }), { code: 'audit_unavailable', message: /begins with number 1/ });
});

test('a full disk is told to whoever waits; notes are kept, and the record goes on by itself', async (context) => {
  if (!existsSync('/dev/full')) return context.skip('this system has no /dev/full');
  const home = freshHome(context);
  const clock = standingClock('2026-10-01T00:00:00Z');
  await using audit = openAudit({ home, clock, log });
  await audit.append(numbered(0));
  clock.set('2026-11-01T00:00:00Z');
  const path = join(home, 'audit', '2026-11.jsonl');
  symlinkSync('/dev/full', path); // every write fails with ENOSPC
  audit.note({ kind: 'outcome', actor: 'system', data: { kept: true } });
  await assert.rejects(audit.append(numbered(1)), {
    code: 'audit_unavailable',
    facts: { path: join(home, 'audit'), reason: 'ENOSPC' },
  });
  assert.equal(audit.failure, 'ENOSPC');
  assert.equal(audit.size, 1);
  rmSync(path);
  const record = await audit.append(numbered(2));
  assert.equal(audit.failure, undefined);
  const all = await collect(audit, {});
  assert.deepEqual(seqs(all), [0, 1, 2, 3]);
  assert.deepEqual(
    all.map(({ data }) => data.what ?? data.kept ?? data.n),
    [0, 'audit.recovered', true, 2],
  );
  assert.equal(record.seq, 3);
});

test('what cannot be written down is refused alone', async (context) => {
  const home = freshHome(context);
  await using audit = openAudit({ home, clock: standingClock('2026-11-01T00:00:00Z'), log });
  const good = audit.append(numbered(0));
  await assert.rejects(audit.append({ kind: 'system', actor: 'x', data: { big: 1n } }), TypeError);
  assert.equal((await good).seq, 0);
  assert.equal(audit.failure, undefined);
});

/** A process that appends as fast as it can, 16 at a time, and prints each number once it is acknowledged. */
function writer(home: string) {
  const source = `import { openAudit } from '${new URL('./index.ts', import.meta.url).href}';
    import { silentLog, systemClock } from '${new URL('../base/index.ts', import.meta.url).href}';
    import { writeSync } from 'node:fs';
    const audit = openAudit({ home: process.env.HOME_UNDER_TEST, log: silentLog(), clock: systemClock });
    const one = async () => { for (let n = 0; ; n += 1) {
      const { seq } = await audit.append({ kind: 'decision', actor: 'ada', data: { n, filler: 'x'.repeat(n * 37 % 3000) } });
      writeSync(1, seq + '\\n');
    } };
    await Promise.all(Array.from({ length: 16 }, one));`;
  return spawn(process.execPath, ['--input-type=module', '-e', source], {
    env: { ...process.env, HOME_UNDER_TEST: home },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

test('a kill -9 at any moment loses no acknowledged record', async (context) => {
  const home = freshHome(context);
  const moments = fc.sample(fc.integer({ min: 1, max: 900 }), { seed: 20261123, numRuns: 6 });
  let acknowledged = -1;
  for (const moment of moments) {
    const child = writer(home);
    context.after(() => child.kill('SIGKILL'));
    const exited = once(child, 'exit');
    let rows = 0;
    for await (const line of createInterface({ input: child.stdout })) {
      acknowledged = Math.max(acknowledged, Number(line));
      rows += 1;
      if (rows === moment) child.kill('SIGKILL');
    }
    await exited;
    await using audit = openAudit({ home, clock: standingClock('2026-11-01T00:00:00Z'), log });
    assert.ok(audit.size > acknowledged, `${audit.size} records, number ${acknowledged} was acknowledged`);
    assert.equal((await collect(audit, {})).length, audit.size);
  }
  context.diagnostic(`${acknowledged + 1} acknowledged records, ${moments.length} kills, 0 lost`);
});
