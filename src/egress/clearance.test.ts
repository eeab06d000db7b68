import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { after, test } from 'node:test';
import { silentLog, systemClock } from '../base/index.ts';
import type { Clearance } from '../policy/index.ts';
import { addressKind, normalHost, openEgress } from './index.ts';

const closers: (() => void)[] = [];
after(() => {
  for (const close of closers) close();
});
async function serve(handler: Parameters<typeof createServer>[1]): Promise<{ at: string; server: Server }> {
  const server = createServer(handler);
  closers.push(() => server.close().closeAllConnections());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { at: `127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}
const genuine = 'genuine';
const open = () =>
  openEgress({ offline: false, log: silentLog(), clock: systemClock, verify: ({ seal }) => seal === genuine });
const clear = (addresses: readonly string[], more: Partial<Clearance> = {}): Clearance => ({
  decisionId: 'dec_1',
  destinationId: 'peer',
  label: { level: 'INTERNE', mentions: [], compartments: [] },
  effect: 'allow',
  tier: 'on-premises',
  addresses,
  mostBytes: 1_000_000,
  expiresAt: Date.now() + 60_000,
  seal: genuine,
  ...more,
});
async function refused(work: Promise<unknown>, reason: string): Promise<void> {
  const error = await work.then(
    () => assert.fail('must be refused'),
    (error: { code: string; facts: { reason: string } }) => error,
  );
  assert.deepEqual([error.code, error.facts.reason], ['egress_denied', reason]);
}

test('inference is dialled only with a genuine clearance for that very address, on this machine too', async () => {
  const { at } = await serve((_request, response) => response.end('answer'));
  await using egress = open();
  const ask = (clearance?: Clearance) =>
    egress.fetch(`http://${at}/v1`, {
      purpose: 'inference',
      method: 'POST',
      body: 'prompt',
      ...(clearance ? { clearance } : {}),
    });
  await refused(ask(), 'not-allowed');
  await refused(ask(clear([at], { seal: 'forged' })), 'clearance');
  await refused(ask(clear([at], { expiresAt: Date.now() - 1 })), 'clearance');
  await refused(ask(clear(['127.0.0.1:1'])), 'clearance');
  assert.equal(await (await ask(clear([at]))).text(), 'answer');
  const rows = egress.connections();
  assert.deepEqual(
    rows.map(({ refused }) => refused),
    [null, 'clearance', 'clearance', 'clearance', 'not-allowed'],
  );
  assert.equal(rows[0]?.decisionId, 'dec_1');
});

test('what is at an upstream is not free under another purpose; its health may be read', async () => {
  const { at } = await serve((_request, response) => response.end('well'));
  await using egress = open();
  const [host = '', port] = at.split(':');
  egress.allow('upstreams', [{ host, port: Number(port), purpose: 'upstream-health', origin: 'upstream' }]);
  await refused(egress.fetch(`http://${at}/`, { purpose: 'other' }), 'not-allowed');
  await refused(
    egress.fetch(`http://${at}/`, { purpose: 'upstream-health', method: 'POST', body: 'x' }),
    'not-allowed',
  );
  assert.equal(await (await egress.fetch(`http://${at}/`, { purpose: 'upstream-health' })).text(), 'well');
  egress.allow('upstreams', []);
  assert.equal(await (await egress.fetch(`http://${at}/`, { purpose: 'other' })).text(), 'well');
});

test('a redirect of a cleared request is handed back and recorded, never followed', async () => {
  let reached = 0;
  const second = await serve((_request, response) => {
    reached += 1;
    response.end('elsewhere');
  });
  const first = await serve((_request, response) => {
    response.writeHead(307, { location: `http://${second.at}/` }).end();
  });
  await using egress = open();
  const clearance = clear([first.at]);
  const answer = await egress.fetch(`http://${first.at}/`, {
    purpose: 'inference',
    method: 'POST',
    body: 'x',
    clearance,
  });
  await answer.text();
  assert.equal(answer.status, 307);
  assert.equal(reached, 0);
  assert.equal(egress.connections()[0]?.refused, 'redirect');
});

test('no more is sent than was decided', async () => {
  const { at } = await serve((request, response) => request.resume().on('end', () => response.end('ok')));
  await using egress = open();
  const clearance = clear([at], { mostBytes: 10 });
  const send = (body: string) =>
    egress.fetch(`http://${at}/`, { purpose: 'inference', method: 'POST', body, clearance });
  await (await send('123456')).text();
  await refused(send('123456'), 'limit');
});

