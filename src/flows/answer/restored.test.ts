import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EngineEvent } from '../../engine/index.ts';
import { Restorer, Vault } from '../../personal/index.ts';
import { restored } from './restored.ts';
import type { Masked } from './types.ts';

const vault = new Vault();
vault.take('PERSON', 'Claire Fontaine');

function masked(): Masked {
  return {
    prompt: undefined,
    inputs: undefined,
    stop: [],
    counts: {},
    detector: 'd',
    restorer: () => new Restorer(vault),
    unknown: 0,
  };
}
const delta = (choice: number, text: string, kind: 'text' | 'thinking' = 'text'): EngineEvent => ({
  type: 'delta',
  choice,
  kind,
  text,
  tokens: 1,
});
const finish = (choice: number): EngineEvent => ({ type: 'finish', choice, reason: 'stop' });
const usage = {
  promptTokens: 3,
  cachedPromptTokens: 0,
  completionTokens: 9,
  thinkingTokens: 0,
  queueMs: 0,
  promptMs: 0,
  generationMs: 0,
};
const done: EngineEvent = { type: 'done', usage };

async function read(events: readonly EngineEvent[], how: Parameters<typeof restored>[2] = {}, mask = masked()) {
  let left = false;
  async function* source(): AsyncGenerator<EngineEvent> {
    try {
      yield* events;
    } finally {
      left = true;
    }
  }
  const out = await Array.fromAsync(restored(source(), mask, how));
  assert.ok(left, 'the place was let go of');
  const textOf = (choice: number, kind = 'text') =>
    out
      .flatMap((one) => (one.type === 'delta' && one.choice === choice && one.kind === kind ? [one.text] : []))
      .join('');
  return { out, textOf, mask };
}

test('each choice, and what it thinks, is restored by itself', async () => {
  const { out, textOf, mask } = await read([
    { type: 'prompt', promptTokens: 3, cachedTokens: 0, tokens: [] },
    delta(0, 'Je pense à [[PERS', 'thinking'),
    delta(1, 'A [[PERSON'),
    delta(0, 'ONNE_1]], [[NIR_3]] [', 'thinking'),
    { type: 'thinking-end', choice: 0, durationMs: 5 },
    delta(1, 'NE_1]] et ['),
    delta(0, 'Chère [[personne 1'),
    delta(0, ']]'),
    finish(1),
    finish(0),
    done,
  ]);
  assert.equal(textOf(0, 'thinking'), 'Je pense à Claire Fontaine, [[NIR_3]] [');
  assert.equal(textOf(0), 'Chère Claire Fontaine');
  assert.equal(textOf(1), 'A Claire Fontaine et [');
  assert.equal(mask.unknown, 1);
  assert.deepEqual(out[0], { type: 'prompt', promptTokens: 3, cachedTokens: 0 }, 'no text of the prompt comes back');
  const at = (type: string) => out.findIndex((event) => event.type === type);
  assert.ok(
    at('thinking-end') <
      out.findIndex((event) => event.type === 'delta' && event.kind === 'text' && event.choice === 0),
  );
  const tokens = out.reduce((sum, event) => sum + (event.type === 'delta' ? event.tokens : 0), 0);
  assert.equal(tokens, 6, 'tokens of what was held are told with what follows');
});

test('a stop sequence ends its own choice in the restored text; when all have ended the place is let go of', async () => {
  const events = [delta(0, 'un [[PERSONNE_1]] deux'), delta(1, 'Font'), delta(0, ' trois'), delta(1, 'aine quatre')];
  const { out, textOf } = await read([...events, delta(1, ' jamais lu'), done], { choices: 2, stop: ['Fontaine'] });
  assert.equal(textOf(0), 'un Claire ');
  assert.equal(textOf(1), '');
  assert.deepEqual(
    out.flatMap((event) => (event.type === 'finish' ? [[event.choice, event.stopSequence]] : [])),
    [
      [0, 'Fontaine'],
      [1, 'Fontaine'],
    ],
  );
  const last = out.at(-1);
  assert.ok(last?.type === 'done' && last.usage.estimated);
});

test('a place that breaks off loses nothing of what was said', async () => {
  const broken = async function* (): AsyncGenerator<EngineEvent> {
    yield delta(0, 'Chère [[PERSONNE_1]], [[PER');
    throw new Error('cut');
  };
  const out: EngineEvent[] = [];
  await assert.rejects(async () => {
    for await (const event of restored(broken(), masked(), {})) out.push(event);
  }, /cut/);
  assert.deepEqual(out, [delta(0, 'Chère Claire Fontaine, ')]);
});
