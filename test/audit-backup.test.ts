import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openAudit, verifyLog } from '../src/audit/index.ts';
import { silentLog, systemClock } from '../src/base/index.ts';
import { backup, openDatabase, restore } from '../src/store/index.ts';

const log = silentLog();

test('a backup of a record that grows meanwhile restores to a log that verifies, and says that it was restored', async (context) => {
  const root = mkdtempSync(join(tmpdir(), 'intramuros-audit-backup-'));
  context.after(() => rmSync(root, { recursive: true, force: true }));
  const [home, restored, to, kept] = ['home', 'restored', 'one.backup', 'kept.txt'].map((name) => join(root, name)) as [
    string,
    string,
    string,
    string,
  ];
  const record = (n: number) => ({ kind: 'system', actor: 'ada', data: { n, filler: 'é'.repeat(n % 400) } }) as const;
  let before = 0;
  let during = 0;
  {
    await using database = await openDatabase({ home, databaseUrl: undefined, log });
    await using audit = openAudit({ home, clock: systemClock, log });
    await Promise.all(Array.from({ length: 1_200 }, (_, n) => audit.append(record(n))));
    before = audit.size;
    writeFileSync(kept, (await audit.checkpoint()).note);
    let stop = false;
    const writing = (async () => {
      for (let n = 0; !stop; n += 1) {
        await audit.append(record(n));
        if (n % 20 === 0) await audit.checkpoint();
      }
    })();
    await backup({ home, database, to, log });
    stop = true;
    await writing;
    during = audit.size;
  }
  await restore({ from: to, home: restored, log });
  assert.equal(existsSync(join(restored, 'audit.key')), false);
  {
    await using audit = openAudit({ home: restored, clock: systemClock, log });
    await audit.append(record(0));
    const whats = (await Array.fromAsync(audit.read({ newestFirst: true, limit: 3 }))).map(({ data }) => data.what);
    assert.deepEqual(whats, [undefined, 'audit.key_replaced', 'audit.restored']);
    assert.ok(audit.size > before && audit.size <= during + 3, `${before}, ${audit.size}, ${during}`);
  }
  assert.equal(existsSync(join(restored, 'audit', 'restored.json')), false);
  const report = await verifyLog({ path: join(restored, 'audit'), known: [kept] });
  assert.deepEqual(report.problems, []);
  await using again = openAudit({ home: restored, clock: systemClock, log });
  assert.equal(again.size, report.records);
});
