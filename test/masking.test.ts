import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { AuditRecord } from '../src/audit/index.ts';
import type { Detector } from '../src/personal/index.ts';
import type { UpstreamInput } from '../src/upstreams/index.ts';
import { openTestGateway, type TestGateway } from './parts/test-gateway.ts';
import { tinyDetector } from './parts/tiny-detector.ts';
import { openOpenAiUpstream, type UpstreamServer } from './parts/upstream-servers/index.ts';

/** What leaves for a place that may have data only with names replaced, and what comes back. */
let gateway: TestGateway;
let server: UpstreamServer;
let find: Detector['find'] = tinyDetector.find;
let pieces: ((question: string) => readonly string[]) | undefined;
const words = (text: string): string[] => text.match(/\s*\S+/g) ?? [];

const nir = '1 85 05 78 006 084 91';
const question = `Écrivez à Mme Claire Fontaine, numéro ${nir}, de la part de M. Paul Roy.`;
const hidden = /Claire|Fontaine|Roy|1 85 05|084/;

const service = (id: string, more: Partial<UpstreamInput> = {}): UpstreamInput => ({
  id,
  title: id,
  kind: 'openai',
  urls: [`${server.url}/v1`],
  destination: { tier: 'saas', country: 'US', extraEuExposure: true, retentionDays: 0, trainsOnData: false },
  models: [{ name: 'echo', capabilities: ['chat', 'completion', 'embedding'] }],
  timeouts: { connectMs: 1_000, firstTokenMs: 2_000, betweenTokensMs: 2_000, totalMs: 20_000 },
  ...more,
});

before(async () => {
  server = await openOpenAiUpstream({
    pieces: ({ messages }) => {
      const asked = messages?.at(-1)?.content ?? '';
      return pieces?.(asked) ?? words(asked);
    },
  });
  gateway = await openTestGateway({
    conversations: true,
    detector: { version: 'tiny-1', find: (text) => find(text) },
    serves: [
      service('cloud'),
      service('hoards', { destination: { tier: 'saas', country: 'US', extraEuExposure: true } }),
    ],
  });
});
after(async () => {
  await gateway?.close();
  await server?.[Symbol.asyncDispose]();
});

const posted = () => server.seen.filter(({ method }) => method === 'POST');
const lastSent = () => posted().at(-1)?.rawBody.toString() ?? '';
const ask = (body: unknown, path = '/v1/chat/completions', headers = {}) => gateway.ask(path, { body, headers });
const chat = (content: string, more = {}) => ({
  model: 'cloud/echo',
  messages: [{ role: 'user', content }],
  ...more,
});
async function newest(kind: AuditRecord['kind']): Promise<AuditRecord['data']> {
  await gateway.audit.append({ kind: 'system', actor: 'test', data: {} });
  for await (const { data } of gateway.audit.read({ kinds: [kind], newestFirst: true, limit: 1 })) return data;
  return {};
}
type Chat = { choices: { message: { content: string }; finish_reason: string; logprobs: unknown }[] };
const contentOf = async (reply: Response): Promise<string> =>
  ((await reply.json()) as Chat).choices[0]?.message.content ?? '';
const streamed = (text: string): string =>
  text
    .split('\n\n')
    .filter((frame) => frame.startsWith('data: {'))
    .map((frame) => JSON.parse(frame.slice(6)).choices[0]?.delta?.content ?? '')
    .join('');

test('the wire has placeholders alone, the answer reads as if it had the names', async () => {
  const reply = await ask(chat(question));
  assert.equal(reply.status, 200, await reply.clone().text());
  assert.equal(await contentOf(reply), question);
  assert.doesNotMatch(lastSent(), hidden);
  assert.match(lastSent(), /\[\[PERSONNE_1\]\].*\[\[NIR_1\]\].*\[\[PERSONNE_2\]\]/);
  const [system] = posted().at(-1)?.body.messages ?? [];
  assert.equal(system.role, 'system');
  assert.match(system.content, /repères[\s\S]*\[\[PERSONNE_1\]\] : une femme/);
  assert.equal(reply.headers.get('x-intramuros-masked'), 'PERSON=2, NIR=1');
});

