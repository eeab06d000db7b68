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

interface Scenario {
  readonly name: string;
  readonly path: string;
  readonly ask?: AskOptions;
  readonly status: number;
  readonly code: string;
  /** What the message must say, and must not. */
  readonly says?: RegExp;
  readonly param?: string | null;
}

const chat = '/v1/chat/completions';
const user = (content: unknown): unknown[] => [{ role: 'user', content }];
const body = (more: object): AskOptions => ({ body: { model: 'echo', messages: user('hello'), ...more } });
const secret = 'my-private-prompt';

const scenarios: readonly Scenario[] = [
  {
    name: 'a body that stops in the middle',
    path: chat,
    ask: { body: `{"messages":["${secret}",` },
    status: 400,
    code: 'invalid_request',
    says: /position 33 .*a value was wanted, the end of the body found/,
  },
  {
    name: 'a body that is no JSON',
    path: chat,
    ask: { body: `{"a":1}\n${secret}` },
    status: 400,
    code: 'invalid_request',
    says: /line 2, column 1.*the end of the body was wanted/,
  },
  { name: 'an empty body', path: chat, ask: { body: '' }, status: 400, code: 'invalid_request', says: /empty/ },
  {
    name: 'a body that is not UTF-8',
    path: chat,
    ask: { body: Buffer.from([0x22, 0x61, 0xff, 0x22]) },
    status: 400,
    code: 'invalid_request',
    says: /not valid UTF-8: byte 2/,
  },
  {
    name: 'a body of another type',
    path: chat,
    ask: { body: 'hello', headers: { 'content-type': 'text/plain' } },
    status: 415,
    code: 'unsupported_media_type',
    says: /text\/plain/,
  },
  {
    name: 'a form',
    path: chat,
    ask: { body: 'a=b', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
    status: 415,
    code: 'unsupported_media_type',
  },
  {
    name: 'a list where an object is wanted',
    path: chat,
    ask: { body: [] },
    status: 400,
    code: 'invalid_request',
    says: /body: wanted object, found array/,
  },
  {
    name: 'a missing model',
    path: chat,
    ask: { body: { messages: user('x') } },
    status: 400,
    code: 'invalid_request',
    param: 'model',
    says: /"model": is missing; wanted string/,
  },
  {
    name: 'a model that is not installed',
    path: chat,
    ask: body({ model: 'gpt-none' }),
    status: 404,
    code: 'model_not_found',
    param: 'model',
    says: /Installed: echo/,
  },
  {
    name: 'a model that cannot chat',
    path: chat,
    ask: body({ model: 'vectors' }),
    status: 403,
    code: 'model_unusable',
    param: 'model',
  },
  {
    name: 'a number where a list is wanted',
    path: chat,
    ask: body({ messages: 7 }),
    status: 400,
    code: 'invalid_request',
    param: 'messages',
    says: /wanted array, found number/,
  },
  {
    name: 'no message',
    path: chat,
    ask: body({ messages: [] }),
    status: 400,
    code: 'invalid_request',
    param: 'messages',
    says: /at least 1 items, found 0/,
  },
  {
    name: 'a wrong type deep inside',
    path: chat,
    ask: body({ messages: user([{ type: 'text', text: 3 }]) }),
    status: 400,
    code: 'invalid_request',
    param: 'messages[0].content[0].text',
    says: /wanted string, found number/,
  },
  {
    name: 'an unknown role',
    path: chat,
    ask: body({ messages: [{ role: secret, content: 'x' }] }),
    status: 400,
    code: 'invalid_request',
    param: 'messages[0].role',
    says: /wanted one of "developer"/,
  },
  {
    name: 'a negative limit',
    path: chat,
    ask: body({ max_tokens: -1 }),
    status: 400,
    code: 'invalid_request',
    param: 'max_tokens',
    says: /at least 0, found -1/,
  },
  {
    name: 'a limit with decimals',
    path: chat,
    ask: body({ max_completion_tokens: 1.5 }),
    status: 400,
    code: 'invalid_request',
    param: 'max_completion_tokens',
    says: /wanted int, found a number with decimals/,
  },
  {
    name: 'temperature above 2',
    path: chat,
    ask: body({ temperature: 2.1 }),
    status: 400,
    code: 'invalid_request',
    param: 'temperature',
  },
  { name: 'no choice at all', path: chat, ask: body({ n: 0 }), status: 400, code: 'invalid_request', param: 'n' },
  {
    name: 'top_logprobs above 20',
    path: chat,
    ask: body({ logprobs: true, top_logprobs: 21 }),
    status: 400,
    code: 'invalid_request',
    param: 'top_logprobs',
  },
  {
    name: 'top_logprobs without logprobs',
    path: chat,
    ask: body({ top_logprobs: 2 }),
    status: 400,
    code: 'invalid_request',
    param: 'top_logprobs',
  },
  {
    name: 'stream_options without stream',
    path: chat,
    ask: body({ stream_options: { include_usage: true } }),
    status: 400,
    code: 'invalid_request',
    param: 'stream_options',
  },
  {
    name: 'tools',
    path: chat,
    ask: body({ tools: [{ type: 'function', function: { name: 'f' } }] }),
    status: 400,
    code: 'unsupported_parameter',
    param: 'tools',
  },
  {
    name: 'a JSON schema',
    path: chat,
    ask: body({ response_format: { type: 'json_schema', json_schema: {} } }),
    status: 400,
    code: 'unsupported_parameter',
    param: 'response_format',
  },
  {
    name: 'a JSON object',
    path: chat,
    ask: body({ response_format: { type: 'json_object' } }),
    status: 400,
    code: 'unsupported_parameter',
    param: 'response_format',
  },
  {
    name: 'a grammar',
    path: chat,
    ask: body({ grammar: 'root ::= "a"' }),
    status: 400,
    code: 'unsupported_parameter',
    param: 'grammar',
  },
  {
    name: 'a predicted output',
    path: chat,
    ask: body({ prediction: { type: 'content', content: 'x' } }),
    status: 400,
    code: 'unsupported_parameter',
    param: 'prediction',
  },
  {
    name: 'sound',
    path: chat,
    ask: body({ modalities: ['text', 'audio'] }),
    status: 400,
    code: 'unsupported_parameter',
    param: 'modalities',
  },
  {
    name: 'an image',
    path: chat,
    ask: body({ messages: user([{ type: 'image_url', image_url: { url: 'data:,' } }]) }),
    status: 400,
    code: 'unsupported_parameter',
    param: 'messages[0].content[0].type',
  },
  {
    name: 'a kept answer',
    path: chat,
    ask: body({ store: true }),
    status: 400,
    code: 'unsupported_parameter',
    param: 'store',
  },
  {
    name: 'a tool result',
    path: chat,
    ask: body({ messages: [{ role: 'tool', content: 'x', tool_call_id: 'a' }] }),
    status: 400,
    code: 'unsupported_parameter',
    param: 'messages[0].role',
  },
  {
    name: 'a prompt over the context',
    path: chat,
    ask: body({ messages: user(`${secret} `.repeat(100)) }),
    status: 400,
    code: 'context_length_exceeded',
    says: /has 64/,
  },
  {
    name: 'a prompt over the context, streamed',
    path: chat,
    ask: body({ stream: true, messages: user(`${secret} `.repeat(100)) }),
    status: 400,
    code: 'context_length_exceeded',
  },
  {
    name: 'a message of 10 MB',
    path: chat,
    ask: body({ messages: user('x'.repeat(10_000_000)) }),
    status: 413,
    code: 'payload_too_large',
    says: /bodyLimit/,
  },
  {
    name: 'insertion',
    path: '/v1/completions',
    ask: { body: { model: 'echo', prompt: 'a', suffix: 'b' } },
    status: 400,
    code: 'unsupported_parameter',
    param: 'suffix',
  },
  {
    name: 'best_of above n',
    path: '/v1/completions',
    ask: { body: { model: 'echo', prompt: 'a', best_of: 3 } },
    status: 400,
    code: 'unsupported_parameter',
    param: 'best_of',
  },
  {
    name: 'a negative token id',
    path: '/v1/completions',
    ask: { body: { model: 'echo', prompt: [1, -2] } },
    status: 400,
    code: 'invalid_request',
    param: 'prompt[1]',
  },
  {
    name: 'nothing to embed',
    path: '/v1/embeddings',
    ask: { body: { model: 'vectors', input: [] } },
    status: 400,
    code: 'invalid_request',
    param: 'input',
  },
  {
    name: 'another encoding',
    path: '/v1/embeddings',
    ask: { body: { model: 'vectors', input: 'a', encoding_format: 'hex' } },
    status: 400,
    code: 'invalid_request',
    param: 'encoding_format',
  },
  {
    name: 'embeddings of a chat model',
    path: '/v1/embeddings',
    ask: { body: { model: 'echo', input: 'a' } },
    status: 403,
    code: 'model_unusable',
    param: 'model',
  },
  { name: 'an unknown address', path: '/v1/nothing', status: 404, code: 'not_found' },
  {
    name: 'a method that is not served',
    path: chat,
    ask: { method: 'PUT', body: {} },
    status: 405,
    code: 'method_not_allowed',
  },
  {
    name: 'no acceptable form',
    path: '/v1/models',
    ask: { headers: { accept: 'image/png' } },
    status: 406,
    code: 'not_acceptable',
  },
  { name: 'a broken percent-encoding', path: '/v1/models/%zz', status: 400, code: 'invalid_request' },
];

for (const scenario of scenarios) {
  test(`OpenAI dialect: ${scenario.name} is answered ${scenario.status} ${scenario.code}`, async () => {
    const reply = await gateway.ask(scenario.path, scenario.ask);
    const text = await reply.text();
    assert.equal(reply.status, scenario.status, text);
    const { error, ...rest } = JSON.parse(text) as { error: Record<string, unknown> };
    assert.deepEqual(rest, {});
    assert.deepEqual(Object.keys(error).sort(), ['code', 'message', 'param', 'type']);
    assert.equal(error.code, scenario.code);
    if (scenario.param !== undefined) assert.equal(error.param, scenario.param);
    if (scenario.says) assert.match(String(error.message), scenario.says);
    assert.match(reply.headers.get('x-request-id') ?? '', /^req_/);
    assert.doesNotMatch(text, /my-private-prompt|node:|\.ts\b|at \w+ \(/, 'neither prompts nor stacks are shown');
  });
}

const native: readonly Scenario[] = [
  {
    name: 'an unknown conversation',
    path: '/api/conversations/conv_none',
    status: 404,
    code: 'conversation_not_found',
  },
  {
    name: 'an unknown field',
    path: '/api/conversations',
    ask: { body: { titel: 'x' } },
    status: 400,
    code: 'invalid_request',
    says: /"titel": is not a known field/,
  },
  {
    name: 'a NUL character',
    path: '/api/conversations',
    ask: { body: { title: 'a\0b' } },
    status: 400,
    code: 'invalid_request',
    says: /NUL/,
  },
  { name: 'a limit of 0', path: '/api/conversations?limit=0', status: 400, code: 'invalid_request' },
  {
    name: 'a limit in words',
    path: '/api/conversations?limit=many',
    status: 400,
    code: 'invalid_request',
    says: /"limit" of the query/,
  },
  { name: 'a made-up cursor', path: '/api/conversations?cursor=zzz', status: 404, code: 'not_found' },
  {
    name: 'an unknown format',
    path: '/api/conversations/conv_x/export?format=pdf',
    status: 400,
    code: 'invalid_request',
  },
  { name: 'an unknown model', path: '/api/models/none', status: 404, code: 'model_not_found' },
  {
    name: 'a model to load that is not there',
    path: '/api/models/none/load',
    ask: { body: {} },
    status: 404,
    code: 'model_not_found',
  },
  {
    name: 'a fetch of nothing',
    path: '/api/models/fetch',
    ask: { body: { reference: '' } },
    status: 400,
    code: 'invalid_request',
  },
  { name: 'an unknown address', path: '/api/nothing', status: 404, code: 'not_found' },
  {
    name: 'a method that is not served',
    path: '/health',
    ask: { method: 'DELETE' },
    status: 405,
    code: 'method_not_allowed',
  },
];

for (const scenario of native) {
  test(`native routes: ${scenario.name} is answered ${scenario.status} ${scenario.code}`, async () => {
    const reply = await gateway.ask(scenario.path, scenario.ask);
    const problem = (await reply.json()) as Record<string, unknown>;
    assert.equal(reply.status, scenario.status, JSON.stringify(problem));
    assert.match(reply.headers.get('content-type') ?? '', /^application\/problem\+json/);
    assert.equal(problem.type, `urn:intramuros:error:${scenario.code}`);
    assert.equal(problem.status, scenario.status);
    assert.equal(problem.requestId, reply.headers.get('x-request-id'));
    if (scenario.says) assert.match(String(problem.detail), scenario.says);
  });
}
