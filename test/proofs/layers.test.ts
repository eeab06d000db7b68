import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import type { NewRecord } from '../../src/audit/index.ts';
import { silentLog, systemClock } from '../../src/base/index.ts';
import { installGuard, openEgress, openEgressHouse } from '../../src/egress/index.ts';
import { openDatabase } from '../../src/store/index.ts';
import { temporaryHome } from '../parts/command.ts';

const skip = process.platform === 'linux' ? false : 'layers of the system are those of Linux';
const log = silentLog();

test('a layer that goes is reported and put on record within the minute', { skip }, async () => {
  using home = temporaryHome();
  const store = join(import.meta.dirname, '../../src/store');
  const guard = installGuard({
    threads: [join(store, 'embedded-worker.ts')],
    programs: [join(store, 'create-cluster-main.ts')],
  });
  const records: NewRecord[] = [];
  const reported = Promise.withResolvers<void>();
  let wanted = Number.POSITIVE_INFINITY;
  const note = (record: NewRecord): void => {
    records.push(record);
    if (records.length >= wanted) reported.resolve();
  };
  const database = await openDatabase({ home: home.path, log });
  const egress = openEgress({ offline: false, log, clock: systemClock });
  const checkEveryMs = 1_000;
  await using house = openEgressHouse({
    egress,
    audit: { append: async (record) => ({ ...record, seq: 0, at: '' }), note },
    log,
    clock: systemClock,
    guard,
    databaseKind: 'pglite',
    checkEveryMs,
  });
  const state = async () => Object.fromEntries((await house.layers()).map(({ name, active }) => [name, active]));
  assert.deepEqual(await state(), { door: true, guard: true, engine: true, database: true, host: false });

  wanted = 4;
  const started = performance.now();
  // 1: somebody takes the guard out. 2: the door lets a place through that is nobody's. 3: a process of the engine
  // without its filter. 4: the thread of the database, with its filter, is gone.
  egress.allow('mistake', [{ host: '192.0.2.1', port: 9, purpose: 'self-test', origin: 'setting' }]);
  guard.remove();
  const bare = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', '/engine/process/main.ts'], {
    stdio: 'ignore',
  });
  await database.close();
  const limit = setTimeout(() => reported.reject(new Error('not reported within the minute')), 60_000);
  await reported.promise;
  clearTimeout(limit);
  const ms = Math.round(performance.now() - started);
  const now = await house.layers();
  bare.kill();
  await egress.close();
  console.log(
    `PROOF layers door, guard, engine and database each reported ${ms} ms after they went (asked every ${checkEveryMs} ms, by default every 30 s)`,
  );
  assert.deepEqual(
    now.map(({ name, active }) => [name, active]),
    [
      ['door', false],
      ['guard', false],
      ['engine', false],
      ['database', false],
      ['host', false],
    ],
  );
  assert.deepEqual(records.map(({ data }) => [data.layer, data.active]).sort(), [
    ['database', false],
    ['door', false],
    ['engine', false],
    ['guard', false],
  ]);
  assert.ok(ms < 60_000);
});
