import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { AuditRecord } from '../src/audit/index.ts';
import type { Conversation, Message } from '../src/conversations/index.ts';
import type { GenerateRequest } from '../src/engine/index.ts';
import type { Label } from '../src/policy/index.ts';
import type { UpstreamInput } from '../src/upstreams/index.ts';
import { describeModel } from './parts/memory-library.ts';
import { openTestGateway, type TestGateway } from './parts/test-gateway.ts';
import { openOpenAiUpstream, type UpstreamServer } from './parts/upstream-servers/index.ts';

/** The label of what goes in decides where it goes and marks what comes out: one test an arrow, over HTTP, on real parts. */
let gateway: TestGateway;
let servers: UpstreamServer;
let service: UpstreamServer;
/** What the engine here was asked, with the key under which it keeps prompts. */
const asked: GenerateRequest[] = [];

const price = { currency: 'EUR', inputMicros: 2_000_000, outputMicros: 6_000_000, asOf: '2026-11-01' };
const inside: UpstreamInput['destination'] = { tier: 'on-premises', country: 'FR', extraEuExposure: false };
const outside: UpstreamInput['destination'] = {
  tier: 'saas',
  country: 'US',
  extraEuExposure: true,
  retentionDays: 0,
  trainsOnData: false,
};
const both = ['chat', 'completion', 'embedding'] as const;

before(async () => {
  servers = await openOpenAiUpstream();
  service = await openOpenAiUpstream();
  const upstream = (id: string, server: UpstreamServer, more: Partial<UpstreamInput>): UpstreamInput => ({
    id,
    title: id,
    kind: 'openai',
    urls: [`${server.url}/v1`],
    destination: inside,
    models: [{ name: 'echo', capabilities: [...both], price }],
    ...more,
  });
  gateway = await openTestGateway({
    conversations: true,
    defaultLabel: { level: 'PUBLIC', mentions: [], compartments: [] },
    models: [describeModel('echo', ['chat', 'completion']), describeModel('vectors', ['embedding'])],
    serves: [
      upstream('servers', servers, {}),
      upstream('service', service, { destination: outside }),
      upstream('backed', service, { destination: outside, fallbacks: ['servers'] }),
    ],
  });
  const { generate } = gateway.engine;
  gateway.engine.generate = (request, options) => {
    asked.push(request);
    return generate(request, options);
  };
});
after(async () => {
  await gateway.close();
  await servers[Symbol.asyncDispose]();
  await service[Symbol.asyncDispose]();
});

const sensitive: Label = { level: 'SENSIBLE', mentions: ['PII'], compartments: [] };
const header = { 'x-intramuros-label': 'SENSIBLE; mentions=PII' };
const posts = (server: UpstreamServer): number => server.seen.filter(({ method }) => method === 'POST').length;

async function json<T>(path: string, options: Parameters<TestGateway['ask']>[1] = {}): Promise<T> {
  const reply = await gateway.ask(path, options);
  const body = await reply.text();
  assert.ok(reply.ok, `${path}: ${reply.status} ${body}`);
  return JSON.parse(body) as T;
}
const newConversation = async (): Promise<string> =>
  (await json<{ id: string }>('/api/conversations', { method: 'POST', body: {} })).id;
const ask = (id: string, body: object, headers = {}) =>
  gateway.ask(`/api/conversations/${id}/answers`, { body: { kind: 'ask', parentId: null, ...body }, headers });
const tree = async (id: string) => (await json<{ messages: Message[] }>(`/api/conversations/${id}/messages`)).messages;
const conversation = (id: string) => json<Conversation>(`/api/conversations/${id}`);

/** The events of a native stream. */
async function events(reply: Response): Promise<{ t: string; [field: string]: unknown }[]> {
  const text = await reply.text();
  assert.equal(reply.status, 200, text);
  return [...text.matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(data ?? ''));
}
async function records(...kinds: AuditRecord['kind'][]): Promise<AuditRecord[]> {
  // What became of a decision goes with the next flush: this is one.
  await gateway.audit.append({ kind: 'system', actor: 'test', data: {} });
  const found: AuditRecord[] = [];
  for await (const record of gateway.audit.read({ kinds, newestFirst: true, limit: 20 })) found.push(record);
  return found;
}

