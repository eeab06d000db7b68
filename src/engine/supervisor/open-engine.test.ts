import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { echoOptions, openEchoLibrary } from '../../../test/parts/echo-library.ts';
import { engineContract, eventsOf, isRunning, textOf, until } from '../../../test/parts/engine-contract.ts';
import type { TunedCopy } from '../../models/index.ts';
import type { Engine, EngineEvent, GenerateRequest } from '../types.ts';
import { type Machine, thisMachine } from './machine.ts';
import { openEngine } from './open-engine.ts';

const mebibyte = 1024 ** 2;

const ask = (model: string, over: Partial<GenerateRequest> = {}): GenerateRequest => ({
  model,
  prompt: { kind: 'chat', messages: [{ role: 'user', content: 'one two three four' }] },
  fairKey: 'a',
  isolationKey: 'a',
  ...over,
});
const endless = { ignoreEndOfText: true, maxTokens: 1900 } as const;
const find = (engine: Engine, id: string) => engine.list().find((model) => model.id === id);
const someFigures: Omit<TunedCopy, 'file' | 'enabled'> = {
  quantization: 'Q8_0',
  sizeBytes: 1,
  sha256: '',
  kld: 0.005,
  sameTopToken: 0.96,
  prefillTokensPerSecond: 2,
  decodeTokensPerSecond: 2,
  original: { prefillTokensPerSecond: 1, decodeTokensPerSecond: 1 },
  measuredOn: '',
  madeAt: '',
};

const contractFiles = openEchoLibrary({ echo: { contextTokens: 2048 }, embedder: { embeds: true } });
process.on('exit', () => contractFiles[Symbol.dispose]());
engineContract('supervised echo processes', async () => ({
  engine: openEngine(echoOptions(contractFiles.library, { settings: { contextTokens: 2048 } })),
  model: 'echo',
  embeddingModel: 'embedder',
  parallel: 4,
}));

describe('faults of engine processes', () => {
  test('killed with -9 in mid-stream: its streams say so, others go on, and the next request starts it again', async () => {
    using files = openEchoLibrary({ victim: { tokenMs: 2 }, other: { tokenMs: 2 } });
    await using engine = openEngine(echoOptions(files.library));
    const other = Array.fromAsync(engine.generate(ask('other', { ...endless, maxTokens: 200 })));
    const streams = [1, 2, 3].map(async () => {
      const seen: EngineEvent[] = [];
      for await (const event of engine.generate(ask('victim', endless))) {
        seen.push(event);
        const { pid } = find(engine, 'victim')!;
        if (eventsOf(seen, 'delta').length === 5) process.kill(pid!, 'SIGKILL');
      }
    });
    for (const stream of streams) {
      await assert.rejects(stream, { code: 'engine_crashed', message: /victim.*SIGKILL.*Ask again/ });
    }
    assert.equal(find(engine, 'victim')?.state, 'failed');
    assert.match(find(engine, 'victim')?.failure ?? '', /killed from outside/);
    assert.equal(textOf(await Array.fromAsync(engine.generate(ask('victim')))), 'one two three four');
    assert.equal(eventsOf(await other, 'done').length, 1);
  });

  test('a crash between requests starts the model again on the next one', async () => {
    using files = openEchoLibrary({ echo: {} });
    await using engine = openEngine(echoOptions(files.library));
    await Array.fromAsync(engine.generate(ask('echo')));
    for (let round = 0; round < 3; round += 1) {
      process.kill(find(engine, 'echo')!.pid!, 'SIGKILL');
      await until(() => find(engine, 'echo')?.state === 'failed');
      assert.equal(textOf(await Array.fromAsync(engine.generate(ask('echo')))), 'one two three four');
    }
  });

  test('a model that crashes without ever answering is not started in a hot loop', async () => {
    using files = openEchoLibrary({ doomed: { diesLoading: true } });
    await using engine = openEngine(echoOptions(files.library));
    const tries = async () => {
      const error = await Array.fromAsync(engine.generate(ask('doomed'))).then(
        () => assert.fail('it answered'),
        (thrown: { code: string; message: string; facts: Record<string, unknown> }) => thrown,
      );
      assert.equal(error.code, 'model_load_failed');
      return error;
    };
    assert.match((await tries()).message, /could not be loaded.*SIGKILL/);
    await tries();
    const third = await tries();
    assert.match(third.message, /2 times in a row.*next try/);
    assert.equal(third.facts.retryAfterSeconds, 1);
  });

  test('a load that fails is readable, and leaves other models serving', async () => {
    using files = openEchoLibrary({ broken: { invalid: true }, echo: {} });
    await using engine = openEngine(echoOptions(files.library));
    await assert.rejects(Array.fromAsync(engine.generate(ask('broken'))), { code: 'model_file_invalid' });
    assert.equal(find(engine, 'broken')?.state, 'failed');
    assert.match(find(engine, 'broken')?.failure ?? '', /Pull it again/);
    assert.equal(textOf(await Array.fromAsync(engine.generate(ask('echo')))), 'one two three four');
    files.write('broken', {});
    assert.equal(textOf(await Array.fromAsync(engine.generate(ask('broken')))), 'one two three four');
  });

  test('closing ends every process and every stream', async () => {
    using files = openEchoLibrary({ a: { tokenMs: 2 }, b: { loadPhaseMs: 60_000 } });
    const engine = openEngine(echoOptions(files.library));
    const loading = Array.fromAsync(engine.generate(ask('b')));
    const answering = Array.fromAsync(engine.generate(ask('a', endless)));
    const failures = Promise.allSettled([loading, answering]);
    await until(() => (find(engine, 'a')?.activeRequests ?? 0) > 0 && find(engine, 'b')?.phase === 'starting');
    await until(() => find(engine, 'b')?.pid !== undefined);
    const pids = engine.list().map(({ pid }) => pid!);
    await engine.close();
    for (const result of await failures) {
      assert.equal(result.status === 'rejected' && result.reason.code, 'engine_unavailable');
    }
    assert.deepEqual(pids.map(isRunning), [false, false]);
  });
});

