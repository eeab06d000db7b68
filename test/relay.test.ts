import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { AuditRecord } from '../src/audit/index.ts';
import type { UpstreamInput } from '../src/upstreams/index.ts';
import { openTestGateway, type TestGateway } from './parts/test-gateway.ts';
import { openOpenAiUpstream, type UpstreamServer } from './parts/upstream-servers/index.ts';

/** Requests that go on to an upstream as they are: the same decision, quota and record, and not a byte changed. */
let gateway: TestGateway;
let server: UpstreamServer;
let spare: UpstreamServer;
const price = { currency: 'EUR', inputMicros: 2_000_000, outputMicros: 6_000_000, asOf: '2026-11-01' };

before(async () => {
  server = await openOpenAiUpstream();
  spare = await openOpenAiUpstream();
  const upstream = (id: string, at: UpstreamServer, fallbacks: string[] = []): UpstreamInput => ({
    id,
    title: id,
    kind: 'openai',
    urls: [`${at.url}/v1`],
    destination: { tier: 'on-premises', country: 'FR', extraEuExposure: false },
    models: [{ name: 'echo', capabilities: ['chat', 'completion', 'embedding'], price }],
    timeouts: { connectMs: 1_000, firstTokenMs: 1_000, betweenTokensMs: 1_000, totalMs: 20_000 },
    fallbacks,
  });
  gateway = await openTestGateway({
    conversations: true,
    accounts: true,
    serves: [upstream('spare', spare), upstream('up', server), upstream('backed', server, ['spare'])],
  });
});
after(async () => {
  await gateway.close();
  await server[Symbol.asyncDispose]();
  await spare[Symbol.asyncDispose]();
});

const chat = { model: 'up/echo', messages: [{ role: 'user', content: 'one two three' }] };
const ask = (body: unknown, headers = {}, path = '/v1/chat/completions') => gateway.ask(path, { body, headers });
const posted = (at: UpstreamServer) => at.seen.filter(({ method }) => method === 'POST');
async function outcomes(): Promise<readonly AuditRecord['data'][]> {
  await gateway.audit.append({ kind: 'system', actor: 'test', data: {} });
  const found: AuditRecord['data'][] = [];
  for await (const { data } of gateway.audit.read({ kinds: ['outcome'], newestFirst: true, limit: 5 }))
    found.push(data);
  return found;
}

test('the body goes out as it came, but for the model’s name, and the reply comes back as it is', async () => {
  const sent = JSON.stringify(
    { ...chat, tools: [{ type: 'function', function: { name: 'f', parameters: {} } }] },
    null,
    3,
  );
  const reply = await ask(sent);
  assert.equal(reply.status, 200, await reply.clone().text());
  assert.equal(posted(server).at(-1)?.rawBody.toString(), sent.replace('"up/echo"', '"echo"'));
  const { choices } = (await reply.json()) as { choices: { message: { content: string } }[] };
  assert.equal(choices[0]?.message.content, 'one two three');
  assert.equal(reply.headers.get('x-intramuros-destination'), 'up');
  const [outcome] = await outcomes();
  assert.equal(outcome?.decisionId, reply.headers.get('x-intramuros-decision'));
  assert.deepEqual([outcome?.promptTokens, outcome?.completionTokens, outcome?.costMicros], [3, 3, 3 * 2 + 3 * 6]);
});

