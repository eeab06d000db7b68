import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Frame, readFrames } from './sse.ts';

const stream =
  ': waiting\n\nid: 0\nevent: text\ndata: {"s":"é✓"}\n\nid: 1\r\nevent: close\r\ndata: a\r\ndata: b\r\n\r\nid: 2\ndata: lost';
const expected: Frame[] = [
  { id: '0', event: 'text', data: '{"s":"é✓"}' },
  { id: '1', event: 'close', data: 'a\nb' },
];

async function read(pieces: Uint8Array[]): Promise<Frame[]> {
  const body = (async function* () {
    yield* pieces;
  })();
  const frames: Frame[] = [];
  for await (const frame of readFrames(body)) frames.push(frame);
  return frames;
}

test('frames are the same wherever the network cuts them', async () => {
  const bytes = new TextEncoder().encode(stream);
  for (let cut = 0; cut <= bytes.length; cut += 1)
    assert.deepEqual(await read([bytes.slice(0, cut), bytes.slice(cut)]), expected, `cut at ${cut}`);
  assert.deepEqual(await read([...bytes].map((byte) => Uint8Array.of(byte))), expected);
});
