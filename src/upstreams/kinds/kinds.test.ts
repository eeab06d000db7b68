import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  onPremises,
  openUpstreamRoom,
  sharedUpstreamRoom,
  somebodyElse,
  type UpstreamRoom,
} from '../../../test/parts/upstream-room.ts';
import {
  openAnthropicUpstream,
  openBedrockUpstream,
  openOllamaUpstream,
  type UpstreamServer,
} from '../../../test/parts/upstream-servers/index.ts';
import { IntramurosError } from '../../base/index.ts';
import type { EngineEvent, GenerateRequest } from '../../engine/index.ts';
import type { UpstreamModel } from '../index.ts';

const ask = (content: string, more: Partial<GenerateRequest> = {}): GenerateRequest => ({
  model: 'x',
  prompt: {
    kind: 'chat',
    messages: [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content },
    ],
  },
  fairKey: 'me',
  isolationKey: 'me',
  ...more,
});
async function run(room: UpstreamRoom, model: UpstreamModel, request: GenerateRequest): Promise<EngineEvent[]> {
  const events: EngineEvent[] = [];
  for await (const event of room.upstreams.generate(await room.clear(model), request, { model })) events.push(event);
  return events;
}
const openRoom = sharedUpstreamRoom();
const textOf = (events: readonly EngineEvent[], kind = 'text'): string =>
  events.map((event) => (event.type === 'delta' && event.kind === kind ? event.text : '')).join('');
const usageOf = (events: readonly EngineEvent[]) => {
  const done = events.at(-1);
  assert.ok(done?.type === 'done');
  return done.usage;
};
const code = (wanted: string, reason?: string) => (error: unknown) => {
  assert.ok(error instanceof IntramurosError, String(error));
  assert.equal(error.code, wanted, error.message);
  if (reason !== undefined) assert.equal(error.facts.reason ?? error.facts.parameter, reason);
  return true;
};
function closing<S extends UpstreamServer>(context: TestContext, server: S): S {
  context.after(() => server[Symbol.asyncDispose]());
  return server;
}

test('Ollama: thinking, text, counts, and the context size said each time so that nothing is cut in silence', async (context) => {
  const server = closing(context, await openOllamaUpstream({ thinking: ['let', ' me'] }));
  const room = await openRoom();
  const models = [{ name: 'echo', contextTokens: 16_384 }, { name: 'echo:latest' }];
  const model = await room.declare({ kind: 'ollama', urls: [server.url], models });
  const events = await run(room, model, ask('one two three', { maxTokens: 4, sampling: { topK: 5, seed: 7 } }));
  assert.deepEqual([textOf(events, 'thinking'), textOf(events)], ['let me', 'one two']);
  assert.ok(events.some((event) => event.type === 'finish' && event.reason === 'length'));
  assert.deepEqual([usageOf(events).promptTokens, usageOf(events).estimated], [5, undefined]);
  const call = server.seen.find(({ path }) => path === '/api/chat');
  assert.deepEqual(call?.body.options, { num_ctx: 16_384, num_predict: 4, top_k: 5, seed: 7 });
  assert.deepEqual([call?.body.truncate, call?.body.shift], [false, false]);
  assert.equal(room.upstreams.findModel(`${model.upstreamId}/echo:latest`)?.contextTokens, 8192);
  const raw = await run(room, model, { ...ask(''), prompt: { kind: 'text', text: 'a b c' } });
  assert.equal(textOf(raw), 'a b c');
  server.faults.push({ kind: 'end', afterFrames: 3 });
  await assert.rejects(() => run(room, model, ask('a b c')), code('upstream_failed', 'broken_stream'));
  server.faults.push({ kind: 'raw', type: 'application/x-ndjson', body: '{"error":"model runner has crashed"}\n' });
  await assert.rejects(() => run(room, model, ask('a b c')), code('upstream_failed', 'in_stream'));
});

test('Ollama: what its host passes on to a cloud is another destination, by name and by what the host says', async (context) => {
  const server = closing(
    context,
    await openOllamaUpstream({
      models: [
        { name: 'own:latest' },
        { name: 'disguised:latest', remoteHost: 'https://ollama.com:443' },
        { name: 'big-cloud', remoteHost: 'x' },
      ],
    }),
  );
  const room = await openUpstreamRoom(context);
  await assert.rejects(
    () => room.declare({ kind: 'ollama', urls: [server.url], models: [{ name: 'big-cloud' }] }),
    code('invalid_request'),
  );
  await room.declare({
    kind: 'ollama',
    urls: [server.url],
    models: [{ name: 'own' }, { name: 'disguised' }, { name: 'big-cloud' }],
    profiles: [{ match: 'cloud', destination: somebodyElse }],
  });
  const [own, disguised, cloud] = room.upstreams.models() as [UpstreamModel, UpstreamModel, UpstreamModel];
  assert.equal(textOf(await run(room, own, ask('stays here'))), 'stays here');
  await assert.rejects(() => run(room, disguised, ask('stays here')), code('destination_denied', 'computed_elsewhere'));
  assert.ok(!server.seen.some(({ body }) => body?.model === 'disguised'), 'nothing was sent to it');
  assert.deepEqual([cloud.destination.id, cloud.destination.tier], [`${cloud.upstreamId}/cloud`, 'saas']);
  assert.equal(textOf(await run(room, cloud, ask('declared'))), 'declared');
});

