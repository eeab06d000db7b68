import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { silentLog, systemClock } from '../base/index.ts';
import { openDatabase } from '../store/index.ts';
import { openEgress } from './index.ts';

const log = silentLog();
const home = mkdtempSync(join(tmpdir(), 'intramuros-ledger-'));
const server = createServer((_request, response) => response.end('x'.repeat(1000)));
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const at = `127.0.0.1:${(server.address() as AddressInfo).port}`;
after(() => {
  server.close().closeAllConnections();
  rmSync(home, { recursive: true, force: true });
});

const room = (name: string): string =>
  JSON.stringify(pathToFileURL(join(import.meta.dirname, `../${name}/index.ts`)).href);
const program = `
const { silentLog, systemClock } = await import(${room('base')});
const { openDatabase } = await import(${room('store')});
const { openEgress } = await import(${room('egress')});
const [home, at] = process.argv.slice(1);
const log = silentLog();
const database = await openDatabase({ home, log });
const egress = openEgress({ offline: false, log, clock: systemClock, database });
for (;;) {
  const answer = await egress.fetch('http://' + at, { purpose: 'test' });
  await answer.text();
  await egress.fetch('http://refused.example/', { purpose: 'test' }).catch(() => {});
  for (const row of egress.connections({ limit: 2 })) console.log(row.id + ' ' + Date.now());
}`;

test('a process that is killed loses no row of the ledger older than a second', async () => {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', program, home, at],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const told = new Map<string, number>();
  let last = 0;
  for await (const line of createInterface(child.stdout)) {
    const [id = '', time] = line.split(' ');
    last = Number(time);
    if (!told.has(id)) told.set(id, last);
    if (last - Math.min(...[...told.values()].slice(0, 1)) > 2_500) break;
  }
  child.kill('SIGKILL');
  await new Promise((resolve) => child.once('close', resolve));
  await using database = await openDatabase({ home, log });
  await using egress = openEgress({ offline: false, log, clock: systemClock, database });
  const kept = new Set<string>();
  let before: string | undefined;
  for (;;) {
    const rows = await egress.page({ limit: 500, ...(before ? { before } : {}) });
    for (const { id } of rows) kept.add(id);
    before = rows.at(-1)?.id;
    if (rows.length < 500) break;
  }
  const old = [...told].filter(([, time]) => time < last - 1_000).map(([id]) => id);
  assert.ok(old.length > 100, `only ${old.length} rows were made`);
  assert.deepEqual(
    old.filter((id) => !kept.has(id)),
    [],
  );
});

test('what is kept tells the same as what was seen, page by page', async () => {
  await using database = await openDatabase({ home: join(home, 'other'), log });
  await using egress = openEgress({ offline: false, log, clock: systemClock, database });
  for (let n = 0; n < 5; n += 1) await (await egress.fetch(`http://${at}`, { purpose: `p${n}` })).text();
  await assert.rejects(egress.fetch('http://refused.example/', { purpose: 'p' }), { code: 'egress_denied' });
  const seen = egress.connections();
  const first = await egress.page({ limit: 4 });
  const rest = await egress.page({ limit: 4, before: first.at(-1)?.id ?? '' });
  assert.deepEqual([...first, ...rest], seen);
  assert.equal(first[0]?.refused, 'not-allowed');
});

test('the offline switch holds over a restart, and the setting is stronger', async () => {
  const place = mkdtempSync(join(home, 'switch-'));
  const open = (offline: boolean) => openEgress({ offline, home: place, log, clock: systemClock });
  const first = open(false);
  assert.equal(first.offline, false);
  await first.setOffline(true);
  await assert.rejects(first.fetch('http://a.example/', { purpose: 'p' }), {
    code: 'egress_denied',
    message: /offline/,
  });
  await first.close();
  const second = open(false);
  assert.equal(second.offline, true);
  await second.setOffline(false);
  assert.equal(open(false).offline, false);
  await assert.rejects(open(true).setOffline(false), { code: 'forbidden' });
});