test('a public question goes to the service, and every reply says where it went and as what', async () => {
  const before = posts(service);
  const reply = await gateway.ask('/v1/chat/completions', {
    body: { model: 'service/echo', messages: [{ role: 'user', content: 'hello there' }] },
  });
  const { choices, usage } = (await reply.json()) as {
    choices: { message: { content: string } }[];
    usage: { prompt_tokens: number };
  };
  assert.equal(choices[0]?.message.content, 'hello there');
  assert.equal(usage.prompt_tokens, 2);
  assert.equal(posts(service), before + 1);
  const said = (name: string) => reply.headers.get(`x-intramuros-${name}`);
  assert.deepEqual([said('label'), said('destination'), said('tier')], ['PUBLIC', 'service', 'saas']);
  const [decision] = await records('decision');
  assert.equal(decision?.data.id, said('decision'));
  assert.equal(decision?.data.effect, 'allow');
  const [outcome] = await records('outcome');
  assert.equal(outcome?.data.decisionId, said('decision'));
  assert.ok(outcome?.data.ok === true && (outcome.data.sentBytes as number) > 100);
  assert.equal(outcome.data.costMicros, 2 * 2 + 2 * 6);
});

test('a sensitive question to the service is refused before anything is sent, and kept', async () => {
  const before = posts(service);
  const id = await newConversation();
  const body = {
    content: 'Mon voisin Jean Martin',
    model: 'service/echo',
    label: { level: 'SENSIBLE', mentions: ['PII'] },
  };
  const reply = await ask(id, body);
  assert.equal(reply.status, 403);
  assert.match(reply.headers.get('content-type') ?? '', /problem\+json/);
  const problem = (await reply.json()) as { code: string; facts: Record<string, unknown> };
  assert.equal(problem.code, 'destination_denied');
  const { level, mentions, compartments, sources, rules, nearest, nearestModel, messageId } = problem.facts;
  assert.deepEqual([level, mentions, compartments, sources], ['SENSIBLE', ['PII'], [], ['client:label']]);
  assert.deepEqual([nearest, nearestModel], ['embedded', 'echo']);
  assert.ok((rules as string[]).length > 0);
  assert.equal(posts(service), before, 'nothing reached the service');
  const [question, answer] = await tree(id);
  assert.equal(question?.content, 'Mon voisin Jean Martin');
  assert.deepEqual(question?.label, sensitive);
  assert.equal(answer?.id, messageId);
  assert.deepEqual([answer?.status, answer?.endedBy, answer?.error?.code], ['failed', 'denied', 'destination_denied']);
  assert.equal(answer?.error?.facts?.nearestModel, 'echo');
  assert.equal(answer?.provenance, undefined);
  assert.equal((await records('decision'))[0]?.data.effect, 'deny');
  // The same question, asked of the place that the refusal named.
  const again = await gateway.ask(`/api/conversations/${id}/answers`, {
    body: { kind: 'regenerate', messageId: question?.id, model: nearestModel },
  });
  assert.equal((await events(again)).at(-1)?.why, 'stop');
});

test('every dialect and kind of inference is refused alike, with 403 and before a stream begins', async () => {
  const before = posts(service);
  const messages = [{ role: 'user', content: 'x' }];
  const model = 'service/echo';
  for (const [path, body] of [
    ['/v1/chat/completions', { model, messages }],
    ['/v1/chat/completions', { model, messages, stream: true }],
    ['/v1/completions', { model, prompt: 'x' }],
    ['/v1/completions', { model, prompt: ['x', 'y'], stream: true }],
    ['/v1/embeddings', { model, input: 'x' }],
  ] as const) {
    const reply = await gateway.ask(path, { body, headers: header });
    const { error } = (await reply.json()) as { error: { code: string; message: string; type: string } };
    assert.deepEqual([reply.status, error.code, error.type], [403, 'destination_denied', 'permission_error'], path);
    assert.match(error.message, /SENSIBLE; mentions=PII.*Nearest place that may answer: "embedded"/);
  }
  assert.equal(posts(service), before);
});

