import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openAudit } from '../../src/audit/index.ts';
import { silentLog, systemClock } from '../../src/base/index.ts';

/** A record of the size of a real decision. */
const record = {
  kind: 'decision',
  actor: 'per_01hzy3v7q4',
  data: {
    id: 'dec_01hzy3v7q4',
    label: 'SENSIBLE; mentions=PII',
    destinationId: 'embedded',
    rules: ['x'],
    filler: 'x'.repeat(500),
  },
} as const;

const whole = process.env.INTRAMUROS_TEST_SUMMARY === undefined;
const mostMs = 10;
const leastPerSecond = 3_000;

const at = (sorted: readonly number[], share: number): number =>
  sorted[Math.floor(sorted.length * share)] ?? Number.NaN;

/** What a flush of as many bytes takes by itself here and now, 99 times of 100: the disk and the others who use it. */
async function bareFlushMs(folder: string): Promise<number> {
  await using file = await open(join(folder, 'bare'), 'w');
  const bytes = Buffer.alloc(64 * 700);
  const times: number[] = [];
  for (let n = 0; n < 300; n += 1) {
    const start = performance.now();
    await file.write(bytes);
    await file.datasync();
    times.push(performance.now() - start);
  }
  return at(
    times.sort((a, b) => a - b),
    0.99,
  );
}

test('durable records: latency alone, and rate and latency with 64 writers', async () => {
  const home = mkdtempSync(join(tmpdir(), 'intramuros-audit-'));
  try {
    await using audit = openAudit({ home, clock: systemClock, log: silentLog() });
    const timed = async (count: number): Promise<number[]> => {
      const times: number[] = [];
      for (let n = 0; n < count; n += 1) {
        const start = performance.now();
        await audit.append(record);
        times.push(performance.now() - start);
      }
      return times;
    };
    const burst = async () => {
      const start = performance.now();
      const together = (await Promise.all(Array.from({ length: 64 }, () => timed(400)))).flat().sort((a, b) => a - b);
      const perSecond = together.length / ((performance.now() - start) / 1000);
      return { together, perSecond, p99: at(together, 0.99) };
    };
    await timed(50);
    const bareMs = await bareFlushMs(home);
    const most = Math.max(mostMs, 2 * bareMs); // no record is on the disk before the disk says so
    const alone = (await timed(500)).sort((a, b) => a - b);
    let round = await burst();
    // A machine that is busy with something else gets a second and a third chance: its disk is not ours alone.
    for (let left = 2; whole && left > 0 && (round.p99 > most || round.perSecond < leastPerSecond); left -= 1)
      round = await burst();
    const { perSecond, together } = round;
    const ms = (value: number): string => value.toFixed(2);
    console.log(
      `PROOF audit-speed alone p50 ${ms(at(alone, 0.5))} ms p99 ${ms(at(alone, 0.99))} ms; 64 writers ${Math.round(perSecond)}/s p50 ${ms(at(together, 0.5))} ms p99 ${ms(at(together, 0.99))} ms, amortised ${ms(1000 / perSecond)} ms; a bare flush p99 ${ms(bareMs)} ms`,
    );
    assert.ok(perSecond >= leastPerSecond, `${perSecond} appends a second`);
    if (whole) assert.ok(round.p99 <= most, `99 of 100 within ${round.p99} ms`);
    assert.ok(audit.size >= 50 + 500 + 64 * 400);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
});
