import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { after, test } from 'node:test';
import { type IntramurosError, silentLog, systemClock } from '../base/index.ts';
import { openEgress } from './index.ts';

const servers: Server[] = [];
after(() => {
  for (const server of servers) server.close().closeAllConnections();
});

async function serve(handler: Parameters<typeof createServer>[1]): Promise<string> {
  const server = createServer(handler);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
const open = (offline = false) => openEgress({ offline, log: silentLog(), clock: systemClock });

test('bytes that passed the socket are counted by purpose and destination', async () => {
  const origin = await serve((_request, response) => response.end('x'.repeat(10_000)));
  await using egress = open();
  const answer = await egress.fetch(`${origin}/a`, { purpose: 'model-pull' });
  assert.equal((await answer.text()).length, 10_000);
  const totals = egress.totals();
  assert.equal(totals.length, 1);
  assert.equal(totals[0]?.purpose, 'model-pull');
  assert.equal(`http://${totals[0]?.destination}`, origin);
  assert.equal(totals[0]?.loopback, true);
  assert.ok((totals[0]?.receivedBytes ?? 0) > 10_000, 'headers count too');
  assert.ok((totals[0]?.sentBytes ?? 0) > 50);
});

test('offline refuses another machine before any name is looked up, and still reaches this one', async () => {
  const origin = await serve((_request, response) => response.end('here'));
  await using egress = open(true);
  await assert.rejects(egress.fetch('https://example.invalid/x', { purpose: 'p' }), { code: 'egress_denied' });
  await assert.rejects(egress.run({ purpose: 'p', command: 'true', args: [] }), { code: 'egress_denied' });
  assert.equal(await (await egress.fetch(origin, { purpose: 'p' })).text(), 'here');
  assert.equal(egress.totals().filter((row) => !row.loopback).length, 0);
});

test('offline is held across a redirect', async () => {
  const origin = await serve((_request, response) => {
    response.writeHead(302, { location: 'http://example.invalid/' }).end();
  });
  await using egress = open(true);
  await assert.rejects(egress.fetch(origin, { purpose: 'p' }), { code: 'egress_denied' });
});

test('a secret is not handed on to the host of a redirect, and the hops are told', async () => {
  const seen: (string | undefined)[] = [];
  const second = await serve((request, response) => {
    seen.push(request.headers.authorization);
    response.end('end');
  });
  const first = await serve((request, response) => {
    seen.push(request.headers.authorization);
    response.writeHead(302, { location: `${second}/file`, 'x-linked-etag': '"abc"' }).end();
  });
  await using egress = open();
  const answer = await egress.fetch(first, { purpose: 'p', headers: { Authorization: 'Bearer secret' } });
  assert.equal(await answer.text(), 'end');
  assert.equal(answer.url, `${second}/file`);
  assert.equal(answer.hops[0]?.headers['x-linked-etag'], '"abc"');
  assert.deepEqual(seen, ['Bearer secret', undefined]);
});

test('a failed connection says what was met and what to do', async () => {
  const closed = createTcpServer();
  await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
  const { port } = closed.address() as AddressInfo;
  await new Promise((resolve) => closed.close(resolve));
  const notHttp = createTcpServer((socket) => socket.end('SSH-2.0-OpenSSH\r\n'));
  await new Promise<void>((resolve) => notHttp.listen(0, '127.0.0.1', resolve));
  const circle = await serve((_request, response) => response.writeHead(302, { location: '/again' }).end());
  await using egress = open();
  const reasonOf = async (url: string) => {
    const error = await egress.fetch(url, { purpose: 'p' }).then(
      () => assert.fail('must fail'),
      (error: IntramurosError) => error,
    );
    assert.equal(error.code, 'egress_failed');
    return `${error.facts.reason}: ${error.message}`;
  };
  after(() => notHttp.close());
  assert.match(await reasonOf(`http://127.0.0.1:${port}`), /^refused: .*nothing listens there/);
  assert.match(await reasonOf(`https://127.0.0.1:${(notHttp.address() as AddressInfo).port}`), /^(tls|cut): /);
  assert.match(await reasonOf(`http://127.0.0.1:${(notHttp.address() as AddressInfo).port}`), /^protocol: .*not HTTP/);
  assert.match(await reasonOf(circle), /^redirects: /);
  assert.match(await reasonOf('ftp://127.0.0.1/x'), /^address: /);
});

test('a body that is let go unread is no error of the program', async () => {
  const origin = await serve((_request, response) => response.write('x'.repeat(100_000)));
  await using egress = open();
  const answer = await egress.fetch(origin, { purpose: 'p' });
  const closed = new Promise((resolve) => answer.body.on('close', resolve));
  answer.body.destroy();
  await closed; // an unhandled 'error' event would have failed this test
});

test('an abort ends a request and a command with the reason given', async () => {
  const origin = await serve(() => {});
  await using egress = open();
  const stop = new AbortController();
  const reason = new Error('enough');
  const request = egress.fetch(origin, { purpose: 'p', signal: stop.signal });
  const command = egress.run({ purpose: 'p', command: 'sleep', args: ['60'], signal: stop.signal });
  setImmediate(() => stop.abort(reason));
  await assert.rejects(request, reason);
  await assert.rejects(command, reason);
});

test('a command gives its exit code and output; one that is missing is said so', async () => {
  await using egress = open();
  const result = await egress.run({ purpose: 'p', command: 'sh', args: ['-c', 'echo out; echo err >&2; exit 3'] });
  assert.deepEqual(result, { exitCode: 3, stdout: 'out\n', stderr: 'err\n' });
  await assert.rejects(egress.run({ purpose: 'p', command: 'no-such-command-here', args: [] }), /not installed/);
});
