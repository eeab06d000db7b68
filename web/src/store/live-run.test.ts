import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { By, RunEvent, Usage } from '../api/wire.ts';
import { type LiveRun, newRun, takeEvent } from './live-run.ts';

const by: By = { run: 'run_1', step: 'generate', model: 'smollm2:135m', site: 'local' };
const use: Usage = {
  promptTokens: 40,
  cachedPromptTokens: 30,
  completionTokens: 5,
  thinkingTokens: 0,
  queueMs: 0,
  promptMs: 10,
  generationMs: 100,
  timeToFirstTokenMs: 20,
  contextUsedTokens: 45,
  contextTokens: 2048,
  bytesSent: 0,
};
const events: readonly RunEvent[] = [
  { t: 'open', by, at: 0 },
  { t: 'note', by, kind: 'queued', data: { ahead: 2 } },
  { t: 'note', by, kind: 'prompt', data: { promptTokens: 40, cachedTokens: 30 } },
  { t: 'think', by, s: 'hm', choice: 0 },
  { t: 'note', by, kind: 'thought', data: { durationMs: 1500 } },
  { t: 'text', by, s: 'Bon', out: true, choice: 0 },
  { t: 'text', by, s: 'jour', out: true, choice: 0 },
  { t: 'close', by, why: 'stop', use },
];
const play = (run: LiveRun, from: number, to: number): LiveRun =>
  events.slice(from, to).reduce((now, event, at) => takeEvent(now, from + at, event, 1000), run);

test('a whole run ends with its text, thinking and figures', () => {
  const run = play(newRun(), 0, events.length);
  assert.equal(run.text, 'Bonjour');
  assert.equal(run.thinking, 'hm');
  assert.equal(run.thinkingMs, 1500);
  assert.equal(run.phase.kind, 'closed');
  assert.equal(run.why, 'stop');
  assert.equal(run.usage?.contextTokens, 2048);
});

test('a replay after a reconnection neither doubles nor loses text, wherever the stream was cut', () => {
  for (let cut = 0; cut <= events.length; cut += 1) {
    for (let from = 0; from <= cut; from += 1) {
      const run = play(play(newRun(), 0, cut), from, events.length);
      assert.equal(run.text, 'Bonjour', `cut at ${cut}, replayed from ${from}`);
      assert.equal(run.thinking, 'hm');
    }
  }
});

test('waiting is told by its kind: queue, prompt, thinking, writing', () => {
  assert.deepEqual(play(newRun(), 0, 2).phase, { kind: 'queued', ahead: 2 });
  assert.deepEqual(play(newRun(), 0, 3).phase, { kind: 'reading', promptTokens: 40, cachedTokens: 30 });
  assert.deepEqual(play(newRun(), 0, 4).phase, { kind: 'thinking', sinceMs: 1000 });
  assert.deepEqual(play(newRun(), 0, 6).phase, { kind: 'writing' });
});

test('text of inner steps and of other choices is not the answer', () => {
  let run = newRun();
  run = takeEvent(run, 0, { t: 'text', by, s: 'inner', out: false, choice: 0 }, 0);
  run = takeEvent(run, 1, { t: 'text', by, s: 'second', out: true, choice: 1 }, 0);
  assert.equal(run.text, '');
});