describe('loads', () => {
  test('all who wait share one load and see its phases', async () => {
    using files = openEchoLibrary({ slow: { loadPhaseMs: 30 } });
    await using engine = openEngine(echoOptions(files.library));
    const runs = await Promise.all([1, 2, 3, 4].map(() => Array.fromAsync(engine.generate(ask('slow')))));
    for (const events of runs) {
      const phases = new Set(eventsOf(events, 'loading').map(({ phase }) => phase));
      assert.ok(phases.has('reading') && phases.has('warming'), [...phases].join());
    }
    assert.equal(find(engine, 'slow')?.counters.requests, 4);
  });

  test('leaving while a model loads frees the reader at once, and the load goes on', async () => {
    using files = openEchoLibrary({ slow: { loadPhaseMs: 50 } });
    await using engine = openEngine(echoOptions(files.library));
    const reader = engine.generate(ask('slow'))[Symbol.asyncIterator]();
    await reader.next();
    const pending = reader.next().catch((error: Error) => error.name);
    await reader.return?.();
    assert.notEqual(find(engine, 'slow')?.state, 'ready');
    await pending;
    await until(() => find(engine, 'slow')?.state === 'ready');
    assert.equal(find(engine, 'slow')?.counters.requests, 0);
  });

  test('an idle model expires, a pinned one stays', async () => {
    using files = openEchoLibrary({ idle: {}, pinned: {} });
    await using engine = openEngine(echoOptions(files.library, { settings: { keepAlive: 30 } }));
    await Array.fromAsync(engine.load('pinned', { pin: true }));
    await Array.fromAsync(engine.generate(ask('idle')));
    assert.ok((find(engine, 'idle')?.expiresAt ?? 0) > Date.now());
    assert.equal(find(engine, 'pinned')?.expiresAt, undefined);
    await until(() => find(engine, 'idle') === undefined);
    assert.equal(find(engine, 'pinned')?.state, 'ready');
  });

  test('a tuned copy is served from the next request on, and the pulled file again when it is switched off or gone', async () => {
    using files = openEchoLibrary({ pulled: {}, copy: {} });
    const [pulled, copy] = await Promise.all([files.library.get('pulled'), files.library.get('copy')]);
    let tuned: TunedCopy | undefined;
    await using engine = openEngine(echoOptions({ get: async () => ({ ...pulled, tuned }) }));
    const served = async () => {
      await Array.fromAsync(engine.generate(ask('pulled')));
      const { file, tuned } = find(engine, 'pulled')!;
      return [file, tuned];
    };
    assert.deepEqual(await served(), [pulled.files[0], false]);
    tuned = { ...someFigures, file: copy.files[0]!, enabled: true };
    assert.deepEqual(await served(), [copy.files[0], true]);
    tuned = { ...tuned, enabled: false };
    assert.deepEqual(await served(), [pulled.files[0], false]);
    tuned = { ...tuned, enabled: true, file: '/nowhere.gguf' };
    assert.deepEqual(await served(), [pulled.files[0], false]);
  });

  test('unloading gives the memory of the process back', async () => {
    using files = openEchoLibrary({ big: { ballastBytes: 200 * mebibyte } });
    await using engine = openEngine(echoOptions(files.library));
    await Array.fromAsync(engine.load('big'));
    const { pid, residentBytes } = find(engine, 'big')!;
    if (process.platform === 'linux') assert.ok(residentBytes > 200 * mebibyte, String(residentBytes));
    await engine.unload('big');
    assert.equal(isRunning(pid!), false);
  });

  test('an embedding model does not chat, and a chat model does not embed', async () => {
    using files = openEchoLibrary({ chat: {}, vectors: { embeds: true } });
    await using engine = openEngine(echoOptions(files.library));
    await assert.rejects(Array.fromAsync(engine.generate(ask('vectors'))), { code: 'model_unusable' });
    await assert.rejects(engine.embed({ model: 'chat', inputs: ['x'], fairKey: 'a' }), { code: 'model_unusable' });
    assert.deepEqual(engine.list(), []);
  });
});

