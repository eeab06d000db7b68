import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { type AddressInfo, isIPv6, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { after, test } from 'node:test';
import { silentLog, systemClock } from '../../src/base/index.ts';
import { addressKind, openEgress } from '../../src/egress/index.ts';
import type { Clearance } from '../../src/policy/index.ts';
import { openDatabase } from '../../src/store/index.ts';
import { temporaryHome } from '../parts/command.ts';

/** An address of this machine that is another machine's for all the door knows; loopback where there is none. */
function otherAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return all.find(({ internal, address }) => !internal && addressKind(address) === 'private')?.address ?? '127.0.0.1';
}

test('bytes by destination, by decision, by row and at the peer are the same to the byte', async () => {
  using home = temporaryHome();
  const sockets = new Set<Socket>();
  const peer = createServer((request, response) => {
    request.resume().on('end', () => {
      const size = Number(new URL(request.url ?? '/', 'http://peer').searchParams.get('size'));
      if (size < 0) response.write('cut', () => response.destroy());
      else response.end('y'.repeat(size));
    });
  });
  peer.on('connection', (socket) => sockets.add(socket));
  const host = otherAddress();
  await new Promise<void>((resolve) => peer.listen(0, host, resolve));
  after(() => peer.close().closeAllConnections());
  const { port } = peer.address() as AddressInfo;
  const written = isIPv6(host) ? `[${host}]` : host;
  await using database = await openDatabase({ home: home.path, log: silentLog() });
  await using egress = openEgress({
    offline: false,
    log: silentLog(),
    clock: systemClock,
    database,
    verify: () => true,
  });
  const cleared = (decisionId: string): Clearance => ({
    decisionId,
    destinationId: 'peer',
    label: { level: 'INTERNE', mentions: [], compartments: [] },
    effect: 'allow',
    tier: 'on-premises',
    addresses: [`${written}:${port}`],
    mostBytes: 10_000_000,
    expiresAt: Date.now() + 600_000,
    seal: 'proof',
  });
  const requests = 2_000;
  const one = async (n: number): Promise<void> => {
    const size = n % 50 === 7 ? -1 : (n * 37) % 5_000;
    const answer = await egress.fetch(`http://${written}:${port}/?size=${size}`, {
      purpose: 'inference',
      method: 'POST',
      body: 'x'.repeat((n * 13) % 3_000),
      clearance: cleared(`dec_${n % 97}`),
    });
    if (n % 20 === 3) answer.body.destroy();
    else await answer.text().catch(() => {});
  };
  const queue = Array.from({ length: requests }, (_, n) => n);
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      for (let n = queue.pop(); n !== undefined; n = queue.pop()) await one(n);
    }),
  );
  // What the peer wrote into a connection that was left is on the way, not received: only what was sent is compared there.
  const sum = (list: readonly { sentBytes: number; receivedBytes: number }[]) => ({
    sent: list.reduce((total, { sentBytes }) => total + sentBytes, 0),
    received: list.reduce((total, { receivedBytes }) => total + receivedBytes, 0),
  });
  const decisions = sum(Array.from({ length: 97 }, (_, n) => egress.bytesOf(`dec_${n}`)));
  const destinations = sum(egress.totals());
  const rows = [];
  for (let before: string | undefined; ; ) {
    const page = await egress.page({ limit: 500, ...(before ? { before } : {}) });
    rows.push(...page);
    before = page.at(-1)?.id;
    if (page.length < 500) break;
  }
  const arrived = [...sockets].reduce((total, { bytesRead }) => total + bytesRead, 0);
  const unexplained = egress.unexplainedBytes();
  console.log(
    `PROOF bytes ${requests} requests under 97 decisions on ${sockets.size} connections to ${host}: sent ${decisions.sent} by decision, ` +
      `${destinations.sent} by destination, ${sum(rows).sent} by row, ${arrived} at the peer; received ${decisions.received}, difference 0; unexplained ${unexplained}`,
  );
  assert.deepEqual(destinations, decisions);
  assert.deepEqual(sum(rows), decisions);
  assert.equal(rows.length, requests);
  assert.equal(arrived, decisions.sent);
  assert.equal(unexplained, 0);
});
