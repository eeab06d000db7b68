import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { openThinkingSplitter } from '../template/index.ts';
import { AnswerText } from './answer-text.ts';
import { ChunkSize } from './chunk-size.ts';
import { divideBudget } from './divide-budget.ts';
import { StopMatcher } from './stop-matcher.ts';

test('a step keeps to its budget while answers are generated, and grows with those who wait', () => {
  const chunk = new ChunkSize({ budgetMs: 100, aloneBudgetMs: 400, most: 512 });
  for (let step = 0; step < 20; step += 1) chunk.learn(64, 4, 68 * 2);
  assert.equal(chunk.next(4, 1), 64); // 100 ms / 2 ms a token is nearly a tile of 64
  assert.equal(chunk.next(0, 1), 192); // 400 ms / 2 ms, in tiles
  assert.equal(chunk.next(1, 7), 192);
  assert.equal(chunk.next(0, 1, 250), 250, 'no step for the last 58');
  assert.equal(chunk.next(0, 1, 256), 192);
  assert.equal(chunk.next(1, 7, 250), 192);
  chunk.learn(64, 0, 1280); // one slow step: another program was busy
  assert.equal(chunk.next(4, 1), 32);
  for (let step = 0; step < 200; step += 1) chunk.learn(64, 0, 6400);
  assert.equal(chunk.next(4, 1), 8);
  assert.equal(chunk.next(0, 1), 64);
});

test('a budget is spent whole, never over, and always moves the oldest', () => {
  const remaining = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(remaining, fc.integer({ min: 1, max: 512 }), (sizes, budget) => {
      const given = divideBudget(sizes, budget);
      const total = given.reduce((a, b) => a + b, 0);
      assert.equal(
        total,
        Math.min(
          budget,
          sizes.reduce((a, b) => a + b, 0),
        ),
      );
      assert.ok(given.every((count, index) => count >= 0 && count <= sizes[index]!));
      assert.ok(given[0]! >= Math.min(sizes[0]!, budget / 2));
    }),
  );
  assert.deepEqual(divideBudget([500, 10, 400], 100), [50, 10, 40]);
});

test('a stop sequence is found however the text is cut, and nothing is held back that cannot begin one', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 30 });
  const stops = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 4 }), {
    maxLength: 3,
  });
  fc.assert(
    fc.property(fc.array(letters, { maxLength: 8 }), stops, (pieces, wanted) => {
      const matcher = new StopMatcher(wanted);
      let out = '';
      let seen = '';
      let stopped: string | undefined;
      for (const piece of pieces) {
        seen += piece;
        const result = matcher.push(piece);
        out += result.text;
        stopped = result.stopped;
        if (stopped !== undefined) break;
        const held = seen.slice(out.length);
        assert.ok(
          held === '' || wanted.some((stop) => stop.length > held.length && stop.startsWith(held)),
          `holds "${held}"`,
        );
      }
      if (stopped === undefined) out += matcher.flush();
      const places = wanted.map((stop) => seen.indexOf(stop)).filter((at) => at >= 0);
      assert.equal(stopped !== undefined, places.length > 0);
      assert.equal(out, places.length > 0 ? seen.slice(0, Math.min(...places)) : seen);
    }),
    { numRuns: 1000 },
  );
});

test('characters that are split between tokens come out whole, and each token is counted once', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 3 }), (text, size) => {
      const answer = new AnswerText({ stops: ['\u0000never'], splitter: undefined });
      const bytes = Buffer.from(text.replaceAll('\u0000', ''));
      let out = '';
      let tokens = 0;
      for (let at = 0; at < bytes.length; at += size) {
        for (const delta of answer.push(bytes.subarray(at, at + size), undefined).deltas) {
          assert.ok(!delta.text.includes('\ufffd') || text.includes('\ufffd'));
          out += delta.text;
          tokens += delta.tokens;
        }
      }
      for (const delta of answer.finish().deltas) out += delta.text;
      assert.equal(out, bytes.toString());
      assert.ok(tokens <= Math.ceil(bytes.length / size));
    }),
  );
});

test('half a character at the end is dropped, and its tokens are not lost to the text before', () => {
  const answer = new AnswerText({ stops: [], splitter: undefined });
  assert.deepEqual(answer.push(Buffer.from('né').subarray(0, 2), undefined).deltas, [
    { kind: 'text', text: 'n', tokens: 1, logprobs: [] },
  ]);
  assert.deepEqual(answer.finish().deltas, []);
});

test('a stop sequence counts in the answer, not in the thinking', () => {
  const tags = { open: '<think>', close: '</think>' };
  const answer = new AnswerText({ stops: ['END'], splitter: openThinkingSplitter(tags, false) });
  const all = ['<think>the END', ' is near</think>', 'yes ', 'END', ' no'].map((text) =>
    answer.push(Buffer.from(text), undefined),
  );
  const deltas = all.slice(0, 4).flatMap((result) => result.deltas);
  const of = (kind: string) =>
    deltas
      .filter((delta) => delta.kind === kind)
      .map(({ text }) => text)
      .join('');
  assert.equal(of('thinking').trim(), 'the END is near');
  assert.equal(of('text').trim(), 'yes');
  assert.equal(all[3]?.stopped, 'END');
});
