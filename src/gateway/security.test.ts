import assert from 'node:assert/strict';
import { request } from 'node:http';
import { connect, createServer } from 'node:net';
import { test } from 'node:test';
import { openTestGateway, type TestGateway, type TestGatewayOptions } from '../../test/parts/test-gateway.ts';
import { isIntramurosError } from '../base/index.ts';

async function using(options: TestGatewayOptions, work: (gateway: TestGateway) => Promise<void>): Promise<void> {
  const gateway = await openTestGateway(options);
  try {
    await work(gateway);
  } finally {
    await gateway.close();
  }
}

/** A request whose headers are sent as they are: `fetch` forbids some. */
function raw(
  gateway: TestGateway,
  options: { path?: string; method?: string; headers: Record<string, string>; body?: string },
): Promise<{ status: number; body: string }> {
  const { hostname, port } = new URL(gateway.address);
  return new Promise((resolve, reject) => {
    const asked = request(
      { hostname, port, path: options.path ?? '/v1/models', method: options.method ?? 'GET', headers: options.headers },
      (reply) => {
        let body = '';
        reply
          .setEncoding('utf8')
          .on('data', (text) => {
            body += text;
          })
          .on('end', () => resolve({ status: reply.statusCode ?? 0, body }));
      },
    );
    asked.on('error', reject).end(options.body);
  });
}

/** Bytes to the socket, and all that comes back. */
function speak(gateway: TestGateway, bytes: string): Promise<string> {
  const { hostname, port } = new URL(gateway.address);
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(Number(port), hostname, () => socket.write(bytes));
    socket
      .setEncoding('utf8')
      .on('data', (data) => {
        text += data;
      })
      .on('close', () => resolve(text))
      .on('error', reject);
  });
}

test('names that are not of this server are refused, so that no page can rebind its name to it', () =>
  using({ allowedHosts: ['assistant.example'] }, async (gateway) => {
    for (const host of ['evil.example', 'evil.example:8420', 'localhost.evil.example']) {
      assert.equal((await raw(gateway, { headers: { host } })).status, 403, host);
    }
    for (const host of [
      'localhost',
      'localhost:1',
      '127.0.0.1:8420',
      '[::1]:8420',
      'assistant.example',
      'app.localhost',
    ]) {
      assert.equal((await raw(gateway, { headers: { host } })).status, 200, host);
    }
  }));

test('pages of other sites may ask nothing that changes or computes', () =>
  using({}, async (gateway) => {
    const host = new URL(gateway.address).host;
    const ask = (headers: Record<string, string>): Promise<{ status: number; body: string }> =>
      raw(gateway, {
        path: '/tokenize',
        method: 'POST',
        headers: { host, 'content-type': 'application/json', ...headers },
        body: '{"content":"a"}',
      });
    assert.equal((await ask({})).status, 200);
    assert.equal((await ask({ origin: `http://${host}` })).status, 200);
    for (const origin of ['http://evil.example', 'null', `https://${host}.evil.example`, 'http://localhost:1']) {
      const refused = await ask({ origin });
      assert.equal(refused.status, 403, origin);
      assert.match(refused.body, /"code":"forbidden_origin"/);
    }
    assert.equal((await ask({ 'sec-fetch-site': 'cross-site' })).status, 403);
  }));

test('no reply opens itself to other origins', () =>
  using({}, async (gateway) => {
    for (const path of ['/v1/models', '/health', '/openapi.json']) {
      const reply = await gateway.ask(path, { headers: { origin: 'http://evil.example' } });
      assert.equal(reply.headers.get('access-control-allow-origin'), null);
    }
  }));

test('with a key, everything but health and the reference needs it', () =>
  using({ apiKey: 'sesame' }, async (gateway) => {
    for (const path of ['/v1/models', '/api/status', '/metrics', '/api/none']) {
      const refused = await gateway.ask(path);
      assert.equal(refused.status, 401, path);
      assert.match(refused.headers.get('www-authenticate') ?? '', /^Bearer/);
      assert.doesNotMatch(await refused.text(), /sesame/);
    }
    for (const headers of [
      { authorization: 'Bearer wrong' },
      { authorization: 'Bearer sesame2' },
      { authorization: 'Basic sesame' },
    ]) {
      assert.equal((await gateway.ask('/v1/models', { headers })).status, 401);
    }
    for (const headers of [{ authorization: 'Bearer sesame' }, { 'x-api-key': 'sesame' }]) {
      assert.equal((await gateway.ask('/v1/models', { headers })).status, 200);
    }
    for (const path of ['/health', '/openapi.json', '/docs']) assert.equal((await gateway.ask(path)).status, 200, path);
  }));

