import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { starterModelFile } from '../../../test/parts/starter-model.ts';
import {
  likeliest,
  type NativeContext,
  type NativeModel,
  openContext,
  openLibrary,
  openModel,
  openSampler,
} from '../native/index.ts';
import type { EngineEvent } from '../types.ts';
import { contextOptions } from './context-options.ts';
import { Generation } from './generation.ts';

let model: NativeModel;
const start = { file: '', purpose: 'generation', contextTokens: 1024, parallel: 2, threads: 1, queueLimit: 8 } as const;

before(async () => {
  model = await openModel(openLibrary(), { file: await starterModelFile() });
});
after(() => model.close());

/** A generation in a context of its own that keeps finished conversations as `kept` says. */
async function open(kept: { readonly keptTokens: number; readonly storeBytes: number }) {
  const options = contextOptions(start, model);
  const context = await openContext(model, options);
  const said = new Map<number, EngineEvent[]>();
  const endings = new Map<number, () => void>();
  const generation = new Generation(
    model,
    context,
    start,
    { sequences: options.sequences, ...kept },
    {
      step(all) {
        for (const [id, event] of all) {
          said.get(id)?.push(event);
          if (event.type === 'done') endings.get(id)?.();
        }
      },
      failed: (_, error) => {
        throw error;
      },
      cancelled: () => {},
    },
  );
  let id = 0;
  const ask = async (text: string) => {
    id += 1;
    const events: EngineEvent[] = [];
    said.set(id, events);
    const ended = new Promise<void>((resolve) => endings.set(id, resolve));
    generation.submit(id, {
      prompt: { kind: 'text', text },
      maxTokens: 16,
      sampling: { temperature: 0 },
      fairKey: 'a',
      isolationKey: 'a',
    });
    await ended;
    const cached = events.find((event) => event.type === 'prompt')?.cachedTokens ?? -1;
    return { cached, text: events.map((event) => (event.type === 'delta' ? event.text : '')).join('') };
  };
  const close = async (): Promise<void> => {
    await generation.scheduler.close();
    context.close();
  };
  return { ask, used: () => generation.scheduler.contextUsedTokens, [Symbol.asyncDispose]: close };
}

const story =
  'The lighthouse keeper wrote in his book every evening: the wind, the ships, the colour of the sea. One night';

test('a conversation that was moved to the store goes on with the words of one that never left its cells', async () => {
  await using stored = await open({ keptTokens: 0, storeBytes: 16 * 1024 ** 2 });
  await using kept = await open({ keptTokens: 1024, storeBytes: 0 });
  const turns = { stored: '', kept: '' };
  for (const [name, house] of [['stored', stored] as const, ['kept', kept] as const]) {
    const first = await house.ask(story);
    const other = await house.ask('A recipe for bread needs flour, water, salt and time. First');
    if (name === 'stored') assert.ok(house.used() < 40, `${house.used()} cells: the story must have left them`);
    const second = await house.ask(`${story}${first.text} Then, in the morning,`);
    assert.ok(second.cached > 25, `${second.cached}`);
    turns[name] = `${first.text}|${other.text}|${second.text}`;
  }
  assert.equal(turns.stored, turns.kept);
});

test('a state comes back bit for bit into other cells, and a wrong one is refused and leaves nothing', async () => {
  const sizes = { sequences: 3, batchTokens: 64, microBatchTokens: 64, outputs: 3, threads: 1, unified: true };
  const context = await openContext(model, { ...sizes, contextTokens: 256 });
  const tokens = model.vocabulary.tokenize(story, { addSpecial: true, parseSpecial: false });
  tokens.forEach((token, at) => void context.add(token, at, 0, false));
  assert.equal(await context.decode(), 0);
  const state = new Uint8Array(context.stateBytes(0));
  assert.equal(context.save(0, state), true);
  assert.equal(context.restore(1, state), true);
  assert.equal(context.lastPosition(1), tokens.length - 1);
  const again = new Uint8Array(context.stateBytes(1));
  assert.equal(context.save(1, again), true);
  const header = 8; // a mark and the number of the sequence
  const cells = 12 * tokens.length + 16; // positions and numbers of sequences, a cell each
  assert.deepEqual(Buffer.compare(state.subarray(header + cells), again.subarray(header + cells)), 0);
  assert.equal(context.restore(2, state.subarray(0, state.length / 2)), false);
  assert.equal(context.lastPosition(2), -1);
  context.close();
});

test('the likeliest token is the one that the library takes, biases included, and the logits stay', async () => {
  const sizes = { sequences: 1, batchTokens: 64, microBatchTokens: 64, outputs: 1, threads: 1, unified: true };
  const context: NativeContext = await openContext(model, { ...sizes, contextTokens: 64 });
  context.add(1, 0, 0, true);
  await context.decode();
  const logits = context.logits(0);
  const before = Float32Array.from(logits);
  const best = likeliest(logits, []);
  for (const logitBias of [{}, { [best]: -100 }, { [best]: -1, 77: 60 }, { 5: 500, 6: 500 }]) {
    const sampler = openSampler(model, { temperature: 0, logitBias });
    const biases = Object.entries(logitBias).map(([token, bias]) => ({ token: Number(token), bias }));
    assert.equal(likeliest(logits, biases), context.sample(sampler.handle, 0));
    sampler.close();
  }
  assert.equal(likeliest(logits, [{ token: best, bias: Number.NEGATIVE_INFINITY }]) === best, false);
  assert.deepEqual(logits, before);
  context.close();
});
