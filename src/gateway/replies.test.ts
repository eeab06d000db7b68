import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type AskOptions, openTestGateway, type TestGateway } from '../../test/parts/test-gateway.ts';

let gateway: TestGateway;
before(async () => {
  gateway = await openTestGateway({
    engine: { contextTokens: 64 },
    bodyLimitBytes: 4 * 1024 * 1024,
    conversations: true,
  });
});
after(() => gateway.close());

const chat = '/v1/chat/completions';
const user = (content: unknown): unknown[] => [{ role: 'user', content }];
const body = (more: object): AskOptions => ({ body: { model: 'echo', messages: user('hello'), ...more } });

test('a problem document is given on any route to who accepts it', async () => {
  const reply = await gateway.ask(chat, { ...body({ n: -1 }), headers: { accept: 'application/problem+json' } });
  const problem = (await reply.json()) as { code: string; errors: unknown[] };
  assert.equal(problem.code, 'invalid_request');
  assert.deepEqual(problem.errors, [{ path: 'n', message: 'wanted at least 1, found -1' }]);
});

test('405 names the methods that are served, and OPTIONS does too, without opening the door to other origins', async () => {
  const refused = await gateway.ask('/api/conversations/conv_x', { method: 'PUT', body: {} });
  assert.equal(refused.headers.get('allow'), 'DELETE, GET, HEAD, OPTIONS, PATCH');
  const options = await gateway.ask(chat, { method: 'OPTIONS' });
  assert.equal(options.status, 204);
  assert.equal(options.headers.get('allow'), 'OPTIONS, POST');
  assert.equal(options.headers.get('access-control-allow-origin'), null);
});

test('HEAD gives the headers of GET and no body', async () => {
  const reply = await gateway.ask('/v1/models', { method: 'HEAD' });
  assert.equal(reply.status, 200);
  assert.match(reply.headers.get('content-type') ?? '', /^application\/json/);
  assert.equal(await reply.text(), '');
});

test('a request id of the client is kept; one that could forge a log line is not', async () => {
  const kept = await gateway.ask('/health', { headers: { 'x-request-id': 'abc-1.2:3' } });
  assert.equal(kept.headers.get('x-request-id'), 'abc-1.2:3');
  const replaced = await gateway.ask('/health', { headers: { 'x-request-id': 'a b{"x":1}' } });
  assert.match(replaced.headers.get('x-request-id') ?? '', /^req_/);
});

test('unknown fields that change nothing are ignored and counted', async () => {
  const reply = await gateway.ask(
    chat,
    body({ metadata: { a: 'b' }, parallel_tool_calls: true, tool_choice: 'auto', tools: [], store: false }),
  );
  assert.equal(reply.status, 200);
  const metrics = await (await gateway.ask('/metrics')).text();
  assert.match(metrics, /intramuros_ignored_fields_total\{http_route="\/v1\/chat\/completions"\} \d/);
});

test('a reply comes as YAML to who accepts that', async () => {
  const reply = await gateway.ask('/health', { headers: { accept: 'application/yaml' } });
  assert.match(reply.headers.get('content-type') ?? '', /^application\/yaml/);
  assert.match(await reply.text(), /^status: ok\n/);
});

test('an engine that crashes in mid-answer becomes an error of its own and the next request works', async () => {
  const slow = await openTestGateway({ engine: { tokenMs: 20 } });
  try {
    const asked = slow.ask(chat, body({ messages: user('one two three four five six'), stream: true }));
    const reader = (await asked).body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    for (let next = await reader?.read(); next && !next.done; next = await reader?.read()) {
      text += next.value;
      if (/"content":"one"/.test(text)) slow.engine.crash('echo');
    }
    assert.match(
      text,
      /data: \{"error":\{"message":"The process of model .*"code":"engine_crashed"\}\}\n\ndata: \[DONE\]\n\n$/,
    );
    assert.doesNotMatch(text, /"finish_reason":"stop"/);
    assert.equal((await slow.ask(chat, body({}))).status, 200);
  } finally {
    await slow.close();
  }
});

test('a full queue is answered 429 with retry-after', async () => {
  const busy = await openTestGateway({ engine: { tokenMs: 50, parallel: 1, queueLimit: 1 } });
  const leave = new AbortController();
  try {
    const ask = (): Promise<Response> =>
      busy.ask(chat, { ...body({ messages: user('a b c d e f g h'), stream: true }), signal: leave.signal });
    const first = await ask();
    const second = ask().catch(() => undefined);
    while (busy.engine.list()[0]?.queuedRequests !== 1) await new Promise(setImmediate);
    const refused = await ask();
    assert.equal(refused.status, 429);
    assert.ok(Number(refused.headers.get('retry-after')) > 0);
    assert.equal(((await refused.json()) as { error: { type: string } }).error.type, 'rate_limit_error');
    leave.abort();
    await first.body?.cancel().catch(() => {});
    await second;
  } finally {
    await busy.close();
  }
});
