import assert from 'node:assert/strict';
import { connect, createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { test } from 'node:test';
import { silentLog, systemClock } from '../base/index.ts';
import { openEgress, openEgressHouse } from './index.ts';
import { kernelConnections } from './kernel-view.ts';

const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
const host =
  all.find(({ internal, family, address }) => !internal && family === 'IPv6' && !address.startsWith('fe80'))?.address ??
  all.find(({ internal }) => !internal)?.address;
const skip = process.platform === 'linux' && host !== undefined ? false : 'no second address on this machine';

test('a connection that went round the door is seen in the kernel’s table, and reported', { skip }, async () => {
  // A peer in another process: a connection that comes in at a port of ours is no dial.
  const { spawn } = await import('node:child_process');
  const program = `const s = require('net').createServer(() => {}); s.listen(0, ${JSON.stringify(host)}, () => console.log(s.address().port))`;
  const peer = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const port = Number(await new Promise<Buffer>((resolve) => peer.stdout.once('data', resolve)));
  const own = createServer();
  await new Promise<void>((resolve) => own.listen(0, host, resolve));
  const log = silentLog();
  const egress = openEgress({ offline: false, log, clock: systemClock });
  await using house = openEgressHouse({
    egress,
    audit: { append: async (record) => ({ ...record, seq: 0, at: '' }), note: () => {} },
    log,
    clock: systemClock,
    databaseKind: 'pglite',
  });
  const door = async () => (await house.layers()).find(({ name }) => name === 'door');
  assert.deepEqual(kernelConnections(), []);
  assert.equal((await door())?.active, true);

  egress.allow('test', [{ host: host ?? '', port, purpose: 'p', origin: 'setting', private: true }]);
  const explained = await egress.connect({ purpose: 'p', host: host ?? '', port }).catch(() => undefined);
  if (explained) assert.equal((await door())?.active, true, 'what the door opened is explained');

  const round = connect(port, host);
  await new Promise((resolve) => round.once('connect', resolve));
  const found = kernelConnections() ?? [];
  assert.ok(found.some((one) => one.localPort === round.localPort && one.port === port));
  const report = await door();
  assert.equal(report?.active, false);
  assert.match(report?.words ?? '', /1 connection went round the door/);
  round.destroy();
  await egress.close();
  own.close();
  peer.kill();
});
