import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { eventStreamFrame } from '../../../test/parts/upstream-servers/index.ts';
import { IntramurosError } from '../../base/index.ts';
import type { GenerateRequest } from '../../engine/index.ts';
import { wireKinds } from '../kinds/index.ts';
import type { Piece } from '../kinds/kind.ts';
import type { UpstreamKind } from '../schema.ts';
import { EventFrames } from './event-frames.ts';
import { LineSplitter, mostLineBytes } from './lines.ts';
import { ServerEvents } from './server-events.ts';

const request: GenerateRequest = {
  model: 'x',
  prompt: { kind: 'chat', messages: [{ role: 'user', content: 'x' }] },
  fairKey: 'x',
  isolationKey: 'x',
};
const hard = ['né', '🙂‍↔️', ' "quoted"\\n', '\u2028', 'fin'];
const sse = (value: unknown): string => `data: ${JSON.stringify(value)}\r\n\r\n`;
const named = (value: { type: string }): string => `event: ${value.type}\ndata:${JSON.stringify(value)}\n\n`;
const frame = (type: string, body: unknown): Buffer =>
  eventStreamFrame({ ':message-type': 'event', ':event-type': type }, Buffer.from(JSON.stringify(body)));
const choice = (delta: object, finish_reason: string | null = null) => ({
  choices: [{ index: 0, delta, finish_reason }],
});

/** One whole stream of each kind, with characters of several bytes, comments, both line ends, and its usage. */
const streams: Readonly<Record<UpstreamKind, Buffer>> = {
  openai: Buffer.from(
    [
      '\uFEFF: hello\r\n\r\n',
      sse(choice({ role: 'assistant', content: null })),
      sse(choice({ reasoning_content: 'où ?' })),
      ...hard.map((content) => sse(choice({ content }))),
      ': ping\n\n',
      sse(choice({}, 'stop')),
      sse({ choices: [], usage: { prompt_tokens: 3, completion_tokens: 5 } }),
      'data: [DONE]\n\n',
    ].join(''),
  ),
  ollama: Buffer.from(
    [
      ...hard.map((content) => `${JSON.stringify({ message: { role: 'assistant', content }, done: false })}\n`),
      `${JSON.stringify({ message: { content: '' }, done: true, done_reason: 'stop', prompt_eval_count: 3, eval_count: 5 })}`,
    ].join(''),
  ),
  anthropic: Buffer.from(
    [
      named({ type: 'message_start', message: { usage: { input_tokens: 3 } } } as { type: string }),
      named({ type: 'ping' }),
      ...hard.map((text) =>
        named({ type: 'content_block_delta', delta: { type: 'text_delta', text } } as { type: string }),
      ),
      named({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 5 } } as {
        type: string;
      }),
      named({ type: 'message_stop' }),
    ].join(''),
  ),
  bedrock: Buffer.concat([
    frame('messageStart', { role: 'assistant' }),
    ...hard.map((text) => frame('contentBlockDelta', { contentBlockIndex: 0, delta: { text } })),
    frame('messageStop', { stopReason: 'end_turn' }),
    frame('metadata', { usage: { inputTokens: 3, outputTokens: 5 } }),
  ]),
};

/** Everything that a stream tells when it comes cut at these places, its failure last. */
function readCut(kind: UpstreamKind, bytes: Buffer, cuts: readonly number[]): unknown[] {
  const reader = wireKinds[kind].read(request);
  const pieces: Piece[] = [];
  const told: unknown[] = [];
  const places = [0, ...[...cuts].sort((a, b) => a - b), bytes.length];
  try {
    for (let at = 1; at < places.length; at += 1) reader.push(bytes.subarray(places[at - 1], places[at]), pieces);
    reader.end(pieces);
  } catch (error) {
    assert.ok(error instanceof IntramurosError, String(error));
    told.push(error.code, error.facts.reason);
  }
  return [...pieces, ...told];
}

