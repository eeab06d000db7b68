import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { openTestGateway } from '../../test/parts/test-gateway.ts';
import { openUpstreamRoom } from '../../test/parts/upstream-room.ts';
import { openOpenAiUpstream } from '../../test/parts/upstream-servers/index.ts';

const key = 'sk-never-shown-0123456789';
const home = { tier: 'on-premises', extraEuExposure: false };

async function open(context: TestContext) {
  const room = await openUpstreamRoom(context);
  const gateway = await openTestGateway({ rooms: { upstreams: room.upstreams } });
  const server = await openOpenAiUpstream({ key });
  context.after(async () => {
    await gateway.close();
    await server[Symbol.asyncDispose]();
  });
  const call = async (method: string, path: string, body?: unknown) => {
    const response = await gateway.ask(path, { method, ...(body === undefined ? {} : { body }) });
    const text = await response.text();
    assert.ok(!text.includes('never-shown'), 'no reply holds a secret');
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
  };
  return { room, server, call };
}

test('an upstream is declared, changed, tested and removed, and its secret is never shown', async (context) => {
  const { room, server, call } = await open(context);
  const made = await call('POST', '/api/upstreams', {
    id: 'peer',
    title: 'Peer',
    kind: 'openai',
    urls: [`${server.url}/v1`],
    destination: { ...home, country: 'FR' },
    models: [{ name: 'echo', price: { currency: 'EUR', inputMicros: 1, outputMicros: 2, asOf: '2026-01-01' } }],
    secret: { apiKey: key },
  });
  assert.equal(made.status, 201);
  assert.equal(made.body.secretSet, true);
  assert.equal(made.body.destination.declaredBy, 'local');
  assert.equal(made.body.models[0].id, 'peer/echo');
  const tested = await call('POST', '/api/upstreams/peer/test');
  assert.deepEqual([tested.body.ok, tested.body.reason, tested.body.models], [true, 'ok', ['echo']]);
  const listed = await call('GET', '/api/upstreams');
  assert.equal(listed.body.upstreams[0].health.replicas[0].state, 'well');
  const changed = await call('PATCH', '/api/upstreams/peer', { version: 1, title: 'Other' });
  assert.deepEqual([changed.status, changed.body.title, changed.body.version], [200, 'Other', 2]);
  const stale = await call('PATCH', '/api/upstreams/peer', { version: 1, title: 'Late' });
  assert.deepEqual([stale.status, stale.body.code], [409, 'conflict']);
  await call('PATCH', '/api/upstreams/peer', { version: 2, enabled: false });
  assert.equal(room.upstreams.findModel('peer/echo'), undefined, 'switched off, it serves nobody');
  assert.deepEqual((await call('POST', '/api/upstreams/peer/test')).body.models, ['echo'], 'and can still be tested');
  assert.equal((await call('DELETE', '/api/upstreams/peer')).status, 204);
  assert.equal((await call('GET', '/api/upstreams/peer')).status, 404);
  const records = await room.recorded();
  assert.deepEqual(
    records.map(({ data }) => data.action),
    ['create', 'update', 'update', 'remove'],
  );
  assert.ok(!JSON.stringify(records).includes('never-shown'));
});

test('what is not a client’s to declare is not kept, whatever stands in it', async (context) => {
  const { server, call } = await open(context);
  const destination = { ...home, id: 'mine', declaredBy: { '\u0000': '\u0000' }, declaredAt: ['\u0000'] };
  const made = await call('POST', '/api/upstreams', {
    id: 'peer',
    title: 'Peer',
    kind: 'openai',
    urls: [`${server.url}/v1`],
    destination,
  });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  assert.equal(made.body.destination.id, 'peer');
  assert.match(made.body.destination.declaredAt, /^\d{4}-/);
});

test('a stored secret does not follow to an address that it was not entered for', async (context) => {
  const { server, call } = await open(context);
  const declared = { id: 'peer', title: 'Peer', kind: 'openai', destination: home, secret: { apiKey: key } };
  await call('POST', '/api/upstreams', { ...declared, urls: [`${server.url}/v1`] });
  const moved = await call('PATCH', '/api/upstreams/peer', { version: 1, urls: ['https://thief.example/v1'] });
  assert.deepEqual([moved.status, moved.body.facts.field], [409, 'secret']);
});

test('each common failure of a test has its own word', async (context) => {
  const { server, call } = await open(context);
  const declared = { title: 'Peer', kind: 'openai', destination: home, models: [{ name: 'echo' }] };
  const reasonOf = async (id: string, more: object): Promise<string> => {
    assert.equal((await call('POST', '/api/upstreams', { ...declared, id, ...more })).status, 201);
    const { body } = await call('POST', `/api/upstreams/${id}/test`);
    assert.equal(body.ok, false);
    assert.ok(body.words.length > 20);
    return body.reason;
  };
  const urls = [`${server.url}/v1`];
  const secret = { apiKey: key };
  assert.equal(await reasonOf('no-key', { urls }), 'wrong_key');
  assert.equal(await reasonOf('address', { urls: [`${server.url}/v2`], secret }), 'wrong_address');
  assert.equal(await reasonOf('model', { urls, secret, models: [{ name: 'other' }] }), 'model_unknown');
  assert.equal(await reasonOf('gone', { urls: ['http://127.0.0.1:9/v1'], secret }), 'unreachable');
  assert.equal(await reasonOf('tls', { urls: [`https://127.0.0.1:${server.port}/v1`], secret }), 'tls');
  server.faults.push({ kind: 'raw', type: 'text/html', body: '<html></html>' });
  assert.equal(await reasonOf('page', { urls, secret }), 'not_the_api');
});