test('Anthropic: system apart, thinking blocks, cache counted in the prompt, a refusal is no answer', async (context) => {
  const server = closing(context, await openAnthropicUpstream({ key: 'sk-ant-1', thinking: ['hm'] }));
  const room = await openRoom();
  const secret = { apiKey: 'sk-ant-1' };
  const model = await room.declare({ kind: 'anthropic', urls: [server.url], destination: somebodyElse, secret });
  const request = ask('one two', { maxTokens: 4096, stop: ['END'] });
  const thinking = { ...request, prompt: { ...request.prompt, thinking: true } as GenerateRequest['prompt'] };
  const events = await run(room, model, thinking);
  assert.deepEqual([textOf(events, 'thinking'), textOf(events)], ['hm', 'one two']);
  const usage = usageOf(events);
  assert.deepEqual([usage.promptTokens, usage.cachedPromptTokens, usage.completionTokens], [27, 20, 3]);
  const { body } = server.seen[0] ?? {};
  assert.equal(body.system, 'Be brief.');
  assert.deepEqual(body.messages, [{ role: 'user', content: 'one two' }]);
  assert.deepEqual([body.thinking, body.stop_sequences], [{ type: 'enabled', budget_tokens: 2048 }, ['END']]);
  await run(room, model, ask('x'));
  assert.equal(server.seen[1]?.body.max_tokens, 4096, 'this API insists on a limit');
  server.faults.push({ kind: 'end', afterFrames: 5 });
  await assert.rejects(() => run(room, model, ask('a b c')), code('upstream_failed', 'broken_stream'));
  const words = 'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n';
  server.faults.push({ kind: 'raw', body: words });
  await assert.rejects(() => run(room, model, ask('a b c')), /Overloaded/);
  const refusing = closing(context, await openAnthropicUpstream({ stopReason: 'refusal' }));
  const other = await room.declare({ id: 'no', kind: 'anthropic', urls: [refusing.url] });
  await assert.rejects(() => run(room, other, ask('a')), code('upstream_failed', 'content_filter'));
});

const keys = { id: 'AKIAEXAMPLE', secret: 'wJalrXUtnFEMI/K7MDENG' };
const secret = { accessKeyId: keys.id, secretAccessKey: keys.secret };

test('Bedrock: signed as an independent signer signs, binary frames read, turns merged, exceptions told', async (context) => {
  const name = 'anthropic.echo-v1:0';
  const server = closing(context, await openBedrockUpstream({ keys, models: [name], thinking: ['hm'] }));
  const room = await openRoom();
  const declared = { kind: 'bedrock', urls: [server.url], region: 'eu-west-3', models: [{ name }] } as const;
  const model = await room.declare({ ...declared, models: [{ name }], urls: [server.url], secret });
  const events = await run(room, model, {
    ...ask(''),
    prompt: {
      kind: 'chat',
      messages: [
        { role: 'user', content: 'first' },
        { role: 'user', content: 'où est-ce ?' },
      ],
    },
    maxTokens: 3,
  });
  assert.deepEqual([textOf(events, 'thinking'), textOf(events)], ['hm', 'first\noù est-ce']);
  assert.deepEqual([usageOf(events).promptTokens, usageOf(events).cachedPromptTokens], [9, 2]);
  server.faults.push({ kind: 'end', afterFrames: 3 });
  await assert.rejects(() => run(room, model, ask('a b c')), code('upstream_failed', 'broken_stream'));
  const wrong = await room.declare({
    ...declared,
    id: 'wrong',
    models: [{ name }],
    urls: [server.url],
    secret: { ...secret, secretAccessKey: 'other' },
  });
  await assert.rejects(() => run(room, wrong, ask('a')), code('upstream_failed', 'wrong_key'));
  const told = { type: 'modelStreamErrorException', message: 'The model broke.' };
  const broken = closing(context, await openBedrockUpstream({ models: [name], exception: told }));
  const other = await room.declare({ ...declared, id: 'broken', models: [{ name }], urls: [broken.url], secret });
  await assert.rejects(() => run(room, other, ask('a')), /modelStreamErrorException: The model broke/);
});

