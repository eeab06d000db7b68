import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { UpstreamInput } from '../../src/upstreams/index.ts';
import { openTestGateway } from '../parts/test-gateway.ts';
import { tinyDetector } from '../parts/tiny-detector.ts';
import { openAnthropicUpstream, openOllamaUpstream, openOpenAiUpstream } from '../parts/upstream-servers/index.ts';
import { openWireTap } from './parts/wire-tap.ts';

/** Every byte that goes to a place that may have data only with names replaced is read on its way: no name, no number. */
const names = ['Claire Fontaine', 'Fontaine', 'Paul Roy', '1 85 05 78 006 084 91', '06 12 34 56 78', 'roy@exemple.fr'];
const system = 'Vous êtes le secrétariat de M. Paul Roy.';
const question = `Écrivez à Mme Claire Fontaine (1 85 05 78 006 084 91), tél. 06 12 34 56 78, copie à roy@exemple.fr.`;
const later = 'Et que savez-vous de Fontaine ?';
const saas = { tier: 'saas', country: 'US', extraEuExposure: true, retentionDays: 0, trainsOnData: false } as const;

const kinds = [
  { kind: 'openai', open: openOpenAiUpstream, under: '/v1', model: 'echo' },
  { kind: 'anthropic', open: openAnthropicUpstream, under: '', model: 'echo' },
  { kind: 'ollama', open: openOllamaUpstream, under: '', model: 'echo' },
] as const;

test('the wire shows placeholders only', async () => {
  await using opened = new AsyncDisposableStack();
  const lines = await Promise.all(
    kinds.map(async ({ kind, open, under, model }) => {
      const server = opened.use(await open());
      const tap = opened.use(await openWireTap(server.port));
      const input: UpstreamInput = {
        id: kind,
        title: kind,
        kind,
        urls: [`${tap.url}${under}`],
        destination: saas,
        models: [{ name: model, capabilities: kind === 'anthropic' ? ['chat'] : ['chat', 'embedding'] }],
      };
      return { kind, tap, server, input };
    }),
  );
  const gateway = opened.use(
    await openTestGateway({
      conversations: true,
      detector: tinyDetector,
      serves: lines.map(({ input }) => input),
    }),
  );
  const told: string[] = [];
  for (const { kind, tap } of lines) {
    let bytes = 0;
    const clean = (where: string): void => {
      const wire = tap.take();
      bytes += wire.length;
      assert.match(wire, /\[\[PERSONNE_1\]\]/, `${kind} ${where}: nothing was sent`);
      for (const name of names) assert.ok(!wire.includes(name), `${kind} ${where}: ${name} was on the wire`);
    };
    const model = `${kind}/echo`;
    for (const stream of [false, true]) {
      const messages = [
        { role: 'system', content: system },
        { role: 'user', content: question },
      ];
      const reply = await gateway.ask('/v1/chat/completions', { body: { model, messages, stream, max_tokens: 500 } });
      const text = await reply.text();
      assert.equal(reply.status, 200, text);
      assert.equal(stream ? streamed(text) : JSON.parse(text).choices[0].message.content, question);
      clean(stream ? 'stream' : 'whole');
    }
    await converse(gateway, model);
    clean('conversation');
    if (kind !== 'anthropic') {
      const reply = await gateway.ask('/v1/embeddings', { body: { model, input: [question, later, system] } });
      assert.equal(reply.status, 200, await reply.text());
      clean('embeddings');
    }
    told.push(`${kind} ${bytes} bytes`);
  }
  console.log(`PROOF masked-wire ${told.join(', ')} read on the wire, 0 of ${names.length} names or numbers in them`);
});

function streamed(text: string): string {
  const frames = text.split('\n\n').filter((frame) => frame.startsWith('data: {'));
  return frames.map((frame) => JSON.parse(frame.slice(6)).choices[0]?.delta?.content ?? '').join('');
}

/** Two questions in one stored conversation, the second of which has the first as its history. */
async function converse(gateway: Awaited<ReturnType<typeof openTestGateway>>, model: string): Promise<void> {
  const json = async <T>(path: string, body: unknown): Promise<T> => {
    const reply = await gateway.ask(path, { body });
    assert.ok(reply.ok, await reply.clone().text());
    return (await reply.json()) as T;
  };
  const { id } = await json<{ id: string }>('/api/conversations', {});
  let parentId: string | undefined;
  for (const content of [question, later]) {
    const body = { kind: 'ask', parentId: parentId ?? null, content, model, sampling: { maxTokens: 500 } };
    const reply = await gateway.ask(`/api/conversations/${id}/answers`, { body });
    const text = await reply.text();
    assert.ok(reply.ok, text);
    const answer = (await gateway.rooms.conversations.of('local').messages(id)).at(-1);
    assert.equal(answer?.content, content, text);
    parentId = answer?.id;
  }
}