test('a stream passes frame by frame; usage is asked for, booked, and given to who asked for it', async () => {
  const frames = async (body: object) => {
    const reply = await ask({ ...chat, stream: true, ...body });
    assert.equal(reply.headers.get('content-type')?.split(';')[0], 'text/event-stream');
    return (await reply.text()).split('\n\n').filter((frame) => frame !== '');
  };
  const plain = await frames({});
  assert.deepEqual(posted(server).at(-1)?.body.stream_options, { include_usage: true });
  assert.equal(plain.at(-1), 'data: [DONE]');
  assert.ok(plain.every((frame) => !/"usage": ?\{/.test(frame)));
  const [outcome] = await outcomes();
  assert.deepEqual([outcome?.ok, outcome?.promptTokens, outcome?.completionTokens], [true, 3, 3]);
  const withUsage = await frames({ stream_options: { include_usage: true } });
  assert.equal(withUsage.length, plain.length + 1);
  assert.ok(withUsage.some((frame) => /"usage": ?\{"prompt_tokens":3/.test(frame)));
});

test('an upstream that cuts, stalls, ends early or answers with a page is a failure, never a clean end', async () => {
  for (const fault of [
    { kind: 'cut', afterFrames: 2 },
    { kind: 'stall', afterFrames: 2 },
    { kind: 'end', afterFrames: 2 },
  ] as const) {
    server.faults.push(fault);
    const text = await (await ask({ ...chat, stream: true })).text();
    assert.match(text, /"code":"upstream_(failed|timeout)"/, fault.kind);
    assert.equal((await outcomes())[0]?.ok, false, fault.kind);
  }
  server.faults.push({ kind: 'raw', body: '<html>Sign in</html>', type: 'text/html' });
  const page = await ask(chat);
  assert.equal(page.status, 502);
  assert.equal(((await page.json()) as { error: { code: string } }).error.code, 'upstream_failed');
  server.faults.push({ kind: 'slivers' });
  const slivers = await (await ask({ ...chat, stream: true })).text();
  assert.match(slivers, /three[\s\S]*\[DONE\]/);
});

test('a client that leaves ends the upstream’s work, and what was used is booked', async () => {
  server.paceMs = 20;
  const leaving = new AbortController();
  const body = { ...chat, stream: true, messages: [{ role: 'user', content: 'word '.repeat(500) }] };
  const reply = await gateway.ask('/v1/chat/completions', { body, signal: leaving.signal });
  const reader = reply.body?.getReader();
  await reader?.read();
  await reader?.read();
  leaving.abort();
  assert.equal(await posted(server).at(-1)?.left, true);
  server.paceMs = 0;
  const own = reply.headers.get('x-intramuros-decision');
  let outcome: AuditRecord['data'] | undefined;
  for (let tries = 0; outcome === undefined && tries < 500; tries += 1) {
    outcome = (await outcomes()).find(({ decisionId }) => decisionId === own);
  }
  assert.ok(Number(outcome?.promptTokens) > 0 && Number(outcome?.completionTokens) > 0);
  assert.ok(Number(outcome?.completionTokens) < 500);
});

test('what may not be handed on goes the way where each field is read', async () => {
  await ask({ ...chat, store: false, provider: { order: ['elsewhere'] } });
  assert.equal(posted(server).at(-1)?.body.provider, undefined);
  const refused = await ask({ ...chat, store: true });
  assert.equal(refused.status, 400);
});

test('a place that is down has others to fall back to, here too', async () => {
  const down = { kind: 'status', status: 503 } as const;
  server.faults.push(down, down, down, down, down, down);
  const reply = await ask({ ...chat, model: 'backed/echo' });
  server.faults.length = 0;
  assert.equal(reply.status, 200, await reply.clone().text());
  assert.equal(reply.headers.get('x-intramuros-destination'), 'spare');
});

test('quotas count what was used on both ways, and refuse before anything is sent', async () => {
  const { accounts } = gateway;
  assert.ok(accounts);
  const owner = await accounts.setUp({ name: 'ada', password: 'correct horse battery' });
  const paul = await accounts.people.create(owner.who, { name: 'paul', password: 'correct horse battery' });
  const { who } = await accounts.sessions.signIn({ name: 'paul', password: 'correct horse battery' });
  const { key } = await accounts.keys.create(who, paul.id, { name: 'script' });
  const as = { authorization: `Bearer ${key}` };
  const cap = await accounts.quotas.create(owner.who, {
    subject: { kind: 'person', id: paul.id },
    unit: 'tokens',
    period: 'day',
    limit: 1_000,
  });
  const used = () => accounts.quotas.list().find(({ id }) => id === cap.id);
  assert.equal((await ask(chat, as)).status, 200);
  assert.deepEqual([used()?.used, used()?.reserved], [6, 0], 'relayed');
  await (await ask({ ...chat, stream: true }, as)).text();
  assert.deepEqual([used()?.used, used()?.reserved], [12, 0], 'relayed as a stream');
  assert.equal((await ask({ ...chat, model: 'echo' }, as)).status, 200);
  const here = used()?.used ?? 0;
  assert.ok(here > 12 && used()?.reserved === 0, 'answered here');
  server.faults.push({ kind: 'cut', afterFrames: 2 });
  await (await ask({ ...chat, stream: true }, as)).text();
  assert.ok((used()?.used ?? 0) > here, 'what broke was used too');
  assert.equal(used()?.reserved, 0);
  const before = posted(server).length;
  const over = await ask({ ...chat, max_tokens: 5_000 }, as);
  assert.deepEqual(
    [over.status, ((await over.json()) as { error: { code: string } }).error.code],
    [429, 'insufficient_quota'],
  );
  assert.ok(Number(over.headers.get('retry-after')) > 0);
  const vectors = await ask({ model: 'up/echo', input: 'x '.repeat(5_000) }, as, '/v1/embeddings');
  assert.equal(vectors.status, 429);
  assert.equal(posted(server).length, before);
});

test('a key that is limited to some models and a highest label goes no further', async () => {
  const { accounts } = gateway;
  assert.ok(accounts);
  const owner = await accounts.sessions.signIn({ name: 'ada', password: 'correct horse battery' });
  const { key } = await accounts.keys.create(owner.who, owner.who.personId, {
    name: 'narrow',
    models: ['up/*', 'echo'],
    ceiling: { level: 'INTERNE', mentions: [], compartments: [] },
  });
  const as = { authorization: `Bearer ${key}` };
  const code = async (body: object, more = {}): Promise<string> => {
    const reply = await ask(body, { ...as, ...more });
    return `${reply.status} ${((await reply.json()) as { error?: { code: string } }).error?.code ?? ''}`;
  };
  assert.equal(await code(chat), '200 ');
  assert.equal(await code({ ...chat, model: 'spare/echo' }), '403 forbidden');
  assert.equal(await code(chat, { 'x-intramuros-label': 'SENSIBLE' }), '403 destination_denied');
  assert.equal(await code({ ...chat, model: 'echo' }, { 'x-intramuros-label': 'SENSIBLE' }), '403 destination_denied');
  const cookie = { cookie: `intramuros_session=${owner.token}` };
  const made = await gateway.ask('/api/conversations', { method: 'POST', body: { title: 'Dossier' }, headers: cookie });
  const { id } = (await made.json()) as { id: string };
  const read = async () => (await gateway.ask(`/api/conversations/${id}/messages`, { headers: as })).status;
  assert.equal(await read(), 200);
  const label = { level: 'SENSIBLE' };
  await gateway.ask(`/api/conversations/${id}`, { method: 'PATCH', body: { label }, headers: cookie });
  assert.equal(await read(), 404, 'nor does it read what is above its label');
  const list = await (await gateway.ask('/api/conversations', { headers: as })).text();
  assert.doesNotMatch(list, /Dossier/);
  const { data } = (await (await gateway.ask('/v1/models', { headers: as })).json()) as { data: { id: string }[] };
  assert.deepEqual(data.map(({ id }) => id).sort(), ['echo', 'up/echo']);
});
