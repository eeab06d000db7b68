import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { sharedUpstreamRoom, type UpstreamRoom } from '../../test/parts/upstream-room.ts';
import { type OpenAiUpstreamOptions, openOpenAiUpstream } from '../../test/parts/upstream-servers/index.ts';
import { IntramurosError } from '../base/index.ts';
import type { EngineEvent, GenerateRequest } from '../engine/index.ts';
import type { UpstreamModel } from './index.ts';

export const asking = (content: string, more: Partial<GenerateRequest> = {}): GenerateRequest => ({
  model: 'up/echo',
  prompt: { kind: 'chat', messages: [{ role: 'user', content }] },
  fairKey: 'me',
  isolationKey: 'me',
  ...more,
});

const openRoom = sharedUpstreamRoom();

async function all(events: AsyncIterable<EngineEvent>): Promise<EngineEvent[]> {
  const found: EngineEvent[] = [];
  for await (const event of events) found.push(event);
  return found;
}
const textOf = (events: readonly EngineEvent[], kind = 'text'): string =>
  events.map((event) => (event.type === 'delta' && event.kind === kind ? event.text : '')).join('');

async function serve(context: TestContext, options: OpenAiUpstreamOptions = {}) {
  const server = await openOpenAiUpstream(options);
  context.after(() => server[Symbol.asyncDispose]());
  return server;
}
async function ask(room: UpstreamRoom, model: UpstreamModel, request: GenerateRequest, signal?: AbortSignal) {
  return all(room.upstreams.generate(await room.clear(model), request, { model, ...(signal ? { signal } : {}) }));
}
const failsWith = (code: string, reason?: string) => (error: unknown) => {
  assert.ok(error instanceof IntramurosError, String(error));
  assert.deepEqual([error.code, reason === undefined ? undefined : error.facts.reason], [code, reason]);
  return true;
};

test('an answer comes as the engine’s own events, with the upstream’s counts and the stored key', async (context) => {
  const server = await serve(context, {
    key: 'sk-test-0123456789',
    thinking: { field: 'reasoning', pieces: ['hm', ' yes'] },
  });
  const room = await openRoom();
  const model = await room.declare({
    kind: 'openai',
    urls: [`${server.url}/v1`],
    secret: { apiKey: 'sk-test-0123456789' },
  });
  const events = await ask(room, model, asking('the quick brown fox'));
  assert.deepEqual(
    events.map(({ type }) => type),
    ['prompt', 'delta', 'delta', 'thinking-end', 'delta', 'delta', 'delta', 'delta', 'finish', 'done'],
  );
  assert.equal(textOf(events), 'the quick brown fox');
  assert.equal(textOf(events, 'thinking'), 'hm yes');
  const done = events.at(-1);
  assert.ok(done?.type === 'done' && done.usage.promptTokens === 4 && done.usage.completionTokens === 6);
  assert.equal(done.usage.estimated, undefined);
  const [call] = server.seen;
  assert.equal(call?.headers.authorization, 'Bearer sk-test-0123456789');
  assert.deepEqual(call?.body.stream_options, { include_usage: true });
});

test('without a clearance for this very destination nothing is sent', async (context) => {
  const server = await serve(context);
  const room = await openRoom();
  const model = await room.declare({ kind: 'openai', urls: [`${server.url}/v1`] });
  const clearance = await room.clear(model);
  const withIt = (changed: object) =>
    all(room.upstreams.generate({ ...clearance, ...changed }, asking('hello'), { model }));
  await assert.rejects(
    async () => withIt({ destinationId: 'elsewhere' }),
    failsWith('destination_denied', 'clearance'),
  );
  await assert.rejects(async () => withIt({ seal: 'forged' }), failsWith('egress_denied', 'clearance'));
  await assert.rejects(async () => withIt({ expiresAt: 1 }), failsWith('egress_denied', 'clearance'));
  assert.equal(server.seen.length, 0);
});

test('leaving early, or aborting, ends the upstream’s work at once', async (context) => {
  const server = await serve(context, { paceMs: 2, pieces: () => Array.from({ length: 5000 }, (_, at) => ` ${at}`) });
  const room = await openRoom();
  const model = await room.declare({ kind: 'openai', urls: [`${server.url}/v1`] });
  for await (const event of room.upstreams.generate(await room.clear(model), asking('go'), { model })) {
    if (event.type === 'delta') break;
  }
  assert.equal(await server.seen[0]?.left, true);
  const stop = new AbortController();
  const reading = ask(room, model, asking('go'), stop.signal);
  while (server.seen.length < 2) await new Promise(setImmediate);
  const startedMs = performance.now();
  stop.abort(new Error('enough'));
  await assert.rejects(reading, /enough/);
  assert.equal(await server.seen[1]?.left, true);
  assert.ok(performance.now() - startedMs < 1000);
  assert.equal(room.upstreams.health(model.upstreamId)[0]?.activeRequests, 0);
});

