import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { starterModelFile } from '../../../test/parts/starter-model.ts';
import { type NativeContext, type NativeModel, openContext, openLibrary, openModel } from '../native/index.ts';
import type { EngineEvent, SamplingOptions } from '../types.ts';
import { contextOptions } from './context-options.ts';
import { Generation } from './generation.ts';
import type { ProcessGenerateRequest } from './protocol.ts';

let model: NativeModel;
let context: NativeContext;
let generation: Generation;
const events = new Map<number, EngineEvent[]>();
const done = new Map<number, () => void>();
let nextId = 0;

before(async () => {
  const file = await starterModelFile();
  model = await openModel(openLibrary(), { file });
  const start = { file, purpose: 'generation', contextTokens: 2048, parallel: 8, threads: 1, queueLimit: 64 } as const;
  const options = contextOptions(start, model);
  context = await openContext(model, options);
  generation = new Generation(
    model,
    context,
    start,
    { sequences: options.sequences, keptTokens: 2048, storeBytes: 0 },
    {
      step(all) {
        for (const [id, event] of all) {
          events.get(id)?.push(event);
          if (event.type === 'done') done.get(id)?.();
        }
      },
      failed: (_, error) => {
        throw error;
      },
      cancelled: () => {},
    },
  );
});
after(async () => {
  await generation.scheduler.close();
  context.close();
  model.close();
});

async function ask(text: string, options: Partial<ProcessGenerateRequest> = {}): Promise<readonly EngineEvent[]> {
  const id = ++nextId;
  events.set(id, []);
  const ended = new Promise<void>((resolve) => done.set(id, resolve));
  generation.submit(id, {
    prompt: { kind: 'text', text },
    maxTokens: 24,
    sampling: { temperature: 0 },
    fairKey: 'a',
    isolationKey: `${id}`,
    ...options,
  });
  await ended;
  return events.get(id)!;
}
const deltas = (all: readonly EngineEvent[]) => all.filter((event) => event.type === 'delta');
const textOf = (all: readonly EngineEvent[]): string =>
  deltas(all)
    .map(({ text }) => text)
    .join('');

const prompts = [
  'The capital of France is',
  'Once upon a time there was',
  'def fibonacci(n):\n',
  'La Révolution française commence en',
  'The three primary colours are',
  'To make tea, first',
];

test('greedy text of a batch is the text of each prompt alone', async () => {
  const alone: string[] = [];
  for (const prompt of prompts) alone.push(textOf(await ask(prompt)));
  const together = await Promise.all(prompts.map((prompt) => ask(prompt)));
  assert.deepEqual(together.map(textOf), alone);
});

test('a seed repeats its text, another seed gives another, and each choice its own', async () => {
  const sampled = (seed: number, rest: SamplingOptions = {}) =>
    ask('A story about a fox:', { sampling: { temperature: 1, seed, ...rest } }).then(textOf);
  const first = await sampled(7);
  assert.equal(await sampled(7), first);
  assert.notEqual(await sampled(8), first);
  const several = deltas(await ask('A story about a fox:', { sampling: { temperature: 1, seed: 7 }, choices: 3 }));
  const texts = [0, 1, 2].map((choice) =>
    several
      .filter((delta) => delta.choice === choice)
      .map(({ text }) => text)
      .join(''),
  );
  assert.equal(new Set(texts).size, 3);
});

test('bias, top-k and penalties act', async () => {
  const paris = model.vocabulary.tokenize(' Paris', { addSpecial: false, parseSpecial: false })[0]!;
  assert.match(textOf(await ask(prompts[0]!)), /Paris/);
  const banned = await ask(prompts[0]!, { sampling: { temperature: 0, logitBias: { [paris]: -100 } } });
  assert.doesNotMatch(textOf(banned), / Paris/);
  const onlyBest = await ask(prompts[1]!, { sampling: { temperature: 2, topK: 1 } });
  assert.equal(textOf(onlyBest), textOf(await ask(prompts[1]!)));
  const repeating = 'again and again and again and again and';
  const plain = textOf(await ask(repeating));
  const penalised = textOf(
    await ask(repeating, { sampling: { temperature: 0, presencePenalty: 2, frequencyPenalty: 2 } }),
  );
  assert.notEqual(penalised, plain);
});

test('probabilities are those before sampling: greedy takes the first of the top, and they agree at any temperature', async () => {
  const greedy = deltas(await ask(prompts[0]!, { logprobs: 5, maxTokens: 6 })).flatMap((delta) => delta.logprobs ?? []);
  assert.ok(greedy.length >= 5);
  for (const { token, logprob, top } of greedy) {
    assert.equal(token, top[0]!.token);
    assert.equal(logprob, top[0]!.logprob);
    assert.ok(top.reduce((sum, { logprob: one }) => sum + Math.exp(one), 0) <= 1.0001);
  }
  const hot = deltas(await ask(prompts[0]!, { logprobs: 5, maxTokens: 1, sampling: { temperature: 1.5, seed: 3 } }));
  const [first] = hot.flatMap((delta) => delta.logprobs ?? []);
  assert.deepEqual(
    first!.top.map(({ token }) => token),
    greedy[0]!.top.map(({ token }) => token),
  );
  assert.ok(Math.abs(first!.top[0]!.logprob - greedy[0]!.top[0]!.logprob) < 0.02);
});

test('a character that needs several tokens is never shown in halves', async () => {
  const said = deltas(await ask('1. 🦊 你好\n2. 🦊 你好\n3. 🦊 你好\n4. 🦊 你好\n5. 🦊 你好\n6.', { maxTokens: 40 }));
  assert.ok(
    said.some(({ text }) => /\p{Emoji_Presentation}|\p{Script=Han}/u.test(text)),
    textOf(said),
  );
  assert.ok(said.every(({ text }) => !text.includes('\ufffd')));
});

test('benchmarks may go on past the end of text', async () => {
  const all = await ask('<|im_start|>user\nSay yes.<|im_end|>\n<|im_start|>assistant\nYes.', {
    maxTokens: 30,
    ignoreEndOfText: true,
  });
  const usage = all.at(-1);
  assert.ok(usage?.type === 'done' && usage.usage.completionTokens === 30);
  const stopped = await ask('<|im_start|>user\nSay yes.<|im_end|>\n<|im_start|>assistant\nYes.', { maxTokens: 200 });
  assert.deepEqual(
    stopped.find(({ type }) => type === 'finish'),
    { type: 'finish', choice: 0, reason: 'stop' },
  );
});