for (const kind of Object.keys(streams) as UpstreamKind[]) {
  const bytes = streams[kind];
  test(`${kind}: however a stream is cut, inside characters too, it tells the same`, () => {
    const whole = readCut(kind, bytes, []);
    const texts = whole.map((piece) =>
      (piece as Piece).type === 'delta' && (piece as { kind: string }).kind === 'text'
        ? (piece as { text: string }).text
        : '',
    );
    assert.equal(texts.join(''), hard.join(''));
    assert.equal(whole.filter((piece) => (piece as Piece).type === 'finish').length, 1);
    assert.equal(whole.filter((piece) => (piece as Piece).type === 'usage').length, 1);
    for (let at = 0; at <= bytes.length; at += 1) assert.deepEqual(readCut(kind, bytes, [at]), whole);
    const everyByte = Array.from({ length: bytes.length }, (_, at) => at);
    assert.deepEqual(readCut(kind, bytes, everyByte), whole);
    const cuts = fc.array(fc.nat({ max: bytes.length }), { maxLength: 12 });
    fc.assert(
      fc.property(cuts, (places) => assert.deepEqual(readCut(kind, bytes, places), whole)),
      { numRuns: 200 },
    );
  });

  test(`${kind}: a stream that stops anywhere before its end is broken, and damage never crashes`, () => {
    const end = bytes.length - lastPartBytes[kind];
    fc.assert(
      fc.property(fc.nat({ max: end }), (at) => {
        const told = readCut(kind, bytes.subarray(0, at), []);
        assert.equal(told.at(-2), 'upstream_failed');
      }),
    );
    fc.assert(
      fc.property(
        fc.nat({ max: bytes.length - 1 }),
        fc.integer({ min: 1, max: 255 }),
        fc.nat({ max: bytes.length }),
        (at, flip, cut) => {
          const damaged = Buffer.from(bytes);
          damaged[at] = (damaged[at] ?? 0) ^ flip;
          assert.deepEqual(readCut(kind, damaged, [cut]), readCut(kind, damaged, []));
        },
      ),
      { numRuns: 300 },
    );
  });
}

/** Bytes behind the one without which the answer has no end. */
const lastPartBytes: Readonly<Record<UpstreamKind, number>> = {
  openai:
    sse({ choices: [], usage: { prompt_tokens: 3, completion_tokens: 5 } }).length + 'data: [DONE]\n\n'.length + 5,
  ollama: 1,
  anthropic: 3,
  bedrock: frame('metadata', { usage: { inputTokens: 3, outputTokens: 5 } }).length + 1,
};

test('a damaged frame is refused by its checksums, wherever the damage is', () => {
  const good = frame('contentBlockDelta', { delta: { text: 'hello' } });
  for (let at = 0; at < good.length; at += 1) {
    const damaged = Buffer.from(good);
    damaged[at] = (damaged[at] ?? 0) ^ 0x10;
    const frames = new EventFrames();
    let taken = 0;
    assert.throws(() => {
      frames.push(damaged, () => (taken += 1));
      frames.end();
    }, IntramurosError);
    assert.equal(taken, 0);
  }
});

test('no line, event or frame makes more than 1 MiB wait in memory', () => {
  const chunk = Buffer.alloc(64 * 1024, 'x');
  const lines = new LineSplitter();
  let taken = 0;
  assert.throws(() => {
    for (let bytes = 0; bytes < 10 * mostLineBytes; bytes += chunk.length) {
      lines.push(chunk, () => {});
      taken = bytes;
    }
  }, /more than 1048576 bytes/);
  assert.ok(taken <= mostLineBytes);
  const events = new ServerEvents();
  const line = Buffer.from(`data: ${'x'.repeat(1000)}\n`);
  assert.throws(() => {
    for (let count = 0; count < 3000; count += 1) events.push(line, () => {});
  }, /more than 1048576/);
  const frames = new EventFrames();
  assert.throws(() => frames.push(Buffer.from([0x7f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), () => {}), /impossible length/);
});