test('a stream that ends, breaks or stalls before its end is a failure, never a clean end', async (context) => {
  const server = await serve(context);
  const room = await openRoom();
  const timeouts = { firstTokenMs: 2000, betweenTokensMs: 300, totalMs: 5000, connectMs: 1000 };
  const model = await room.declare({ kind: 'openai', urls: [`${server.url}/v1`], timeouts });
  for (const [fault, code, reason] of [
    [{ kind: 'end', afterFrames: 3 }, 'upstream_failed', 'broken_stream'],
    [{ kind: 'cut', afterFrames: 3 }, 'upstream_failed', 'broken_stream'],
    [{ kind: 'stall', afterFrames: 3 }, 'upstream_timeout', 'between_tokens'],
  ] as const) {
    server.faults.push(fault);
    const texts: string[] = [];
    await assert.rejects(
      async () => {
        for await (const event of room.upstreams.generate(await room.clear(model), asking('one two three'), {
          model,
        })) {
          assert.notEqual(event.type, 'done');
          if (event.type === 'delta') texts.push(event.text);
        }
      },
      failsWith(code, reason),
    );
    assert.deepEqual(texts, ['one', ' two'], 'what came before the fault was handed on');
  }
  assert.equal(server.seen.length, 3, 'nothing is tried again once a token came');
});

test('what is no stream of this API is said so: a web page, a long line, an error inside the stream', async (context) => {
  const server = await serve(context);
  const room = await openRoom();
  const model = await room.declare({ kind: 'openai', urls: [`${server.url}/v1`] });
  const fails = (code: string, reason: string) =>
    assert.rejects(() => ask(room, model, asking('hello my secret plan')), failsWith(code, reason));
  server.faults.push({ kind: 'raw', type: 'text/html', body: '<html>Sign in</html>' });
  await fails('upstream_failed', 'not_the_api');
  server.faults.push({ kind: 'raw', body: 'data: <html>\n\n' });
  await fails('upstream_failed', 'not_the_api');
  server.faults.push({ kind: 'raw', body: Buffer.alloc(10 * 1024 * 1024, 'x') });
  await fails('upstream_failed', 'line_too_long');
  server.faults.push({ kind: 'raw', body: 'data: {"error":{"message":"out of memory"}}\n\ndata: [DONE]\n\n' });
  await assert.rejects(
    () => ask(room, model, asking('hello')),
    (error: Error) => {
      assert.match(error.message, /out of memory/);
      return failsWith('upstream_failed', 'in_stream')(error);
    },
  );
});

test('each refusal of an upstream has its own words, and never repeats the prompt or the key', async (context) => {
  const server = await serve(context);
  const room = await openRoom();
  const model = await room.declare({
    kind: 'openai',
    urls: [`${server.url}/v1`],
    secret: { apiKey: 'sk-abcdefghijklmnop' },
  });
  const prompt = 'the merger of Alpha and Beta is planned for May';
  const body = (message: string) => JSON.stringify({ error: { message } });
  for (const [status, message, code, reason] of [
    [401, 'Incorrect API key provided: sk-abcdefghijklmnop', 'upstream_failed', 'wrong_key'],
    [404, 'The model `echo` does not exist', 'upstream_failed', 'model_unknown'],
    [404, '', 'upstream_failed', 'wrong_address'],
    [302, '', 'upstream_failed', 'wrong_address'],
    [400, 'This model has a maximum context length of 8 tokens', 'context_exceeded', undefined],
    [400, `bad content: ${prompt}`, 'invalid_request', 'rejected'],
    [429, 'slow down', 'upstream_unavailable', 'rate_limited'],
    [500, 'oops', 'upstream_failed', 'status'],
    [504, '', 'upstream_timeout', 'status'],
  ] as const) {
    server.faults.push({ kind: 'status', status, body: message === '' ? '<html></html>' : body(message) });
    await assert.rejects(
      () => ask(room, model, asking(prompt)),
      (error: Error) => {
        assert.ok(!/merger|abcdefgh/.test(error.message), error.message);
        return failsWith(code, reason)(error);
      },
    );
  }
});

