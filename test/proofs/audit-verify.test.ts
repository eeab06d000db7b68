import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openAudit } from '../../src/audit/index.ts';
import { newId, silentLog, systemClock } from '../../src/base/index.ts';

const whole = process.env.INTRAMUROS_TEST_SUMMARY === undefined;
const records = whole ? 1_000_000 : 20_000;
const most = whole ? 60 : 10;
const verifier = join(import.meta.dirname, '..', '..', 'tools', 'verify-log.mjs');

/** Runs the verifier in a process that tells its own processor time on the last line. */
const program = `const [, folder, verifier, ...rest] = process.argv;
  const { main } = await import(verifier);
  process.exitCode = main([folder, ...rest]);
  const { user, system } = process.cpuUsage();
  console.log(JSON.stringify({ cpuSeconds: (user + system) / 1e6, peakMiB: process.resourceUsage().maxRSS / 1024 }));`;

test('a long log is verified within a minute of one core', async () => {
  const home = mkdtempSync(join(tmpdir(), 'intramuros-verify-'));
  try {
    const folder = join(home, 'audit');
    const known = join(home, 'known.txt');
    {
      await using audit = openAudit({ home, clock: systemClock, log: silentLog() });
      while (audit.size < records) {
        const writing: Promise<unknown>[] = [];
        for (let n = 0; n < 1_000; n += 1) {
          const id = newId('dec');
          const about = { id, label: { level: 'SENSIBLE', mentions: ['PII'] }, rules: ['x'], filler: 'x'.repeat(300) };
          writing.push(audit.append({ kind: 'decision', actor: 'per_01hzy3v7q4', data: about }));
          writing.push(
            audit.append({ kind: 'outcome', actor: 'per_01hzy3v7q4', data: { decisionId: id, sentBytes: n } }),
          );
        }
        await Promise.all(writing);
        if (audit.latest === undefined) appendFileSync(known, (await audit.checkpoint()).note);
      }
    }
    const start = performance.now();
    const args = ['--input-type=module', '-e', program, '--', folder, verifier, '--known', known, '--json'];
    const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 1 << 26 });
    const seconds = (performance.now() - start) / 1_000;
    assert.equal(status, 0, stdout.slice(0, 2_000));
    const [report, used] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.deepEqual([report.ok, report.records, report.unsignedRecords], [true, records, 0]);
    assert.ok(used.cpuSeconds <= most, `${used.cpuSeconds} s of processor time`);
    const lines = readFileSync(verifier, 'utf8').split('\n').length - 1;
    assert.ok(lines <= 300, `${lines} lines`);
    console.log(
      `PROOF audit-verify ${records} records, ${report.checkpoints} checkpoints: ${used.cpuSeconds.toFixed(1)} s of one core (${seconds.toFixed(1)} s by the clock), ${Math.round(used.peakMiB)} MiB, a verifier of ${lines} lines`,
    );
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
});