describe('memory', () => {
  const room = (availableBytes: number): Machine => ({
    ...thisMachine,
    computeThreads: 1,
    availableBytes: () => availableBytes,
    totalBytes: () => 0,
    mappedBytes: () => 0,
  });

  test('a model that does not fit is refused with the figures, and nothing is unloaded for it', async () => {
    using files = openEchoLibrary({ small: {}, huge: { weightsBytes: 5000 * mebibyte } });
    await using engine = openEngine(echoOptions(files.library, { machine: room(1000 * mebibyte) }));
    await Array.fromAsync(engine.generate(ask('small')));
    await assert.rejects(Array.fromAsync(engine.generate(ask('huge'))), (error: unknown) => {
      const { code, message, facts } = error as { code: string; message: string; facts: Record<string, number> };
      assert.equal(code, 'memory_insufficient');
      assert.match(message, /"huge" needs 5\.0 GiB; 1\.\d GiB is free.*choose a smaller model/);
      assert.ok(facts.neededBytes! > facts.freeBytes!);
      return true;
    });
    assert.equal(find(engine, 'small')?.state, 'ready');
    assert.equal(find(engine, 'huge')?.pid, undefined);
  });

  test('the least recently used idle model makes room; a busy or pinned one never does', async () => {
    const weightsBytes = 300 * mebibyte;
    using files = openEchoLibrary({
      pinned: { weightsBytes },
      busy: { weightsBytes, tokenMs: 2 },
      old: { weightsBytes },
      recent: { weightsBytes },
      next: { weightsBytes },
      last: { weightsBytes },
    });
    const limit = { settings: { memoryLimit: 4.5 * 380 * mebibyte, keepAlive: Number.POSITIVE_INFINITY } };
    await using engine = openEngine(echoOptions(files.library, limit));
    await Array.fromAsync(engine.load('pinned', { pin: true }));
    const busy = engine.generate(ask('busy', endless))[Symbol.asyncIterator]();
    while ((await busy.next()).value?.type !== 'delta');
    await Array.fromAsync(engine.load('old'));
    await Array.fromAsync(engine.load('recent'));
    const events = await Array.fromAsync(engine.generate(ask('next')));
    assert.deepEqual(
      engine.list().map(({ id }) => id),
      ['pinned', 'busy', 'recent', 'next'],
    );
    assert.ok(eventsOf(events, 'loading').some(({ phase }) => phase === 'evicting'));
    assert.equal((await busy.next()).value?.type, 'delta');
    await Array.fromAsync(engine.load('next', { pin: true }));
    await Array.fromAsync(engine.load('recent', { pin: true }));
    await Array.fromAsync(engine.load('busy', { pin: true }));
    await assert.rejects(Array.fromAsync(engine.load('last')), { code: 'memory_insufficient' });
    await busy.return?.();
  });

  test('a file that is gone is a load that failed, in words', async () => {
    using files = openEchoLibrary({ echo: {} });
    const library = { get: async (id: string) => ({ ...(await files.library.get(id)), files: ['/nowhere.gguf'] }) };
    await using engine = openEngine(echoOptions(library));
    await assert.rejects(Array.fromAsync(engine.generate(ask('echo'))), {
      code: 'model_load_failed',
      message: /cannot be read.*Pull/,
    });
  });

  test('a context that nobody asked for shrinks to fit; one that was asked for is refused instead', async () => {
    using files = openEchoLibrary({ echo: { contextTokens: 8192, kvBytesPerToken: mebibyte / 8 } });
    const machine = room(1500 * mebibyte); // 16,384 tokens would take 2 GiB
    await using engine = openEngine(echoOptions(files.library, { machine }));
    await Array.fromAsync(engine.load('echo'));
    assert.equal(find(engine, 'echo')?.contextTokens, 8192);
    await using fixed = openEngine(echoOptions(files.library, { machine, settings: { contextTokens: 16_384 } }));
    await assert.rejects(Array.fromAsync(fixed.load('echo')), /INTRAMUROS_CONTEXT_TOKENS is 16384/);
  });

  test('a reader that stalls holds a handful of objects, and loses nothing', async () => {
    using files = openEchoLibrary({ echo: {} });
    await using engine = openEngine(echoOptions(files.library));
    const reader = engine.generate(ask('echo', { ...endless, maxTokens: 1500 }))[Symbol.asyncIterator]();
    const seen: EngineEvent[] = [];
    while (eventsOf(seen, 'delta').length === 0) seen.push((await reader.next()).value as EngineEvent);
    await until(() => find(engine, 'echo')?.activeRequests === 0);
    for (let next = await reader.next(); !next.done; next = await reader.next()) seen.push(next.value);
    assert.ok(seen.length < 100, `${seen.length} events`);
    assert.equal(
      eventsOf(seen, 'delta').reduce((sum, delta) => sum + delta.tokens, 0),
      1500,
    );
  });
});