test('counts that cannot be believed are replaced by an estimate that says so', async (context) => {
  const lies = [
    { prompt_tokens: -3, completion_tokens: 2 },
    { prompt_tokens: '12', completion_tokens: '2' },
    { prompt_tokens: 1e15, completion_tokens: 2 },
    { prompt_tokens: 3, completion_tokens: 0 },
    { prompt_tokens: 3, completion_tokens: 1.5 },
    {},
    null,
  ];
  const room = await openRoom();
  for (const [at, usage] of lies.entries()) {
    const server = await serve(context, { usage });
    const model = await room.declare({ id: `liar-${at}`, kind: 'openai', urls: [`${server.url}/v1`] });
    const done = (await ask(room, model, asking('four words are here'))).at(-1);
    assert.ok(done?.type === 'done' && done.usage.estimated === true, JSON.stringify(usage));
    const { promptTokens, completionTokens } = done.usage;
    assert.ok(promptTokens > 2 && promptTokens < 30 && completionTokens > 0 && completionTokens < 10);
  }
});

test('a reader that is slow does not run the clock of the upstream', async (context) => {
  const server = await serve(context, { pieces: () => Array.from({ length: 20 }, () => ' x') });
  const room = await openRoom();
  const timeouts = { betweenTokensMs: 40 };
  const model = await room.declare({ kind: 'openai', urls: [`${server.url}/v1`], timeouts });
  let seen = 0;
  for await (const event of room.upstreams.generate(await room.clear(model), asking('go'), { model })) {
    if (event.type === 'delta') seen += 1;
    if (event.type === 'delta' && seen % 10 === 0) {
      const until = performance.now() + 90;
      while (performance.now() < until) await new Promise(setImmediate);
    }
  }
  assert.equal(seen, 20);
});

test('keep-alive lines are not tokens: silence behind them still ends in a timeout', async (context) => {
  const { createServer } = await import('node:http');
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const timer = setInterval(() => response.write(': still here\n\n'), 10);
    response.on('close', () => clearInterval(timer));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => server.close().closeAllConnections());
  const { port } = server.address() as { port: number };
  const room = await openRoom();
  const timeouts = { firstTokenMs: 200 };
  const model = await room.declare({ kind: 'openai', urls: [`http://127.0.0.1:${port}/v1`], timeouts });
  await assert.rejects(() => ask(room, model, asking('go')), failsWith('upstream_timeout', 'first_token'));
});

test('log-probabilities, several choices, text prompts and lengths go through', async (context) => {
  const server = await serve(context);
  const room = await openRoom();
  const model = await room.declare({ kind: 'openai', urls: [`${server.url}/v1`] });
  const events = await ask(room, model, asking('é one two', { logprobs: 0, maxTokens: 2, stop: ['###'] }));
  assert.ok(events.some((event) => event.type === 'finish' && event.reason === 'length'));
  const first = events.find((event) => event.type === 'delta');
  assert.deepEqual(first?.type === 'delta' && first.logprobs?.[0]?.bytes, [...Buffer.from('é')]);
  const { body } = server.seen[0] ?? {};
  assert.deepEqual([body.max_tokens, body.stop, body.logprobs], [2, ['###'], true]);
  const text = await ask(room, model, { ...asking(''), prompt: { kind: 'text', text: 'once upon a time' } });
  assert.equal(textOf(text), 'once upon a time');
  assert.equal(server.seen[1]?.path, '/v1/completions');
});

test('a kept connection that the other side closes unannounced costs no answer', async (context) => {
  const { createServer } = await import('node:http');
  const frames = 'data: {"choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n';
  const seen: number[] = [];
  const server = createServer((request, response) => {
    request.resume();
    const { socket } = request;
    seen.push(socket.remotePort ?? 0);
    response.writeHead(200, {
      'content-type': 'text/event-stream',
      'keep-alive': 'timeout=60',
      connection: 'keep-alive',
    });
    response.end(frames, () => server.once('next', () => socket.destroy()));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => server.close().closeAllConnections());
  const { port } = server.address() as { port: number };
  const room = await openRoom();
  const model = await room.declare({ kind: 'openai', urls: [`http://127.0.0.1:${port}/v1`] });
  for (let turn = 0; turn < 5; turn += 1) {
    server.emit('next'); // the close is on its way while the next request goes out
    assert.equal(textOf(await ask(room, model, asking('hello'))), 'hi');
  }
  assert.equal(new Set(seen).size, 5, 'each came on a connection of its own');
});