test('each byte of a kept connection belongs to one decision, and the sums agree with what the peer saw', async () => {
  const sockets: Socket[] = [];
  const { at, server } = await serve((request, response) =>
    request.resume().on('end', () => response.end('y'.repeat(900))),
  );
  server.on('connection', (socket) => sockets.push(socket));
  await using egress = open();
  for (let n = 0; n < 20; n += 1) {
    const clearance = clear([at], { decisionId: `dec_${n % 3}` });
    const answer = await egress.fetch(`http://${at}/`, {
      purpose: 'inference',
      method: 'POST',
      body: 'x'.repeat(n * 100),
      clearance,
    });
    await answer.text();
  }
  assert.equal(sockets.length, 1, 'the connection is kept');
  const decisions = ['dec_0', 'dec_1', 'dec_2'].map((id) => egress.bytesOf(id));
  const sum = (of: 'sentBytes' | 'receivedBytes') => decisions.reduce((total, each) => total + each[of], 0);
  assert.equal(sum('sentBytes'), sockets[0]?.bytesRead);
  assert.equal(sum('receivedBytes'), sockets[0]?.bytesWritten);
  const [total] = egress.totals();
  assert.deepEqual([total?.sentBytes, total?.receivedBytes], [sum('sentBytes'), sum('receivedBytes')]);
});

test('the wait for a connection, for the first byte and for the next piece have each their limit', async () => {
  const { at } = await serve((request, response) => {
    if (request.url === '/started') response.writeHead(200).write('a');
  });
  await using egress = open();
  const phaseOf = async (work: Promise<unknown>): Promise<unknown> =>
    work.then(
      () => 'none',
      (error) => error.facts.phase,
    );
  const options = { purpose: 'p', firstByteTimeoutMs: 30, silenceTimeoutMs: 30, connectTimeoutMs: 5000 };
  assert.equal(await phaseOf(egress.fetch(`http://${at}/silent`, options)), 'first-byte');
  const started = await egress.fetch(`http://${at}/started`, options);
  assert.equal(await phaseOf(started.text()), 'silence');
});

test('a plain connection is opened, counted and refused as a request is', async () => {
  const server = createTcpServer((socket) => socket.pipe(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => server.close());
  const { port } = server.address() as AddressInfo;
  await using egress = open();
  const socket = await egress.connect({ purpose: 'sign-in', host: 'localhost', port });
  const echoed = new Promise((resolve) => socket.once('data', (data) => resolve(data.toString())));
  socket.write('hello');
  assert.equal(await echoed, 'hello');
  assert.deepEqual(
    egress.totals().map(({ purpose, sentBytes, receivedBytes }) => [purpose, sentBytes, receivedBytes]),
    [['sign-in', 5, 5]],
  );
  await refused(egress.connect({ purpose: 'sign-in', host: 'ldap.example', port: 636, tls: true }), 'not-allowed');
});

test('addresses are known for what they are, in whatever way they are written', () => {
  const kinds: Record<string, string> = {
    '127.9.9.9': 'loopback',
    '::1': 'loopback',
    '10.1.2.3': 'private',
    '172.31.0.1': 'private',
    '100.64.0.1': 'private',
    'fd12::1': 'private',
    '169.254.169.254': 'metadata',
    'fe80::1': 'metadata',
    'fd00:ec2::254': 'metadata',
    '::ffff:10.0.0.1': 'private',
    '::ffff:7f00:1': 'loopback',
    '64:ff9b::a9fe:a9fe': 'metadata',
    '2002:0a00:0001::': 'private',
    '0.0.0.0': 'reserved',
    '::': 'reserved',
    '224.0.0.1': 'reserved',
    '255.255.255.255': 'reserved',
    '93.184.215.14': 'public',
    '2606:4700::1111': 'public',
  };
  for (const [address, kind] of Object.entries(kinds)) assert.equal(addressKind(address), kind, address);
  assert.equal(normalHost('EXAMPLE.org.'), 'example.org');
  assert.equal(normalHost('bücher.example'), 'xn--bcher-kva.example');
  assert.equal(normalHost('0x7f.1'), '127.0.0.1');
  assert.equal(normalHost('[::FFFF:127.0.0.1]'), '::ffff:7f00:1');
  assert.equal(normalHost('a b'), undefined);
  assert.equal(normalHost('a.example/x'), undefined);
});