test('an engine process ends by itself when its parent is killed with -9', async () => {
  using files = openEchoLibrary({ echo: { tokenMs: 2 } });
  const { fork } = await import('node:child_process');
  const parent = fork(new URL('../../../test/parts/engine-parent.ts', import.meta.url), {
    execArgv: [],
    env: { ...process.env, ECHO_FILE: (await files.library.get('echo')).files[0] },
  });
  const [pid] = await new Promise<readonly number[]>((resolve) =>
    parent.once('message', (value) => resolve(value as number[])),
  );
  assert.ok(isRunning(pid!));
  parent.kill('SIGKILL');
  await until(() => !isRunning(pid!));
});

test('an engine process inherits no secret', async () => {
  const { childEnvironment } = await import('./child-environment.ts');
  const inherited = childEnvironment({
    PATH: '/bin',
    HOME: '/home/ada',
    INTRAMUROS_API_KEY_FILE: '/secret',
    DATABASE_URL: 'postgres://ada:word@host',
    OPENAI_API_KEY: 'x',
    LLAMA_HF_TOKEN: 'x',
    NODE_OPTIONS: '--inspect',
    GGML_CPU_ALL_VARIANTS: '1',
  });
  assert.deepEqual(inherited, { PATH: '/bin', HOME: '/home/ada', GGML_CPU_ALL_VARIANTS: '1' });
});