test('Bedrock: eu. and global. are two destinations, and a profile that nobody declared is refused', async (context) => {
  const room = await openUpstreamRoom(context);
  const urls = ['https://bedrock-runtime.eu-west-3.amazonaws.com'];
  const names = [
    'anthropic.claude-x',
    'eu.anthropic.claude-x',
    'global.anthropic.claude-x',
    'arn:aws:bedrock:eu-west-3:1:x',
  ];
  const europe = { ...onPremises, tier: 'paas' as const, extraEuExposure: true };
  const profiles = [
    { match: 'eu.', destination: europe },
    { match: 'global.', destination: somebodyElse },
    { match: names[3] as string, destination: somebodyElse },
  ];
  await room.declare({ kind: 'bedrock', urls, destination: europe, profiles, models: names.map((name) => ({ name })) });
  assert.deepEqual(
    room.upstreams.models().map(({ destination: { id, tier } }) => [id, tier]),
    [
      ['up', 'paas'],
      ['up/eu', 'paas'],
      ['up/global', 'saas'],
      [`up/${names[3]}`, 'saas'],
    ],
  );
  for (const name of ['us.anthropic.claude-x', 'moon.anthropic.claude-x', 'claude-x', 'arn:aws:other'])
    await assert.rejects(
      () => room.declare({ id: 'b', kind: 'bedrock', urls, profiles, models: [{ name }] }),
      code('invalid_request'),
    );
});

test('what a kind cannot honour is refused by name before anything is sent', async (_context) => {
  const room = await openRoom();
  const before = room.egress.connections().length;
  const urls = ['http://127.0.0.1:9'];
  const region = 'eu-west-3';
  const cases = [
    ['openai', {}, { sampling: { topK: 3 } }, 'top_k'],
    ['openai', {}, { sampling: { minP: 0.1 } }, 'min_p'],
    ['openai', {}, { promptLogprobs: true }, 'echo'],
    ['openai', {}, { maxTokens: 0 }, 'max_tokens'],
    ['openai', {}, { ignoreEndOfText: true }, 'ignore_eos'],
    ['ollama', {}, { choices: 2 }, 'n'],
    ['ollama', {}, { logprobs: 0 }, 'logprobs'],
    ['ollama', {}, { sampling: { logitBias: { 5: 1 } } }, 'logit_bias'],
    ['anthropic', {}, { sampling: { seed: 1 } }, 'seed'],
    ['anthropic', {}, { sampling: { temperature: 1.5 } }, 'temperature'],
    ['anthropic', {}, { prompt: { kind: 'text', text: 'x' } }, 'prompt'],
    ['bedrock', { region }, { sampling: { topK: 3 } }, 'top_k'],
    ['bedrock', { region }, { prompt: { kind: 'tokens', tokens: [1] } }, 'prompt'],
  ] as const;
  for (const [at, [kind, more, request, parameter]] of cases.entries()) {
    const name = kind === 'bedrock' ? 'amazon.x' : 'x';
    const model = await room.declare({ id: `r${at}`, kind, urls: [...urls], ...more, models: [{ name }] });
    await assert.rejects(() => run(room, model, ask('x', request)), code('unsupported_parameter', parameter));
  }
  const model = await room.declare({ id: 'ok', kind: 'anthropic', urls });
  const neutral = { topP: 1, frequencyPenalty: 0, presencePenalty: 0, logitBias: {} };
  await assert.rejects(() => run(room, model, ask('x', { sampling: neutral })), code('upstream_unavailable'));
  assert.equal(room.egress.connections().length - before, 1, 'only the last request was sent anywhere');
});

test('embeddings of three kinds, each input with its vector', async (context) => {
  const ollama = closing(context, await openOllamaUpstream({ models: [{ name: 'e' }] }));
  const bedrock = closing(context, await openBedrockUpstream({ keys, models: ['amazon.titan-embed-text-v2:0'] }));
  const room = await openRoom();
  const vectorsOf = async (model: UpstreamModel) =>
    room.upstreams.embed(await room.clear(model), { inputs: ['a', 'abc'], fairKey: 'me' }, { model });
  const models = [{ name: 'e', capabilities: ['embedding' as const] }];
  const first = await vectorsOf(await room.declare({ id: 'o', kind: 'ollama', urls: [ollama.url], models }));
  assert.deepEqual([first.vectors.map((vector) => vector[0]), first.promptTokens], [[1, 3], 2]);
  const titan = [{ name: 'amazon.titan-embed-text-v2:0', capabilities: ['embedding' as const] }];
  const second = await vectorsOf(
    await room.declare({ id: 'b', kind: 'bedrock', urls: [bedrock.url], region: 'eu-west-3', models: titan, secret }),
  );
  assert.deepEqual([second.vectors.map((vector) => vector[0]), second.promptTokens], [[1, 3], 2]);
  assert.equal(bedrock.seen.length, 2);
});
