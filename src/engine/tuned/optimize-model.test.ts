import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { starterModelFile } from '../../../test/parts/starter-model.ts';
import { systemClock } from '../../base/index.ts';
import type { InstalledModel } from '../../models/index.ts';
import { tuningCandidates } from './candidates.ts';
import { divergence } from './divergence.ts';
import { type OptimizeEvent, optimizeModel } from './optimize-model.ts';
import type { Measurement } from './protocol.ts';
import { bestCandidate, whyNone } from './verdict.ts';

const folder = mkdtempSync(join(tmpdir(), 'intramuros-tuned-'));
const elsewhere = mkdtempSync(join(tmpdir(), 'intramuros-damaged-'));
after(() => [folder, elsewhere].forEach((path) => void rmSync(path, { recursive: true })));

function modelOf(file: string, over: Partial<InstalledModel> = {}): InstalledModel {
  return {
    id: 'smollm2:135m',
    title: 'SmolLM2 135M Instruct',
    files: [file],
    sizeBytes: 0,
    sha256: undefined,
    architecture: 'llama',
    family: 'smollm2',
    parameterCount: 135_000_000,
    quantization: 'Q4_1',
    bitsPerWeight: 5,
    contextTokens: 8192,
    embeddingLength: 576,
    chatTemplate: undefined,
    capabilities: ['chat'],
    licence: undefined,
    languages: [],
    origin: { kind: 'file', detail: file },
    tuned: undefined,
    installedAt: new Date(0).toISOString(),
    ...over,
  };
}

/** A busy machine may measure any speed; what is tested is the way to a copy. */
const anySpeed = { leastGain: 0, leastOfEach: 0 };

const optimize = (model: InstalledModel, signal?: AbortSignal): AsyncIterable<OptimizeEvent> =>
  optimizeModel({
    model,
    directory: folder,
    threads: 1,
    clock: systemClock,
    worth: anySpeed,
    ...(signal && { signal }),
  });

test('the starter model gets a copy whose loss is small, and says what it is and how fast', {
  timeout: 240_000,
}, async (t) => {
  mkdirSync(join(folder, '.tuning-999999999-gone'));
  const events = await Array.fromAsync(optimize(modelOf(await starterModelFile())));
  const done = events.at(-1);
  assert.ok(done?.type === 'done' && done.tuned, JSON.stringify(done));
  const { tuned } = done;
  assert.ok(tuned.kld > 0 && tuned.kld <= 0.01, `KLD ${tuned.kld}`);
  assert.ok(tuned.sameTopToken > 0.9 && tuned.sameTopToken < 1, `same top ${tuned.sameTopToken}`);
  for (const side of [tuned, tuned.original])
    assert.ok(side.prefillTokensPerSecond > 0 && side.decodeTokensPerSecond > 0);
  assert.match(tuned.quantization, /re-encoded from Q4_1/);
  assert.equal(createHash('sha256').update(readFileSync(tuned.file)).digest('hex'), tuned.sha256);
  assert.equal(statSync(tuned.file).size, tuned.sizeBytes);
  const phases = new Set(events.map((event) => (event.type === 'progress' ? event.phase : 'done')));
  assert.deepEqual([...phases], ['planning', 'encoding', 'comparing', 'timing', 'saving', 'done']);
  assert.deepEqual(readdirSync(folder), [tuned.file.slice(folder.length + 1)]);
  t.diagnostic(`${done.words} ${tuned.measuredOn}`);
});

test('cancelling ends the process and leaves nothing behind', async () => {
  const before = readdirSync(folder);
  const stop = new AbortController();
  const reason = new Error('changed my mind');
  await assert.rejects(async () => {
    for await (const event of optimize(modelOf(await starterModelFile()), stop.signal)) {
      if (event.type === 'progress' && event.phase === 'comparing') {
        assert.ok(readdirSync(folder).some((name) => name.startsWith('.tuning-')));
        stop.abort(reason);
      }
    }
  }, reason);
  assert.deepEqual(readdirSync(folder), before);
});

