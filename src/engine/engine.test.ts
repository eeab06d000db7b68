/** The whole engine on the real model: supervisor, process, scheduler and library together. */
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { engineContract, eventsOf, isRunning, textOf, until } from '../../test/parts/engine-contract.ts';
import { openStarterLibrary } from '../../test/parts/starter-library.ts';
import { starterModelFile } from '../../test/parts/starter-model.ts';
import { silentLog, systemClock } from '../base/index.ts';
import { type Engine, type EngineEvent, type GenerateRequest, openEngine } from './index.ts';

const settings = {
  contextTokens: 2048,
  parallel: 4,
  queueLimit: 64,
  threads: 1,
  engineTimeout: 0,
  keepAlive: Number.POSITIVE_INFINITY,
  memoryLimit: undefined,
};
const open = async (): Promise<Engine> =>
  openEngine({
    library: await openStarterLibrary(['starter', 'twin']),
    settings,
    log: silentLog(),
    clock: systemClock,
  });

engineContract('libllama with the starter model', async () => ({
  engine: await open(),
  model: 'starter',
  embeddingModel: 'embedder',
  parallel: 4,
}));

describe('the real engine', () => {
  let engine: Engine;
  before(async () => {
    engine = await open();
  });
  after(() => engine.close());

  const ask = (model: string, over: Partial<GenerateRequest> = {}): GenerateRequest => ({
    model,
    prompt: { kind: 'chat', messages: [{ role: 'user', content: 'What is 2+2?' }] },
    sampling: { temperature: 0 },
    maxTokens: 24,
    fairKey: 'a',
    isolationKey: 'a',
    ...over,
  });
  const find = (id: string) => engine.list().find((model) => model.id === id);

  test('a chat is answered by the model', async () => {
    const events = await Array.fromAsync(engine.generate(ask('starter')));
    assert.match(textOf(events), /\b4\b/);
    assert.deepEqual([...new Set(eventsOf(events, 'loading').map(({ phase }) => phase))].slice(0, 2), [
      'starting',
      'reading',
    ]);
  });

  test('what was predicted is about what is taken', async () => {
    await Array.fromAsync(engine.load('starter'));
    const { predictedBytes, residentBytes } = find('starter')!;
    const ratio = predictedBytes / residentBytes;
    assert.ok(ratio > 0.8 && ratio < 1.25, `predicted ${predictedBytes}, resident ${residentBytes}`);
  });

  test('killed with -9 in mid-stream: an error on its stream, the other model goes on, and it starts again', async () => {
    await Array.fromAsync(engine.load('twin'));
    const other = Array.fromAsync(engine.generate(ask('twin', { ignoreEndOfText: true })));
    const seen: EngineEvent[] = [];
    await assert.rejects(
      async () => {
        for await (const event of engine.generate(ask('starter', { maxTokens: 500, ignoreEndOfText: true }))) {
          seen.push(event);
          if (event.type === 'delta') process.kill(find('starter')!.pid!, 'SIGKILL');
        }
      },
      { code: 'engine_crashed', message: /SIGKILL/ },
    );
    assert.ok(eventsOf(seen, 'delta').length > 0);
    assert.equal(eventsOf(await other, 'done').length, 1);
    assert.match(textOf(await Array.fromAsync(engine.generate(ask('starter')))), /\b4\b/);
  });

  test('cancelling leaves the engine idle within 150 ms', async () => {
    const stop = new AbortController();
    let stoppedAt = 0;
    await assert.rejects(async () => {
      const long = ask('starter', { maxTokens: 1500, ignoreEndOfText: true });
      for await (const event of engine.generate(long, { signal: stop.signal })) {
        if (event.type !== 'delta') continue;
        stoppedAt = performance.now();
        stop.abort();
      }
    });
    await until(() => find('starter')?.activeRequests === 0);
    const tookMs = performance.now() - stoppedAt;
    assert.ok(tookMs < 3000, `${tookMs} ms`); // 150 ms on a quiet machine; a shared one may be slower
  });

  test('a model that does not fit is refused with the figures of the library, before it is loaded', async () => {
    const library = await openStarterLibrary(['starter']);
    const small = { ...settings, memoryLimit: 150 * 1024 ** 2 };
    await using tight = openEngine({ library, settings: small, log: silentLog(), clock: systemClock });
    await assert.rejects(Array.fromAsync(tight.generate(ask('starter'))), (error: unknown) => {
      const { code, message, facts } = error as { code: string; message: string; facts: Record<string, number> };
      assert.equal(code, 'memory_insufficient');
      assert.match(message, /needs \d+ MiB; 150 MiB is free/);
      assert.ok(facts.neededBytes! > 200 * 1024 ** 2 && facts.neededBytes! < 400 * 1024 ** 2);
      return true;
    });
    assert.equal(tight.list()[0]?.pid, undefined);
  });

  test('a file that is cut is refused in words', async () => {
    const cut = join(mkdtempSync(join(tmpdir(), 'intramuros-cut-')), 'cut.gguf');
    try {
      writeFileSync(cut, readFileSync(await starterModelFile()).subarray(0, 5_000_000));
      const whole = await openStarterLibrary(['cut']);
      const library = { get: async (id: string) => ({ ...(await whole.get(id)), files: [cut] }) };
      await using broken = openEngine({ library, settings, log: silentLog(), clock: systemClock });
      await assert.rejects(Array.fromAsync(broken.generate(ask('cut'))), {
        code: 'model_file_invalid',
        message: /damaged or incomplete/,
      });
      assert.equal(broken.list()[0]?.state, 'failed');
    } finally {
      rmSync(dirname(cut), { recursive: true });
    }
  });

  test('its process ends by itself when the gateway is killed with -9 in mid-answer', async () => {
    const parent = fork(new URL('../../test/parts/engine-parent.ts', import.meta.url), { execArgv: [] });
    const [pid] = await new Promise<readonly number[]>((resolve, reject) => {
      parent.once('message', (pids) => resolve(pids as number[]));
      parent.once('exit', (code) => reject(new Error(`the parent ended with ${code}`)));
    });
    assert.ok(isRunning(pid!));
    parent.kill('SIGKILL');
    await until(() => !isRunning(pid!));
  });

  test('unloading gives all memory back', async () => {
    await Array.fromAsync(engine.load('twin'));
    const { pid, residentBytes } = find('twin')!;
    assert.ok(residentBytes > 50 * 1024 ** 2);
    await engine.unload('twin');
    assert.equal(find('twin'), undefined);
    assert.equal(isRunning(pid!), false);
  });
});