test('a stream is restored piece by piece, and only a placeholder that is open waits', async () => {
  pieces = () => ['Chère ', '[', '[PERS', 'ONNE_', '1', ']', '], bien', ' à vous, [[PERSONNE_9]]'];
  const reply = await ask(chat(question, { stream: true }));
  const text = await reply.text();
  pieces = undefined;
  assert.equal(streamed(text), 'Chère Claire Fontaine, bien à vous, [[PERSONNE_9]]');
  const frames = text.split('\n\n').filter((frame) => /"content":"/.test(frame));
  assert.ok(frames.some((frame) => frame.includes('Chère ')));
  assert.deepEqual((await newest('outcome')).masked, {
    counts: { PERSON: 2, NIR: 1 },
    detector: 'tiny-1',
    unknown: 1,
  });
});

test('the record says how much was replaced, and nothing of whom', async () => {
  await ask(chat(question));
  const decision = await newest('decision');
  assert.equal(decision.effect, 'pseudonymise');
  assert.deepEqual(decision.masking, { detector: 'tiny-1', counts: { PERSON: 2, NIR: 1 }, residual: 0 });
  const lines: string[] = [];
  for await (const record of gateway.audit.read({})) lines.push(JSON.stringify(record));
  assert.doesNotMatch(lines.join('\n'), hidden);
});

test('what somebody types like a placeholder comes back as it was typed', async () => {
  const asked = `M. Paul Roy ou [[PERSONNE_1]] ou [[personne 1]] ?`;
  assert.equal(await contentOf(await ask(chat(asked))), asked);
  assert.match(lastSent(), /\[\[PERSONNE_1\]\] ou \[\[TEXTE_1\]\] ou \[\[TEXTE_2\]\]/);
});

test('system prompt, history, completions and embeddings are masked alike', async () => {
  const messages = [
    { role: 'system', content: 'Vous aidez Mme Claire Fontaine.' },
    { role: 'user', content: 'Bonjour' },
    { role: 'assistant', content: 'Bonjour Mme Claire Fontaine' },
    { role: 'user', content: 'Appelez le 06 12 34 56 78' },
  ];
  assert.equal((await ask({ ...chat(''), messages })).status, 200);
  assert.doesNotMatch(lastSent(), /Fontaine|06 12/);
  assert.equal(posted().at(-1)?.body.messages.length, 4);
  const completion = await ask({ model: 'cloud/echo', prompt: question, echo: true }, '/v1/completions');
  const { choices } = (await completion.json()) as { choices: { text: string }[] };
  assert.equal(choices[0]?.text, question + question);
  assert.doesNotMatch(lastSent(), hidden);
  const vectors = await ask({ model: 'cloud/echo', input: [question, 'Mme Claire Fontaine'] }, '/v1/embeddings');
  assert.equal(vectors.status, 200, await vectors.clone().text());
  assert.doesNotMatch(lastSent(), hidden);
  assert.deepEqual(posted().at(-1)?.body.input[1], 'Mme [[PERSONNE_1]]');
  assert.equal(vectors.headers.get('x-intramuros-masked'), 'PERSON=2, NIR=1');
  const tokens = await ask({ model: 'cloud/echo', input: [[1, 2, 3]] }, '/v1/embeddings');
  assert.equal(tokens.status, 403);
  assert.match(await tokens.text(), /token ids/);
});

test('stop sequences hold nothing personal, and end the answer where its reader sees them', async () => {
  const reply = await ask(chat('Un deux Mme Claire Fontaine trois quatre', { stop: ['Fontaine', '[', 'quatre'] }));
  const { choices } = (await reply.json()) as Chat;
  assert.equal(choices[0]?.message.content, 'Un deux Mme Claire ');
  assert.equal(choices[0]?.finish_reason, 'stop');
  assert.deepEqual(posted().at(-1)?.body.stop, ['quatre']);
});

test('log-probabilities are not asked for: they would be of placeholders', async () => {
  const reply = await ask(chat(question, { logprobs: true, top_logprobs: 2 }));
  assert.equal(reply.status, 200);
  const body = posted().at(-1)?.body;
  assert.equal(body.logprobs ?? body.top_logprobs, undefined);
  const { choices } = (await reply.json()) as Chat;
  assert.deepEqual(choices[0]?.logprobs, { content: [], refusal: null });
});

test('a detector that fails, or leaves something, keeps everything in', async () => {
  const before = posted().length;
  for (const [reason, broken] of [
    [
      'detector_failed',
      () => {
        throw new Error('crash');
      },
    ],
    [
      'residual',
      (text: string) => {
        const start = text.search(/\p{L}/u);
        return start < 0 ? [] : [{ kind: 'PERSON', start, end: start + 1, score: 1, checked: false } as const];
      },
    ],
  ] as const) {
    find = broken;
    const reply = await ask(chat(question));
    find = tinyDetector.find;
    assert.equal(reply.status, 403, reason);
    assert.match(await reply.text(), /destination_denied/);
    const decision = await newest('decision');
    assert.deepEqual(
      [decision.effect, decision.reason, decision.masking],
      ['deny', 'not_pseudonymised', { failed: reason }],
    );
  }
  assert.equal(posted().length, before);
});

test('a place that keeps what it gets has nothing, masked or not', async () => {
  const before = posted().length;
  assert.equal((await ask({ ...chat(question), model: 'hoards/echo' })).status, 403);
  assert.equal(posted().length, before);
});

test('choices say that names are replaced on the way', async () => {
  const reply = await gateway.ask('/api/choices');
  const { choices } = (await reply.json()) as { choices: { model: string; effect: string; masked?: true }[] };
  const of = (id: string) => choices.find(({ model }) => model === id);
  assert.deepEqual([of('cloud/echo')?.effect, of('cloud/echo')?.masked], ['allow', true]);
  assert.deepEqual([of('hoards/echo')?.effect, of('hoards/echo')?.masked], ['deny', undefined]);
  assert.deepEqual([of('echo')?.effect, of('echo')?.masked], ['allow', undefined]);
});