test('a tuning process that is killed is an error in words, with nothing left behind', async (t) => {
  if (process.platform !== 'linux') return t.skip('finds the process in /proc');
  const before = readdirSync(folder);
  const children = (): readonly string[] =>
    readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
  await assert.rejects(
    async () => {
      for await (const event of optimize(modelOf(await starterModelFile())))
        if (event.type === 'progress' && event.phase === 'encoding')
          for (const pid of children()) process.kill(Number(pid), 'SIGKILL');
    },
    { code: 'engine_crashed', message: /SIGKILL.*The pulled file is untouched/ },
  );
  assert.deepEqual(readdirSync(folder), before);
});

test('a damaged file is an error in words, with nothing left behind', async () => {
  const before = readdirSync(folder);
  const damaged = join(elsewhere, 'cut.gguf');
  copyFileSync(import.meta.filename, damaged);
  await assert.rejects(Array.fromAsync(optimize(modelOf(damaged))), (error: unknown) => {
    const { code, message } = error as { code: string; message: string };
    assert.match(code, /^model_/);
    assert.ok(message.length > 20);
    return true;
  });
  assert.deepEqual(readdirSync(folder), before);
  assert.ok(existsSync(damaged));
});

test('a model whose two files do not fit in memory is not tuned, and nothing is started', async () => {
  const model = modelOf(await starterModelFile(), { sizeBytes: 4e9, parameterCount: 7e9 });
  const machine = { availableBytes: () => 8 * 1024 ** 3 };
  const events = optimizeModel({ model, directory: folder, threads: 1, clock: systemClock, machine });
  await assert.rejects(Array.fromAsync(events), {
    code: 'memory_insufficient',
    message: /needs 11\.2 GiB.*8\.0 GiB is free/,
  });
});

test('a file that is already fast, or only embeds, is left as it is, and that is said', async () => {
  for (const over of [{ quantization: 'Q8_0' }, { capabilities: ['embedding'] }] satisfies Partial<InstalledModel>[]) {
    const events = await Array.fromAsync(optimize(modelOf('/nowhere.gguf', over)));
    assert.deepEqual(
      events.map((event) => event.type === 'done' && [event.tuned, event.words.length > 20]),
      [[undefined, true]],
    );
  }
  assert.deepEqual(tuningCandidates('Q4_K_M').formats, ['q8_0']);
});

test('only a copy with small loss, faster in sum and slower in nothing, is kept', () => {
  const candidate = (kld: number, prefillGain: number, decodeGain: number): Measurement => ({
    format: 'q8_0',
    file: '',
    sizeBytes: 0,
    kld,
    sameTopToken: 1,
    speed: {
      prefillTokensPerSecond: 0,
      decodeTokensPerSecond: 0,
      original: { prefillTokensPerSecond: 0, decodeTokensPerSecond: 0 },
      prefillGain,
      decodeGain,
    },
  });
  const good = candidate(0.005, 2.5, 1.2);
  const better = candidate(0.009, 2.6, 1.4);
  const lossy = candidate(0.011, 9, 9);
  const slowerDecode = candidate(0.001, 3, 0.8);
  const pointless = candidate(0.001, 1.05, 1.02);
  assert.equal(bestCandidate([good, lossy, better, slowerDecode, pointless]), better);
  assert.equal(bestCandidate([lossy, slowerDecode, pointless]), undefined);
  assert.match(whyNone([slowerDecode]), /Nothing better.*prefill × 3\.00, decode × 0\.80/);
});

test('divergence is nought for equal rows, and as computed by hand for others', () => {
  const row = Float32Array.from([Math.log(0.5), Math.log(0.5)]);
  const other = Float32Array.from([Math.log(0.75) + 7, Math.log(0.25) + 7]);
  assert.deepEqual(divergence(row, row), { kld: 0, sameTop: true });
  assert.ok(Math.abs(divergence(row, other).kld - 0.143841) < 1e-5);
  assert.equal(divergence(Float32Array.from([0, 1]), Float32Array.from([1, 0])).sameTop, false);
});
