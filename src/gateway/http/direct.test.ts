import assert from 'node:assert/strict';
import {
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request,
  type ServerResponse,
} from 'node:http';
import { after, before, test } from 'node:test';
import { openTestGateway, type TestGateway } from '../../../test/parts/test-gateway.ts';
import { openOpenAiUpstream, type UpstreamServer } from '../../../test/parts/upstream-servers/index.ts';
import { contract } from '../contract.ts';
import { openDirect } from './direct.ts';
import type { ServerOptions } from './server-options.ts';

let gateway: TestGateway;
let server: UpstreamServer;

before(async () => {
  server = await openOpenAiUpstream();
  gateway = await openTestGateway({
    conversations: true,
    apiKey: 'house-key-of-the-test',
    serves: [
      {
        id: 'up',
        title: 'up',
        kind: 'openai',
        urls: [`${server.url}/v1`],
        destination: { tier: 'on-premises', country: 'FR', extraEuExposure: false },
        models: [{ name: 'echo', capabilities: ['chat', 'completion', 'embedding'] }],
      },
    ],
  });
});
after(async () => {
  await gateway?.close();
  await server[Symbol.asyncDispose]();
});

const key = 'Bearer house-key-of-the-test';
const path = '/v1/chat/completions';
const question = JSON.stringify({ model: 'up/echo', messages: [{ role: 'user', content: 'à l’été « 日本 »' }] });

interface Seen {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** The same request, with its length told (the short way) or in chunks (the long one). */
function send(way: 'short' | 'long', body: string, headers: OutgoingHttpHeaders = {}): Promise<Seen> {
  const { hostname, port } = new URL(gateway.address);
  const size = way === 'short' ? { 'content-length': Buffer.byteLength(body) } : { 'transfer-encoding': 'chunked' };
  const all = { 'content-type': 'application/json', authorization: key, 'x-request-id': 'same', ...size, ...headers };
  return new Promise((resolve, reject) => {
    const asked = request({ hostname, port, path, method: 'POST', headers: all }, async (reply) => {
      const parts: Buffer[] = [];
      for await (const part of reply) parts.push(part as Buffer);
      resolve({ status: reply.statusCode ?? 0, headers: reply.headers, body: Buffer.concat(parts).toString() });
    });
    asked.on('error', reject).end(body);
  });
}

/** What two replies must have in common: everything but the times and the id of the decision. */
function common({ status, headers, body }: Seen): unknown {
  const same = Object.entries(headers).filter(([name]) => !['date', 'x-intramuros-decision'].includes(name));
  return { status, body, headers: Object.fromEntries(same.sort(([a], [b]) => (a < b ? -1 : 1))) };
}

const cases: Readonly<Record<string, readonly [body: string, headers?: OutgoingHttpHeaders]>> = {
  'a whole answer': [question],
  'a stream': [question.replace('{', '{"stream":true,')],
  'no JSON': ['{"model": nothing}'],
  'no UTF-8 in words that are none': ['[]'],
  'a field of the wrong kind': ['{"model":1,"messages":[]}'],
  'a model that is not there': [question.replace('up/echo', 'none')],
  'a wrong key': [question, { authorization: 'Bearer imu_wrong' }],
  'two keys': [question, { 'x-api-key': 'another' }],
  'a name that is not of this server': [question, { host: 'evil.example' }],
  'a page of another site': [question, { origin: 'https://evil.example' }],
  'a call across sites': [question, { 'sec-fetch-site': 'cross-site' }],
  'a label that cannot be read': [question, { 'x-intramuros-label': 'nonsense' }],
  'a form that is not served': [question, { accept: 'image/png' }],
  'a problem document': ['{}', { accept: 'application/problem+json' }],
};

for (const [name, [body, headers]] of Object.entries(cases))
  test(`the short way answers as the long one: ${name}`, async () => {
    const [short, long] = [await send('short', body, headers), await send('long', body, headers)];
    assert.deepEqual(common(short), common(long));
    assert.equal(short.status === 200, name === 'a whole answer' || name === 'a stream', short.body);
  });

test('what is out of the ordinary is left untouched for the long way', () => {
  const unasked = (): never => {
    throw new Error('a check was asked');
  };
  const options = { endpoints: contract, bodyLimitBytes: 1_000 } as unknown as ServerOptions;
  let isClosing = false;
  const checks = { guard: unasked, peers: { of: unasked }, authenticate: unasked, isClosing: () => isClosing };
  const direct = openDirect(options, checks);
  const plain = { 'content-type': 'application/json', 'content-length': '10' };
  const left = (headers: IncomingHttpHeaders, url = path, method = 'POST'): boolean =>
    !direct({ method, url, headers } as IncomingMessage, {} as ServerResponse);
  assert.ok(left(plain, path, 'GET'));
  assert.ok(left(plain, `${path}?a=b`));
  assert.ok(left(plain, '/api/conversations'));
  assert.ok(left({ 'content-type': 'application/json', 'transfer-encoding': 'chunked' }));
  for (const [name, value] of [
    ['content-length', '0'],
    ['content-length', '1001'],
    ['content-length', '+5'],
    ['transfer-encoding', 'chunked'],
    ['content-encoding', 'gzip'],
    ['content-type', 'text/plain'],
    ['content-type', 'application/json; charset=utf-16'],
    ['expect', '100-continue'],
    ['upgrade', 'websocket'],
  ] as const)
    assert.ok(left({ ...plain, [name]: value }), `${name}: ${value}`);
  isClosing = true;
  assert.ok(left(plain));
  isClosing = false;
  assert.throws(() => left(plain), 'the ordinary one is taken');
});
