import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import OpenAI from 'openai';
import { openTestGateway, type TestGateway } from '../../test/parts/test-gateway.ts';

let gateway: TestGateway;
let client: OpenAI;
before(async () => {
  gateway = await openTestGateway({ aliases: { 'gpt-*': 'echo', house: 'org/echo:small' } });
  client = new OpenAI({ baseURL: `${gateway.address}/v1`, apiKey: 'none', maxRetries: 0 });
});
after(() => gateway.close());

type Chunk = Record<string, never> & {
  id: string;
  created: number;
  choices: { index: number; delta: Record<string, unknown>; finish_reason: string | null; text?: string }[];
  usage?: Record<string, number> | null;
};

/** The frames of a stream, checked for their form: `data:` lines alone, `[DONE]` last. */
async function frames(path: string, body: object): Promise<Chunk[]> {
  const reply = await gateway.ask(path, { body: { ...body, stream: true } });
  assert.equal(reply.status, 200);
  assert.equal(reply.headers.get('content-type'), 'text/event-stream');
  assert.equal(reply.headers.get('cache-control'), 'no-cache, no-transform');
  assert.equal(reply.headers.get('x-accel-buffering'), 'no');
  assert.equal(reply.headers.get('content-encoding'), null);
  const parts = (await reply.text()).split('\n\n');
  assert.equal(parts.pop(), '');
  assert.equal(parts.pop(), 'data: [DONE]');
  return parts.map((part) => {
    assert.match(part, /^data: \{[^\n]*\}$/, 'one data line a frame: no id, no event, no empty data');
    return JSON.parse(part.slice(6)) as Chunk;
  });
}

const ask = (content: string): object => ({ model: 'echo', messages: [{ role: 'user', content }] });

test('a streamed chat has role first, then content alone, then one finish_reason, under one id', async () => {
  const chunks = await frames('/v1/chat/completions', ask('one two three'));
  assert.equal(new Set(chunks.map(({ id }) => id)).size, 1);
  assert.equal(new Set(chunks.map(({ created }) => created)).size, 1);
  assert.deepEqual(chunks[0]?.choices[0]?.delta, { role: 'assistant', content: null });
  for (const chunk of chunks.slice(1)) assert.ok(!('role' in (chunk.choices[0]?.delta ?? {})), 'role only once');
  assert.deepEqual(chunks.at(-1)?.choices[0]?.delta, {});
  assert.deepEqual(
    chunks.map(({ choices }) => choices[0]?.finish_reason).filter((reason) => reason !== null),
    ['stop'],
  );
  assert.equal(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join(''), 'one two three');
  for (const chunk of chunks) assert.ok(!('usage' in chunk), 'usage unasked');
});

test('usage comes in a last chunk without choices, only when asked for', async () => {
  const chunks = await frames('/v1/chat/completions', { ...ask('one two'), stream_options: { include_usage: true } });
  const last = chunks.at(-1);
  assert.deepEqual(last?.choices, []);
  assert.equal(last?.usage?.completion_tokens, 2);
  assert.equal(last?.usage?.total_tokens, (last?.usage?.prompt_tokens ?? 0) + 2);
  for (const chunk of chunks.slice(0, -1)) assert.equal(chunk.usage, null);
});

test('thinking goes to reasoning_content alone, before the content', async () => {
  const chunks = await frames('/v1/chat/completions', ask('<think>let me see</think>done'));
  const deltas = chunks.map(({ choices }) => choices[0]?.delta ?? {});
  assert.equal(deltas.map((delta) => delta.reasoning_content ?? '').join(''), 'let me see');
  assert.equal(deltas.map((delta) => delta.content ?? '').join(''), 'done');
  for (const delta of deltas) assert.ok(!('reasoning' in delta), 'sending both doubles the text');
  const { choices } = await client.chat.completions.create(ask('<think>hm</think>yes') as never);
  assert.equal(choices[0]?.message.content, 'yes');
  assert.equal((choices[0]?.message as { reasoning_content?: string } | undefined)?.reasoning_content, 'hm');
});

test('n gives that many choices, each with its index and its own end', async () => {
  const chunks = await frames('/v1/chat/completions', { ...ask('a b'), n: 3 });
  for (const index of [0, 1, 2]) {
    const own = chunks.flatMap(({ choices }) => choices).filter((choice) => choice.index === index);
    assert.equal(own.map(({ delta }) => delta.content ?? '').join(''), 'a b');
    assert.equal(own.filter(({ finish_reason }) => finish_reason !== null).length, 1);
    assert.equal(own.filter(({ delta }) => 'role' in delta).length, 1);
  }
  const whole = await client.chat.completions.create({ ...ask('a b'), n: 3 } as never);
  assert.deepEqual(
    whole.choices.map(({ index }) => index),
    [0, 1, 2],
  );
});

