import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { type AddressInfo, isIPv6, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { after, test } from 'node:test';
import { silentLog, systemClock } from '../../src/base/index.ts';
import { addressKind, type EgressConnection, openEgress } from '../../src/egress/index.ts';
import type { Clearance } from '../../src/policy/index.ts';
import { openDatabase } from '../../src/store/index.ts';
import type { UpstreamInput } from '../../src/upstreams/index.ts';
import { temporaryHome } from '../parts/command.ts';
import { openTestGateway, type TestGateway } from '../parts/test-gateway.ts';
import { openOpenAiUpstream, type UpstreamServer } from '../parts/upstream-servers/index.ts';

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

const place = (id: string, at: UpstreamServer, fallbacks: string[] = []): UpstreamInput => ({
  id,
  title: id,
  kind: 'openai',
  urls: [`${at.url}/v1`],
  destination: { tier: 'on-premises', country: 'FR', extraEuExposure: false },
  models: [{ name: 'echo', capabilities: ['chat', 'completion', 'embedding'] }],
  timeouts: { connectMs: 1_000, firstTokenMs: 1_000, betweenTokensMs: 1_000, totalMs: 20_000 },
  fallbacks,
});

/** One request of every kind that goes to a place, good and bad ones, by its number. */
async function askOne(gateway: TestGateway, servers: readonly UpstreamServer[], n: number): Promise<void> {
  const model = ['one/echo', 'two/echo', 'backed/echo'][n % 3] ?? '';
  const content = 'words and words '.repeat(1 + (n % 40));
  const server = n % 3 === 1 ? servers[1] : servers[0];
  if (n % 10 === 4) server?.faults.push({ kind: 'cut', afterFrames: 2 });
  if (n % 10 === 5) server?.faults.push({ kind: 'status', status: 503 });
  const chat = { model, messages: [{ role: 'user', content }] };
  if (n % 5 === 0)
    return void (await (await gateway.ask('/v1/embeddings', { body: { model, input: content } })).text());
  if (n % 5 === 1) return void (await (await gateway.ask('/v1/chat/completions', { body: chat })).text());
  const made = await gateway.ask('/api/conversations', { method: 'POST', body: { model } });
  const { id } = (await made.json()) as { id: string };
  if (n % 5 === 2) {
    const body = { kind: 'ask', parentId: null, content, model };
    return void (await (await gateway.ask(`/api/conversations/${id}/answers`, { body })).text());
  }
  const stop = new AbortController();
  const stream = await gateway.ask('/v1/chat/completions', { body: { ...chat, stream: true }, signal: stop.signal });
  const reader = stream.body?.getReader();
  await reader?.read();
  if (n % 7 === 3) stop.abort();
  else while (reader && !(await reader.read()).done);
}

/** Every connection with a prompt in it. */
async function dialled(gateway: TestGateway): Promise<readonly EgressConnection[]> {
  const rows: EgressConnection[] = [];
  for (let before: string | undefined; ; ) {
    const page = await gateway.rooms.egress.page({ limit: 500, ...(before ? { before } : {}) });
    rows.push(...page.filter(({ purpose }) => purpose === 'inference'));
    before = page.at(-1)?.id;
    if (page.length < 500) return rows;
  }
}

interface Recorded {
  readonly destination: string;
  readonly sent: number;
  readonly received: number;
}

/** Outcomes by decision, once each of these decisions has one: a reader who leaves is noticed a moment later. */
async function outcomesOf(gateway: TestGateway, wanted: ReadonlySet<string>): Promise<ReadonlyMap<string, Recorded>> {
  for (let left = 500; ; left -= 1) {
    await gateway.audit.append({ kind: 'system', actor: 'test', data: { what: 'test.flush' } });
    const recorded = new Map<string, Recorded>();
    for await (const { data } of gateway.audit.read({ kinds: ['outcome'] })) {
      const id = String(data.decisionId);
      assert.ok(!recorded.has(id), 'one outcome a decision');
      const bytes = { sent: Number(data.sentBytes), received: Number(data.receivedBytes) };
      recorded.set(id, { destination: String(data.destinationId), ...bytes });
    }
    if ([...wanted].every((id) => recorded.has(id))) return recorded;
    assert.ok(left > 0, 'each dial has an outcome');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test('bytes of the ledger by destination and by decision are the sum of the outcomes on record', async () => {
  await using one = await openOpenAiUpstream();
  await using two = await openOpenAiUpstream();
  await using gateway = await openTestGateway({
    conversations: true,
    serves: [place('two', two), place('one', one), place('backed', one, ['two'])],
  });
  const requests = process.env.INTRAMUROS_TEST_SUMMARY === undefined ? 420 : 42;
  for (let n = 0; n < requests; n += 1)
    await askOne(gateway, [one, two], n).catch(() => 'cut, as some are meant to be');
  await gateway.rooms.runs.close(); // what was left by its reader is over
  const rows = await dialled(gateway);
  const recorded = await outcomesOf(gateway, new Set(rows.map(({ decisionId }) => decisionId ?? 'none')));
  const sums = { sent: 0, received: 0, difference: 0 };
  for (const destination of ['one', 'two', 'backed']) {
    const door = rows.filter(({ destinationId }) => destinationId === destination);
    const log = [...recorded.values()].filter((outcome) => outcome.destination === destination);
    const sent = door.reduce((total, { sentBytes }) => total + sentBytes, 0);
    const received = door.reduce((total, { receivedBytes }) => total + receivedBytes, 0);
    assert.ok(sent > 1_000, `${destination} was asked`);
    const onRecord = {
      sent: log.reduce((total, outcome) => total + outcome.sent, 0),
      received: log.reduce((total, outcome) => total + outcome.received, 0),
    };
    assert.deepEqual({ sent, received }, onRecord, destination);
    sums.sent += sent;
    sums.received += received;
  }
  console.log(
    `PROOF bytes ${requests} requests of all kinds to 3 destinations (streams, relays, vectors, cuts, refusals, readers who left): ` +
      `${recorded.size} outcomes say ${sums.sent} sent and ${sums.received} received, the door says the same, difference ${sums.difference}`,
  );
});