const failsWith =
  (code: string) =>
  (error: unknown): boolean =>
    isIntramurosError(error) && error.code === code;

test('listening beyond this machine without a key is refused', async () => {
  await assert.rejects(openTestGateway({ host: '0.0.0.0' }), failsWith('authentication_required_to_listen'));
});

test('a port that is taken is named, with the way out', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => other.once('listening', resolve));
  const { port } = other.address() as { port: number };
  await assert.rejects(
    openTestGateway({ port }),
    (error) => failsWith('address_in_use')(error) && new RegExp(`Port ${port} .*--port`).test(String(error)),
  );
  other.close();
});

test('an address of no interface here is named', async () => {
  await assert.rejects(openTestGateway({ host: '192.0.2.1', apiKey: 'k' }), failsWith('address_not_available'));
});

test('what is no HTTP, or has huge headers, is answered and let go', () =>
  using({}, async (gateway) => {
    assert.match(await speak(gateway, 'hello\r\n\r\n'), /^HTTP\/1\.1 400 .*application\/problem\+json/s);
    assert.match(
      await speak(gateway, `GET / HTTP/1.1\r\nhost: localhost\r\nx: ${'y'.repeat(80_000)}\r\n\r\n`),
      /^HTTP\/1\.1 431 /,
    );
    assert.equal((await gateway.ask('/health')).status, 200);
  }));

test('a key that is sent twice, or with control characters in it, opens nothing', async () => {
  await using gateway = await openTestGateway({ apiKey: 'sesame' });
  const ask = (headers: readonly string[]): Promise<string> =>
    speak(
      gateway,
      `GET /api/status HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n${headers.join('\r\n')}\r\n\r\n`,
    );
  assert.match(await ask(['authorization: Bearer sesame']), /^HTTP\/1\.1 200 /);
  for (const headers of [
    ['authorization: Bearer sesame', 'authorization: Bearer sesame'],
    ['authorization: Bearer wrong', 'Authorization: Bearer sesame'],
    ['authorization: Bearer sesame', 'x-api-key: wrong'],
    ['x-api-key: sesame', 'X-API-Key: sesame'],
    ['authorization: Basic sesame'],
    ['authorization:\tBearer\tsesame'],
  ])
    assert.match(await ask(headers), /^HTTP\/1\.1 401 /, headers.join(' | '));
  for (const byte of ['\0', '\x01', '\x7f', '\r', '\n x: y'])
    assert.doesNotMatch(await ask([`authorization: Bearer sesame${byte}a`]), /^HTTP\/1\.1 200 /, JSON.stringify(byte));
  assert.match(await ask(['authorization : Bearer sesame']), /^HTTP\/1\.1 400 /, 'a space before the colon');
  assert.match(await ask(['x: y', ' authorization: Bearer sesame']), /^HTTP\/1\.1 40[01] /, 'a folded line');
});

test('the page has a policy that lets nothing in from elsewhere', () =>
  using({ pageFolder: new URL('../../test/parts/page', import.meta.url).pathname }, async (gateway) => {
    const page = await gateway.ask('/', { headers: { accept: 'text/html' } });
    const policy = page.headers.get('content-security-policy') ?? '';
    assert.match(policy, /default-src 'none'/);
    assert.doesNotMatch(policy, /https?:|\*|unsafe-|data:|blob:/);
    assert.equal(page.headers.get('x-frame-options'), 'DENY');
    assert.equal(page.headers.get('cache-control'), 'no-cache');
    assert.match(await page.text(), /a page for tests/);
    const deep = await gateway.ask('/c/conv_1', { headers: { accept: 'text/html' } });
    assert.equal(deep.status, 200, 'addresses of the page lead to the page');
    const again = await gateway.ask('/', {
      headers: { accept: 'text/html', 'if-none-match': page.headers.get('etag') ?? '' },
    });
    assert.equal(again.status, 304);
    const asset = await gateway.ask('/assets/app-0a1b2c3d.js', { headers: { 'accept-encoding': 'br' } });
    assert.match(asset.headers.get('cache-control') ?? '', /immutable/);
    assert.equal(asset.headers.get('content-encoding'), 'br');
    assert.match(await asset.text(), /export const page/);
    for (const path of ['/assets/none-0a1b2c3d.js', '/..%2f..%2fpackage.json', '/%2e%2e/page.ts']) {
      assert.equal((await gateway.ask(path)).status, 404, path);
    }
    assert.equal((await gateway.ask('/', { method: 'POST', body: {} })).status, 405);
  }));
