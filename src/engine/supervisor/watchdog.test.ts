import assert from 'node:assert/strict';
import { test } from 'node:test';
import { echoOptions, openEchoLibrary } from '../../../test/parts/echo-library.ts';
import { eventsOf, isRunning, textOf } from '../../../test/parts/engine-contract.ts';
import type { EngineEvent, GenerateRequest } from '../types.ts';
import { openEngine } from './open-engine.ts';
import { Watchdog } from './watchdog.ts';

const ask = (over: Partial<GenerateRequest> = {}): GenerateRequest => ({
  model: 'echo',
  prompt: { kind: 'chat', messages: [{ role: 'user', content: 'one two three four' }] },
  fairKey: 'a',
  isolationKey: 'a',
  ...over,
});

test('a process that stops in mid-stream is ended, its streams say so, and the next request starts it again', async (context) => {
  if (process.platform === 'win32') return context.skip('no SIGSTOP on Windows');
  using files = openEchoLibrary({ echo: { tokenMs: 2 } });
  await using engine = openEngine(echoOptions(files.library, { settings: { engineTimeout: 2000 } }));
  let pid = 0;
  const stream = async () => {
    const seen: EngineEvent[] = [];
    for await (const event of engine.generate(ask({ ignoreEndOfText: true, maxTokens: 1900 }))) {
      seen.push(event);
      if (eventsOf(seen, 'delta').length !== 5) continue;
      pid = engine.list()[0]?.pid ?? 0;
      process.kill(pid, 'SIGSTOP');
    }
  };
  await assert.rejects(stream(), { code: 'engine_crashed', message: /no sign of life for 2 s.*Ask again/ });
  assert.equal(isRunning(pid), false);
  assert.equal(textOf(await Array.fromAsync(engine.generate(ask()))), 'one two three four');
});

test('a process that lives but finishes no step is given up later; one that is idle never', async () => {
  const hung = Promise.withResolvers<string>();
  const watchdog = new Watchdog({ timeoutMs: 100, isBusy: () => true, onHung: hung.resolve });
  const alive = setInterval(() => watchdog.heard(7), 2);
  const idle = new Watchdog({ timeoutMs: 100, isBusy: () => false, onHung: () => hung.resolve('the idle one') });
  assert.match(await hung.promise, /^it finished no step for 1 s/);
  clearInterval(alive);
  idle.stop();
});

test('steps that end, and a timeout of 0, keep a process', async () => {
  const told: string[] = [];
  const options = { isBusy: () => true, onHung: (cause: string) => void told.push(cause) };
  const watchdog = new Watchdog({ ...options, timeoutMs: 10 });
  const never = new Watchdog({ ...options, timeoutMs: 0 });
  for (let step = 0; step < 300; step += 1) {
    watchdog.heard(step);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  for (const each of [watchdog, never]) each.stop();
  assert.deepEqual(told, []);
});