test('logprobs have bytes, and their tokens concatenate to the content', async () => {
  const { choices } = await client.chat.completions.create({
    ...ask('héhé tous'),
    logprobs: true,
    top_logprobs: 2,
  } as never);
  const content = choices[0]?.logprobs?.content ?? [];
  assert.equal(content.map(({ token }) => token).join(''), choices[0]?.message.content);
  assert.equal(Buffer.from(content.flatMap(({ bytes }) => bytes ?? [])).toString(), choices[0]?.message.content);
  assert.ok(content.every(({ top_logprobs }) => top_logprobs.length === 2));
  const zero = await client.chat.completions.create({ ...ask('a'), logprobs: true, top_logprobs: 0 } as never);
  assert.deepEqual(zero.choices[0]?.logprobs?.content?.[0]?.top_logprobs, []);
});

test('stop sequences end the answer and are not part of it, as text or list', async () => {
  for (const stop of ['two', ['zzz', ' two']]) {
    const { choices } = await client.chat.completions.create({ ...ask('one two three'), stop } as never);
    assert.equal(choices[0]?.message.content?.trim(), 'one');
    assert.equal(choices[0]?.finish_reason, 'stop');
  }
});

test('both names of the token limit cut the answer and say length', async () => {
  for (const limit of [{ max_tokens: 2 }, { max_completion_tokens: 2 }, { max_tokens: 9, max_completion_tokens: 2 }]) {
    const { choices, usage } = await client.chat.completions.create({ ...ask('a b c d'), ...limit } as never);
    assert.equal(choices[0]?.finish_reason, 'length');
    assert.equal(usage?.completion_tokens, 2);
  }
});

test('developer role, content parts, null content and replayed thinking are understood', async () => {
  const { choices } = await client.chat.completions.create({
    model: 'gpt-anything',
    messages: [
      { role: 'developer', content: 'Be brief.' },
      { role: 'assistant', content: null, reasoning_content: 'hm' },
      { role: 'assistant', content: '<think>hm</think>earlier' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'one ' },
          { type: 'text', text: 'two' },
        ],
        name: 'ann',
      },
    ],
  } as never);
  assert.equal(choices[0]?.message.content, 'one two');
});

test('the openai client streams, and leaving its loop stops the engine', async () => {
  const slow = await openTestGateway({ engine: { tokenMs: 15 } });
  try {
    const own = new OpenAI({ baseURL: `${slow.address}/v1`, apiKey: 'none', maxRetries: 0 });
    const stream = await own.chat.completions.create({
      ...ask('a b c d e f g h i j k l m n o p'),
      stream: true,
    } as never);
    let seen = 0;
    for await (const chunk of stream as unknown as AsyncIterable<{ choices: { delta: { content?: string } }[] }>) {
      if (chunk.choices[0]?.delta.content && ++seen === 2) break;
    }
    while ((slow.engine.list()[0]?.activeRequests ?? 1) > 0) await new Promise((resolve) => setTimeout(resolve, 2));
    const { counters } = slow.engine.list()[0] ?? assert.fail();
    assert.equal(counters.cancelled, 1);
    assert.ok(counters.generatedTokens < 10, `${counters.generatedTokens} tokens were generated`);
  } finally {
    await slow.close();
  }
});

test('text completions echo the prompt with its log-probabilities, from text and from token ids', async () => {
  const reply = await client.completions.create({
    model: 'echo',
    prompt: 'a b',
    echo: true,
    logprobs: 1,
    max_tokens: 2,
  });
  const [choice] = reply.choices;
  assert.equal(choice?.text, 'a ba b');
  assert.deepEqual(choice?.logprobs?.tokens, ['a', ' b', 'a', ' b']);
  assert.equal(choice?.logprobs?.token_logprobs?.[0], null);
  assert.deepEqual(choice?.logprobs?.text_offset, [0, 1, 3, 4]);
  const { tokens } = (await (await gateway.ask('/tokenize', { body: { content: 'x y', model: 'echo' } })).json()) as {
    tokens: number[];
  };
  const fromIds = await client.completions.create({ model: 'echo', prompt: tokens, echo: true, max_tokens: 0 });
  assert.equal(fromIds.choices[0]?.text, 'x y');
  assert.equal(fromIds.usage?.completion_tokens, 0);
});

