import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openEchoEngine } from './echo-engine.ts';
import { engineContract, eventsOf, textOf } from './engine-contract.ts';

engineContract('echo', async () => ({
  engine: openEchoEngine({ parallel: 4, contextTokens: 2048 }),
  model: 'echo',
  embeddingModel: 'echo',
  parallel: 4,
}));

const ask = (content: string) => ({
  model: 'echo',
  prompt: { kind: 'chat' as const, messages: [{ role: 'user' as const, content }] },
  fairKey: 'a',
  isolationKey: 'a',
});

test('the echo says what it was told, word by word, and thinks first when told to', async () => {
  await using engine = openEchoEngine();
  const events = await Array.fromAsync(engine.generate(ask('<think>let me see</think>Bonjour à tous')));
  assert.equal(textOf(events), 'Bonjour à tous');
  const thinking = eventsOf(events, 'delta').filter((delta) => delta.kind === 'thinking');
  assert.deepEqual(
    thinking.map((delta) => delta.text),
    ['let', ' me', ' see'],
  );
  assert.equal(eventsOf(events, 'thinking-end').length, 1);
  assert.equal(eventsOf(events, 'done')[0]?.usage.thinkingTokens, 3);
});

test('the echo crashes on demand and answers again', async () => {
  await using engine = openEchoEngine({ tokenMs: 1 });
  await assert.rejects(
    async () => {
      for await (const event of engine.generate({ ...ask('one two three'), ignoreEndOfText: true })) {
        if (event.type === 'delta') engine.crash('echo');
      }
    },
    { code: 'engine_crashed' },
  );
  assert.equal(textOf(await Array.fromAsync(engine.generate(ask('again')))), 'again');
});
