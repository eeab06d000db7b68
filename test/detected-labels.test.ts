import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Conversation } from '../src/conversations/index.ts';
import { type Detector, openDetector } from '../src/personal/index.ts';
import { describeModel } from './parts/memory-library.ts';
import { openTestGateway, type TestGateway } from './parts/test-gateway.ts';
import { openOpenAiUpstream, type UpstreamServer } from './parts/upstream-servers/index.ts';

/** With `detectPersonalData: label`, what the detectors find decides where a question may go, on every way to a model. */
let gateway: TestGateway;
let server: UpstreamServer;
const real = openDetector();
let find: Detector['find'] = real.find;

before(async () => {
  server = await openOpenAiUpstream();
  gateway = await openTestGateway({
    conversations: true,
    detector: { version: 'test', find: (text) => find(text) },
    detectorMarks: true,
    defaultLabel: { level: 'PUBLIC', mentions: [], compartments: [] },
    models: [describeModel('echo', ['chat', 'completion'])],
    serves: [
      {
        id: 'cloud',
        title: 'cloud',
        kind: 'openai',
        urls: [`${server.url}/v1`],
        destination: { tier: 'saas', country: 'US', extraEuExposure: true, retentionDays: 0, trainsOnData: false },
        models: [{ name: 'echo', capabilities: ['chat', 'completion', 'embedding'] }],
      },
    ],
  });
});
after(async () => {
  await gateway.close();
  await server[Symbol.asyncDispose]();
});

const posts = (): number => server.seen.filter(({ method }) => method === 'POST').length;
const chat = (content: string, model = 'cloud/echo') =>
  gateway.ask('/v1/chat/completions', { body: { model, messages: [{ role: 'user', content }] } });

test('what tells of a person marks the question, and a place abroad never sees it; the rest goes there as ever', async () => {
  assert.equal((await chat('Combien font 12 fois 12 ?')).status, 200);
  const before = posts();
  const refused = await gateway.ask('/v1/chat/completions', {
    body: {
      model: 'cloud/echo',
      messages: [{ role: 'user', content: 'Mme Claire Fontaine, NIR 1 84 12 76 451 089 46' }],
    },
    headers: { accept: 'application/problem+json' },
  });
  assert.equal(refused.status, 403);
  const { facts } = (await refused.json()) as {
    facts: { mentions: string[]; sources: string[]; nearestModel: string };
  };
  assert.deepEqual([facts.mentions, facts.sources, facts.nearestModel], [['PII'], ['detector:personal-data'], 'echo']);
  const secret = await chat('Voici la clé : AKIAQWERTYUIOPASDFGH');
  assert.equal(secret.status, 403);
  assert.equal((await chat('Ouvre https://exemple.fr/?q=jean.dupont@exemple.fr')).status, 403);
  assert.equal((await chat('Ouvre https://exemple.fr/aide')).status, 200);
  const vectors = { model: 'cloud/echo', input: ['Écrire à marie.durand@exemple.fr'] };
  assert.equal((await gateway.ask('/v1/embeddings', { body: vectors })).status, 403);
  const text = { model: 'cloud/echo', prompt: 'Mme Claire Fontaine habite 12 rue des Lilas, 75011 Paris.' };
  assert.equal((await gateway.ask('/v1/completions', { body: text })).status, 403);
  assert.equal(posts(), before + 1, 'the address alone reached the place');
});

test('the machine’s own model answers, and the conversation keeps the mark with what raised it', async () => {
  const made = await gateway.ask('/api/conversations', { method: 'POST', body: {} });
  const { id } = (await made.json()) as { id: string };
  const body = { kind: 'ask', parentId: null, content: 'M. Paul Roy est né le 12/03/1980.', model: 'echo' };
  const answer = await gateway.ask(`/api/conversations/${id}/answers`, { body });
  assert.equal(answer.status, 200, await answer.text());
  const conversation = (await (await gateway.ask(`/api/conversations/${id}`)).json()) as Conversation;
  assert.deepEqual(conversation.label.mentions, ['PII']);
  const source = conversation.labelSources.find(({ kind }) => kind === 'detector');
  assert.deepEqual([source?.id, source?.reason], ['personal-data', 'PERSON 1, BIRTH_DATE 1']);
  const later = { kind: 'ask', parentId: null, content: 'Et en anglais ?', model: 'cloud/echo' };
  assert.equal((await gateway.ask(`/api/conversations/${id}/answers`, { body: later })).status, 403);
});

test('what cannot be looked through stays inside, and is still answered here', async () => {
  try {
    find = () => {
      throw new Error('the rules broke');
    };
    const before = posts();
    assert.equal((await chat('Bonjour')).status, 403);
    assert.equal((await chat('Bonjour', 'echo')).status, 200);
    find = real.find;
    const vectors = { model: 'cloud/echo', input: [[1, 2, 3]] };
    assert.equal((await gateway.ask('/v1/embeddings', { body: vectors })).status, 403);
    assert.equal(posts(), before);
  } finally {
    find = real.find;
  }
});
