import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FrameScan, usageOfReply } from './frame-scan.ts';

const frame = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`;
const word = (content: string): string => frame({ choices: [{ index: 0, delta: { content } }], usage: null });
const usage = { prompt_tokens: 7, completion_tokens: 3, prompt_tokens_details: { cached_tokens: 2 } };
const usageFrame = frame({ choices: [], usage });
const done = 'data: [DONE]\n\n';
const found = { promptTokens: 7, completionTokens: 3, cachedPromptTokens: 2 };

/** Passes bytes through in pieces cut at the given places. */
function pass(text: string, cuts: readonly number[], strip: boolean): { out: string; scan: FrameScan } {
  const bytes = Buffer.from(text);
  const scan = new FrameScan({ strip });
  const out: Buffer[] = [];
  let from = 0;
  for (const to of [...cuts.map((cut) => cut % bytes.length).sort((a, b) => a - b), bytes.length]) {
    out.push(scan.push(bytes.subarray(from, to)));
    from = to;
  }
  out.push(scan.end());
  return { out: Buffer.concat(out).toString(), scan };
}

test('however the bytes are cut, they pass unchanged and the usage is found', () => {
  const text = `${word('é😀 "usage":{"prompt_tokens":99}')}${word('b')}${usageFrame}${done}`;
  fc.assert(
    fc.property(fc.array(fc.nat(), { maxLength: 40 }), fc.boolean(), (cuts, strip) => {
      const { out, scan } = pass(text, cuts, strip);
      assert.equal(out, strip ? text.replace(usageFrame, '') : text);
      assert.deepEqual(scan.usage, found);
      assert.equal(scan.done, true);
      assert.equal(scan.frames, 4);
    }),
    { numRuns: 500 },
  );
});

test('a stream that was cut is known by its missing end', () => {
  const { scan, out } = pass(`${word('a')}data: {"choi`, [], false);
  assert.equal(scan.done, false);
  assert.equal(out, `${word('a')}data: {"choi`);
});

test('usage beside text is read and stays, also with carriage returns and spaces', () => {
  const text = 'data: {"choices":[{"delta":{"content":"a"}}],"usage": {"prompt_tokens":1}}\r\n\r\n';
  const { scan, out } = pass(text, [], true);
  assert.equal(out, text);
  assert.equal(scan.usage?.promptTokens, 1);
});

test('a frame without an end is not held without a bound', () => {
  const scan = new FrameScan({ strip: true });
  let passed = 0;
  for (let n = 0; n < 100; n += 1) passed += scan.push(Buffer.alloc(100_000, 'x')).length;
  assert.ok(passed > 8_000_000, `${passed} bytes were handed on`);
});

test('the usage of a whole reply is its own, whatever the text says', () => {
  const reply = { choices: [{ message: { content: '"usage":{"prompt_tokens":1}' } }], usage };
  assert.deepEqual(usageOfReply(Buffer.from(JSON.stringify(reply))), found);
  assert.equal(usageOfReply(Buffer.from('{"data":[]}')), undefined);
  assert.equal(usageOfReply(Buffer.from('{"usage":{"prompt_tokens":-1}}')), undefined);
  assert.equal(usageOfReply(Buffer.from('{"usage":{"prompt_tokens":1')), undefined);
});
