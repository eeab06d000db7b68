import assert from 'node:assert/strict';
import { test } from 'node:test';
import { echoOptions, openEchoLibrary } from '../../../test/parts/echo-library.ts';
import { eventsOf, textOf } from '../../../test/parts/engine-contract.ts';
import type { Engine, EngineEvent, GenerateRequest } from '../types.ts';
import { openEngine } from './open-engine.ts';

const mebibyte = 1024 ** 2;
const weightsBytes = 300 * mebibyte;
/** Memory for one of the models, not for two. */
const room = { memoryLimit: 500 * mebibyte };

const ask = (model: string, over: Partial<GenerateRequest> = {}): GenerateRequest => ({
  model,
  prompt: { kind: 'chat', messages: [{ role: 'user', content: 'one two three four' }] },
  fairKey: 'a',
  isolationKey: 'a',
  ...over,
});
const long = { ignoreEndOfText: true, maxTokens: 400 } as const;
const endless = { ignoreEndOfText: true, maxTokens: 1900 } as const;
const idsOf = (engine: Engine): string[] => engine.list().map(({ id }) => id);

/** Reads until the first event of a type; the reader goes on from there. */
async function until(reader: AsyncIterator<EngineEvent>, type: EngineEvent['type']): Promise<EngineEvent> {
  for (let next = await reader.next(); !next.done; next = await reader.next())
    if (next.value.type === type) return next.value;
  throw new Error(`it ended without ${type}`);
}

test('two busy models that do not fit together: the second waits, is told its place, and is answered', async () => {
  using files = openEchoLibrary({ a: { weightsBytes, tokenMs: 2 }, b: { weightsBytes, tokenMs: 2 } });
  await using engine = openEngine(echoOptions(files.library, { settings: room }));
  const together = new Set<string>();
  const runs = await Promise.all(
    ['a', 'b'].map(async (id) => {
      const seen: EngineEvent[] = [];
      for await (const event of engine.generate(ask(id, long))) {
        seen.push(event);
        const loaded = engine.list().filter(({ state, phase }) => state === 'ready' || phase === 'warming');
        if (loaded.length > 1) together.add(loaded.map((each) => each.id).join());
      }
      return seen;
    }),
  );
  assert.ok(runs.every((events) => eventsOf(events, 'done').length === 1));
  assert.deepEqual([...together], [], 'they never counted on the same memory');
  assert.ok(runs.some((events) => eventsOf(events, 'queued').some(({ ahead }) => ahead === 1)));
});

test('a model in steady use makes place in its turn, and has its own turn after', async () => {
  using files = openEchoLibrary({ a: { weightsBytes, tokenMs: 2 }, b: { weightsBytes, tokenMs: 2 } });
  await using engine = openEngine(echoOptions(files.library, { settings: room }));
  const first = engine.generate(ask('a', long))[Symbol.asyncIterator]();
  await until(first, 'delta');
  const second = engine.generate(ask('b', long))[Symbol.asyncIterator]();
  assert.deepEqual(await until(second, 'queued'), { type: 'queued', ahead: 1 });
  const third = engine.generate(ask('a'))[Symbol.asyncIterator]();
  assert.deepEqual(await until(third, 'queued'), { type: 'queued', ahead: 2 }, 'it does not pass the one that waits');
  assert.equal(engine.list().find(({ id }) => id === 'b')?.queuedRequests, 1);
  const order: string[] = [];
  await Promise.all(
    Object.entries({ first, second, third }).map(async ([name, reader]) => {
      await until(reader, 'done');
      order.push(name);
      await reader.return?.();
    }),
  );
  assert.deepEqual(order, ['first', 'second', 'third']);
  assert.deepEqual(idsOf(engine), ['a']);
});

test('whoever leaves gives the place up, and the busy model takes requests again', async () => {
  using files = openEchoLibrary({ a: { weightsBytes, tokenMs: 2 }, b: { weightsBytes } });
  await using engine = openEngine(echoOptions(files.library, { settings: room }));
  const busy = engine.generate(ask('a', endless))[Symbol.asyncIterator]();
  await until(busy, 'delta');
  const leaving = engine.generate(ask('b'))[Symbol.asyncIterator]();
  await until(leaving, 'queued');
  await leaving.return?.();
  assert.equal(textOf(await Array.fromAsync(engine.generate(ask('a')))), 'one two three four');
  assert.deepEqual(idsOf(engine), ['a']);
  await busy.return?.();
});

test('no more than queueLimit wait, and what can never fit is refused at once', async () => {
  using files = openEchoLibrary({
    a: { weightsBytes, tokenMs: 2 },
    b: { weightsBytes },
    huge: { weightsBytes: 5000 * mebibyte },
  });
  await using engine = openEngine(echoOptions(files.library, { settings: { ...room, queueLimit: 2 } }));
  const busy = engine.generate(ask('a', endless))[Symbol.asyncIterator]();
  await until(busy, 'delta');
  const waiting = [1, 2].map(() => engine.generate(ask('b'))[Symbol.asyncIterator]());
  for (const each of waiting) await until(each, 'queued');
  await assert.rejects(Array.fromAsync(engine.generate(ask('b'))), { code: 'queue_full', message: /2 requests wait/ });
  await assert.rejects(Array.fromAsync(engine.generate(ask('huge'))), { code: 'memory_insufficient' });
  await busy.return?.();
  for (const each of waiting) await until(each, 'done');
});

test('closing ends the wait', async () => {
  using files = openEchoLibrary({ a: { weightsBytes, tokenMs: 2 }, b: { weightsBytes } });
  const engine = openEngine(echoOptions(files.library, { settings: room }));
  const busy = engine.generate(ask('a', endless))[Symbol.asyncIterator]();
  await until(busy, 'delta');
  const waiting = engine.generate(ask('b'))[Symbol.asyncIterator]();
  await until(waiting, 'queued');
  const ends = Promise.allSettled([until(waiting, 'done'), until(busy, 'done')]);
  await engine.close();
  for (const end of await ends) assert.equal(end.status === 'rejected' && end.reason.code, 'engine_unavailable');
});