test('several prompts make choices in their order, and usage adds them up', async () => {
  const reply = await client.completions.create({ model: 'echo', prompt: ['a b', 'c'], n: 2 });
  assert.deepEqual(
    reply.choices.map(({ index, text }) => [index, text]),
    [
      [0, 'a b'],
      [1, 'a b'],
      [2, 'c'],
      [3, 'c'],
    ],
  );
  assert.equal(reply.usage?.completion_tokens, 6);
  const chunks = await frames('/v1/completions', {
    model: 'echo',
    prompt: ['a b', 'c'],
    stream_options: { include_usage: true },
  });
  const text = (index: number): string =>
    chunks
      .flatMap(({ choices }) => choices)
      .filter((c) => c.index === index)
      .map((c) => c.text)
      .join('');
  assert.deepEqual([text(0), text(1)], ['a b', 'c']);
  assert.equal(chunks.at(-1)?.usage?.completion_tokens, 3);
});

test('embeddings come as numbers or as little-endian float32 in base64, and are the same', async () => {
  const raw = (encoding: string): Promise<{ data: { embedding: string; index: number }[] }> =>
    gateway
      .ask('/v1/embeddings', { body: { model: 'vectors', input: ['one', 'two words'], encoding_format: encoding } })
      .then((reply) => reply.json() as never);
  const [floats, base64] = [await raw('float'), await raw('base64')];
  for (const index of [0, 1]) {
    const bytes = Buffer.from(base64.data[index]?.embedding ?? '', 'base64');
    const decoded = Array.from({ length: bytes.length / 4 }, (_, at) => bytes.readFloatLE(at * 4));
    assert.deepEqual(decoded, floats.data[index]?.embedding as unknown);
    assert.ok(Math.abs(Math.hypot(...decoded) - 1) < 1e-5, 'unit length');
  }
  const viaClient = await client.embeddings.create({ model: 'vectors', input: ['one', 'two words'] });
  assert.deepEqual(viaClient.data[1]?.embedding, floats.data[1]?.embedding);
});

test('embeddings take text, texts, token ids and lists of token ids', async () => {
  const { tokens } = (await (await gateway.ask('/tokenize', { body: { content: 'x y', model: 'echo' } })).json()) as {
    tokens: number[];
  };
  const vectors = await Promise.all(
    (['x y', ['x y'], tokens, [tokens, tokens]] as const).map(
      async (input) => (await client.embeddings.create({ model: 'vectors', input: input as unknown as string[] })).data,
    ),
  );
  assert.deepEqual(
    vectors.map(({ length }) => length),
    [1, 1, 1, 2],
  );
  for (const [first] of vectors) assert.deepEqual(first?.embedding, vectors[0]?.[0]?.embedding);
});

test('models are listed and found by ids with slashes and colons, raw or encoded, and by alias', async () => {
  const names = (await client.models.list()).data.map(({ id }) => id);
  assert.deepEqual(names, ['echo', 'org/echo:small', 'vectors', 'house']);
  for (const path of ['org/echo:small', 'org%2Fecho%3Asmall', 'org%2Fecho:small', 'house']) {
    const reply = await gateway.ask(`/v1/models/${path}`);
    assert.equal(reply.status, 200);
    assert.equal(((await reply.json()) as { id: string }).id, decodeURIComponent(path));
  }
  await assert.rejects(client.models.retrieve('none'), OpenAI.NotFoundError);
});

test('deleting an alias takes the name away and leaves the model', async () => {
  const own = await openTestGateway({ aliases: { house: 'echo', '*': 'org/echo:small' } });
  try {
    const remove = (name: string): Promise<number> =>
      own.ask(`/v1/models/${name}`, { method: 'DELETE' }).then(({ status }) => status);
    assert.equal(await remove('house'), 200);
    assert.equal(await remove('house'), 404);
    assert.equal((await own.ask('/v1/models/echo')).status, 200);
    assert.equal(await remove('echo'), 200);
    assert.equal((await own.ask('/v1/models/echo')).status, 404, 'no alias brings a deleted name back');
  } finally {
    await own.close();
  }
});

test('tokens of a text give the text back', async () => {
  const { tokens } = (await (
    await gateway.ask('/tokenize', { body: { prompt: 'one two', with_pieces: true } })
  ).json()) as { tokens: { id: number; piece: string }[] };
  assert.equal(tokens.map(({ piece }) => piece).join(''), 'one two');
  const back = await gateway.ask('/detokenize', { body: { tokens: tokens.map(({ id }) => id) } });
  assert.deepEqual(await back.json(), { content: 'one two' });
});

test('metrics speak of answers under the gen_ai names', async () => {
  const text = await (await gateway.ask('/metrics')).text();
  assert.match(
    text,
    /gen_ai_client_token_usage_count\{gen_ai_operation_name="chat",gen_ai_request_model="echo",gen_ai_token_type="output"\} \d+/,
  );
  assert.match(text, /gen_ai_server_time_to_first_token_seconds_bucket/);
  assert.match(text, /intramuros_egress_bytes\{direction="sent"\} 0/);
});