test('request → message → conversation → answer → next prompt → title → export', async () => {
  const id = await newConversation();
  const first = await events(await ask(id, { content: 'Dossier de Jean Martin', model: 'echo' }, header));
  assert.deepEqual(first[0]?.label, sensitive, 'the run');
  const [question, answer] = await tree(id);
  assert.deepEqual(question?.label, sensitive, 'the question');
  assert.deepEqual(question?.labelSources.at(-1), { kind: 'client', id: 'x-intramuros-label', label: sensitive });
  assert.deepEqual(answer?.label, sensitive, 'the answer');
  const { title, label } = await conversation(id);
  assert.equal(title, 'Dossier de Jean Martin');
  assert.deepEqual(label, sensitive, 'the conversation, and so its title');
  // Nothing is said of the next question: what it follows says it.
  const next = { content: 'Et ensuite ?', parentId: answer?.id, model: 'service/echo' };
  assert.equal((await ask(id, next)).status, 403, 'the next prompt holds what was said');
  assert.equal((await ask(id, { ...next, parentId: null })).status, 403, 'another branch of a marked conversation too');
  const allowed = await events(await ask(id, { ...next, model: 'servers/echo' }));
  assert.deepEqual(allowed[0]?.label, sensitive);
  const exported = await gateway.ask(`/api/conversations/${id}/export?format=json`);
  assert.equal(exported.headers.get('x-intramuros-label'), 'SENSIBLE; mentions=PII');
  assert.equal(((await exported.json()) as { label: string }).label, 'SENSIBLE; mentions=PII');
  const [exportRecord] = await records('label');
  assert.deepEqual([exportRecord?.data.what, exportRecord?.data.label], ['conversation.exported', sensitive]);
});

test('prompt → cache key: prompts are shared within one label alone', async () => {
  const keys = async (label?: string): Promise<string | undefined> => {
    const headers = label === undefined ? {} : { 'x-intramuros-label': label };
    const body = { model: 'echo', messages: [{ role: 'user', content: 'the same words' }] };
    await json('/v1/chat/completions', { body, headers });
    return asked.at(-1)?.isolationKey;
  };
  const plain = await keys();
  assert.equal(await keys(), plain);
  assert.equal(await keys('PUBLIC'), plain);
  const marked = await keys('SENSIBLE; mentions=PII');
  assert.notEqual(marked, plain);
  assert.equal(await keys(' sensible; mentions=pii '), marked);
  assert.equal(
    new Set([plain, marked, await keys('SENSIBLE'), await keys('SP'), await keys('SP; mentions=CODE')]).size,
    5,
  );
});

test('text → vector: an embedding is decided as what it is made of', async () => {
  const body = { model: 'servers/echo', input: ['Jean Martin'] };
  const reply = await gateway.ask('/v1/embeddings', { body, headers: header });
  assert.equal(reply.status, 200);
  const said = (name: string) => reply.headers.get(`x-intramuros-${name}`);
  assert.deepEqual([said('label'), said('destination')], ['SENSIBLE; mentions=PII', 'servers']);
  const [decision] = await records('decision');
  assert.deepEqual([decision?.data.action, decision?.data.label], ['embed', sensitive]);
  const here = await gateway.ask('/v1/embeddings', { body: { model: 'vectors', input: 'x' } });
  assert.deepEqual([here.status, here.headers.get('x-intramuros-tier')], [200, 'embedded']);
});

test('a client may only raise a label', async () => {
  const id = await newConversation();
  await (await ask(id, { content: 'x', model: 'echo' }, header)).text();
  const last = (await tree(id)).at(-1)?.id;
  const lower = { 'x-intramuros-label': 'PUBLIC' };
  assert.equal((await ask(id, { content: 'y', parentId: last, model: 'service/echo' }, lower)).status, 403);
  const patch = (label: object) => gateway.ask(`/api/conversations/${id}`, { method: 'PATCH', body: { label } });
  const refused = await patch({ level: 'INTERNE' });
  const problem = (await refused.json()) as { code: string; facts: { todo: string } };
  assert.deepEqual([refused.status, problem.code, problem.facts.todo], [403, 'forbidden', 'proposal']);
  assert.equal((await patch({ level: 'SP', mentions: ['PII'] })).status, 200);
  assert.equal((await conversation(id)).label.level, 'SP');
  const [record] = await records('label');
  assert.deepEqual([record?.actor, record?.data.what], ['local', 'conversation.raised']);
  const chat = { model: 'echo', messages: [{ role: 'user', content: 'x' }] };
  for (const wrong of ['NOTHING', 'SENSIBLE; colour=red', 'SENSIBLE, PUBLIC', '%ff'])
    assert.equal(
      (await gateway.ask('/v1/chat/completions', { body: chat, headers: { 'x-intramuros-label': wrong } })).status,
      400,
      wrong,
    );
});

test('what is marked secret is refused everywhere, here too', async () => {
  const body = { model: 'echo', messages: [{ role: 'user', content: 'x' }] };
  const before = asked.length;
  for (const level of ['SECRET', 'DR']) {
    const reply = await gateway.ask('/v1/chat/completions', { body, headers: { 'x-intramuros-label': level } });
    assert.equal(reply.status, 403, level);
  }
  assert.equal(asked.length, before, 'the engine was not asked');
});

