import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { after, test } from 'node:test';
import { silentLog, systemClock } from '../base/index.ts';
import { openEgress } from './index.ts';
import { proxyFor } from './proxy.ts';

const target = (hostname: string, protocol = 'https:', port = '443') => ({ hostname, protocol, port });

test('the proxy of the environment is taken as curl takes it, and never for this machine', () => {
  const environment = {
    HTTPS_PROXY: 'http://proxy:3128',
    http_proxy: 'plain:8080',
    NO_PROXY: 'example.org, .intra, host:8443',
  };
  const of = (...args: Parameters<typeof target>) => proxyFor(target(...args), environment)?.host;
  assert.equal(of('huggingface.co'), 'proxy:3128');
  assert.equal(of('huggingface.co', 'http:', '80'), 'plain:8080');
  assert.equal(of('example.org'), undefined);
  assert.equal(of('a.example.org'), undefined);
  assert.equal(of('notexample.org'), 'proxy:3128');
  assert.equal(of('mirror.intra'), undefined);
  assert.equal(of('host', 'https:', '8443'), undefined);
  assert.equal(of('host'), 'proxy:3128');
  assert.equal(of('127.0.0.1'), undefined);
  assert.equal(proxyFor(target('a.org'), { ALL_PROXY: 'http://p:1', no_proxy: '*' }), undefined);
  assert.equal(proxyFor(target('a.org'), {}), undefined);
});

test('a request goes through a real proxy, with its password, and a refusal is said in words', async () => {
  const origin = createServer((_request, response) => response.end('through'));
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
  const asked: string[] = [];
  const proxy = createServer();
  proxy.on('connect', (request, client) => {
    asked.push(`${request.url} ${request.headers['proxy-authorization'] ?? ''}`);
    if (request.url?.startsWith('blocked.invalid')) {
      client.end('HTTP/1.1 403 Forbidden\r\n\r\n');
      return;
    }
    const { port } = origin.address() as AddressInfo;
    const upstream = connect(port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      upstream.pipe(client);
      client.pipe(upstream);
    });
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const before = process.env.http_proxy;
  process.env.http_proxy = `http://me:s%20ecret@127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  after(() => {
    if (before === undefined) delete process.env.http_proxy;
    else process.env.http_proxy = before;
    origin.close().closeAllConnections();
    proxy.close().closeAllConnections();
  });
  await using egress = openEgress({ offline: false, log: silentLog(), clock: systemClock });
  const entry = { port: 80, purpose: 'p', origin: 'source' } as const;
  egress.allow('test', [
    { host: 'models.invalid', ...entry },
    { host: 'blocked.invalid', ...entry },
  ]);
  const answer = await egress.fetch('http://models.invalid/x', { purpose: 'p' });
  assert.equal(await answer.text(), 'through');
  assert.equal(asked[0], `models.invalid:80 Basic ${Buffer.from('me:s ecret').toString('base64')}`);
  const [row] = egress.totals();
  assert.equal(row?.destination, 'models.invalid:80', 'the ledger names the destination and not the proxy');
  assert.ok((row?.receivedBytes ?? 0) > 0);
  await assert.rejects(egress.fetch('http://blocked.invalid/x', { purpose: 'p' }), {
    code: 'egress_failed',
    message: /the proxy 127.0.0.1:\d+ answered "HTTP\/1.1 403 Forbidden". Check HTTPS_PROXY/,
  });
});
