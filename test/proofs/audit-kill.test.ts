import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { openAudit, verifyLog } from '../../src/audit/index.ts';
import { silentLog, systemClock } from '../../src/base/index.ts';
import { seededRandom } from '../parts/random.ts';

const kills = process.env.INTRAMUROS_TEST_SUMMARY === undefined ? 200 : 10;
const seed = 20_261_123;
const audit = new URL('../../src/audit/index.ts', import.meta.url).href;
const base = new URL('../../src/base/index.ts', import.meta.url).href;

/** Appends with 16 writers as fast as it can, and prints each number once it is acknowledged. */
const program = `import { openAudit } from '${audit}'; import { silentLog, systemClock } from '${base}';
  import { writeSync } from 'node:fs';
  const audit = openAudit({ home: process.env.HOME_UNDER_TEST, log: silentLog(), clock: systemClock });
  const one = async () => { for (let n = 0; ; n += 1) {
    const { seq } = await audit.append({ kind: 'decision', actor: 'ada', data: { n, filler: 'x'.repeat(n * 37 % 5000) } });
    writeSync(1, seq + '\\n');
    if (n % 3 === 0) audit.note({ kind: 'outcome', actor: 'ada', data: { n } });
  } };
  await Promise.all(Array.from({ length: 16 }, one));`;

test('a kill -9 at random moments loses no acknowledged record', async () => {
  const home = mkdtempSync(join(tmpdir(), 'intramuros-audit-'));
  const random = seededRandom(seed);
  let acknowledged = -1;
  let records = 0;
  try {
    for (let kill = 0; kill < kills; kill += 1) {
      const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
        env: { ...process.env, HOME_UNDER_TEST: home },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const exited = once(child, 'exit');
      const moment = 1 + random.below(120);
      let rows = 0;
      for await (const line of createInterface({ input: child.stdout })) {
        acknowledged = Math.max(acknowledged, Number(line));
        rows += 1;
        if (rows === moment) child.kill('SIGKILL');
      }
      await exited;
      await using opened = openAudit({ home, clock: systemClock, log: silentLog() });
      assert.ok(opened.size > acknowledged, `${opened.size} records where ${acknowledged} was acknowledged`);
      records = opened.size;
    }
    let read = 0;
    await using opened = openAudit({ home, clock: systemClock, log: silentLog() });
    for await (const { seq } of opened.read({})) assert.equal(seq, read++);
    assert.equal(read, records);
    await opened.close();
    const { ok, problems } = await verifyLog({ path: join(home, 'audit') });
    assert.ok(ok, JSON.stringify(problems.slice(0, 3)));
    console.log(
      `PROOF audit-kill ${kills} kills, ${records} records, 0 acknowledged ones lost, 0 gaps, the log verifies, seed ${seed}`,
    );
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
});