test('a place that is down before its first word is replaced by one of a lower tier, and the reader is told', async () => {
  const id = await newConversation();
  service.faults.push(
    { kind: 'status', status: 503 },
    { kind: 'status', status: 503 },
    { kind: 'status', status: 503 },
  );
  const said = await events(await ask(id, { content: 'one two', model: 'backed/echo' }));
  service.faults.length = 0;
  const routed = said.filter(({ kind }) => kind === 'routed').map(({ data }) => data as Record<string, unknown>);
  assert.deepEqual(
    routed.map(({ model, tier, fellBackFrom }) => [model, tier, fellBackFrom]),
    [
      ['backed/echo', 'saas', undefined],
      ['servers/echo', 'on-premises', 'backed/echo'],
    ],
  );
  assert.notEqual(routed[0]?.decisionId, routed[1]?.decisionId);
  assert.equal(said.at(-1)?.why, 'stop');
  const answer = (await tree(id)).at(-1);
  assert.equal(answer?.content, 'one two');
  assert.deepEqual(
    [answer?.provenance?.destinationId, answer?.provenance?.decisionId, answer?.provenance?.currency],
    ['servers', routed[1]?.decisionId, 'EUR'],
  );
  const outcomes = await records('outcome');
  const of = (decision: unknown) => outcomes.find(({ data }) => data.decisionId === decision)?.data.ok;
  assert.deepEqual([of(routed[0]?.decisionId), of(routed[1]?.decisionId)], [false, true]);
});

test('a place that is down, with nothing to fall back to, names the nearest that may answer', async () => {
  service.faults.push(
    { kind: 'status', status: 503 },
    { kind: 'status', status: 503 },
    { kind: 'status', status: 503 },
  );
  const reply = await gateway.ask('/v1/chat/completions', {
    body: { model: 'service/echo', messages: [{ role: 'user', content: 'x' }] },
  });
  service.faults.length = 0;
  const { error } = (await reply.json()) as { error: { code: string; message: string } };
  assert.match(error.code, /^upstream_/);
  assert.ok(reply.status >= 500);
  assert.match(error.message, /The nearest place that may answer this is "embedded", with the model "echo"/);
});

test('the choices say of every model whether it may answer, why not, and which is nearest', async () => {
  interface Found {
    label: Label;
    sources: { kind: string }[];
    choices: { model: string; effect: string; tier: string; nearest?: true; installed: boolean; reason: string }[];
  }
  const plain = await json<Found>('/api/choices');
  const of = (found: Found, model: string) => found.choices.find((choice) => choice.model === model);
  assert.deepEqual(plain.choices.map(({ model }) => model).sort(), [
    'backed/echo',
    'echo',
    'servers/echo',
    'service/echo',
  ]);
  assert.ok(plain.choices.every(({ effect }) => effect === 'allow'));
  assert.deepEqual([of(plain, 'echo')?.nearest, of(plain, 'echo')?.installed], [true, true]);
  const id = await newConversation();
  await (await ask(id, { content: 'x', model: 'echo' }, header)).text();
  for (const query of [`conversation=${id}`, 'label=SENSIBLE;%20mentions=PII', `conversation=${id}&label=PUBLIC`]) {
    const marked = await json<Found>(`/api/choices?${query}`);
    assert.deepEqual(marked.label, sensitive, query);
    assert.deepEqual(
      marked.choices.map(({ model, effect }) => [model, effect]).sort(),
      [
        ['backed/echo', 'deny'],
        ['echo', 'allow'],
        ['servers/echo', 'allow'],
        ['service/echo', 'deny'],
      ],
      query,
    );
    assert.ok(of(marked, 'service/echo')?.reason);
  }
  const before = gateway.audit.size;
  await json('/api/choices');
  assert.equal(gateway.audit.size, before, 'looking decides nothing');
});

test('models that others serve are listed beside those here', async () => {
  const { data } = await json<{ data: { id: string; owned_by: string }[] }>('/v1/models');
  const served = data.filter(({ owned_by }) => owned_by === 'service').map(({ id }) => id);
  assert.deepEqual(served, ['service/echo']);
  assert.equal((await json<{ id: string }>('/v1/models/service/echo')).id, 'service/echo');
  assert.equal((await gateway.ask('/v1/models/service/echo', { method: 'DELETE' })).status, 403);
});
