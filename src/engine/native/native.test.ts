import assert from 'node:assert/strict';
import { createReadStream, createWriteStream, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { after, before, test } from 'node:test';
import { starterModelFile } from '../../../test/parts/starter-model.ts';
import { checkCanaries } from './canaries.ts';
import { type NativeContext, type NativeModel, openContext, openLibrary, openModel, openSampler } from './index.ts';
import { libraryFile } from './library.ts';
import { predictMemory } from './predict-memory.ts';
import { quantizeModel } from './quantize.ts';

let file: string;
let model: NativeModel;
let context: NativeContext;
const folder = mkdtempSync(join(tmpdir(), 'intramuros-native-'));
const sizes = { sequences: 4, batchTokens: 64, microBatchTokens: 64, outputs: 8, threads: 1, unified: true };

before(async () => {
  file = await starterModelFile();
  const progress: number[] = [];
  model = await openModel(openLibrary(), { file, onProgress: (value) => progress.push(value) });
  context = await openContext(model, { ...sizes, contextTokens: 512 });
  assert.ok(progress.length > 2 && progress.at(-1) === 1);
});
after(() => {
  context.close();
  model.close();
  rmSync(folder, { recursive: true });
});

test('a library whose structures moved is refused', () => {
  const { api } = openLibrary();
  assert.equal(checkCanaries(api), undefined);
  const moved = {
    ...api,
    llama_context_default_params: () => ({ ...api.llama_context_default_params(), n_ubatch: 513 }),
  };
  assert.match(checkCanaries(moved as unknown as typeof api) ?? '', /n_ubatch is 513, not 512/);
});

test('library files are found under the spelling of each platform', () => {
  const linux = [
    'libggml-base.so',
    'libggml.v0.5.0.so',
    'libllama-common.so',
    'libllama.v0.5.0.so',
    'libggml-cpu-x64.so',
  ];
  assert.equal(libraryFile(linux, 'llama', ''), 'libllama.v0.5.0.so');
  assert.equal(libraryFile(linux, 'ggml', ''), 'libggml.v0.5.0.so');
  assert.equal(libraryFile(['llama.dll', 'ggml-base.dll'], 'llama', ''), 'llama.dll');
  assert.equal(libraryFile(['libllama.0.5.0.dylib'], 'llama', ''), 'libllama.0.5.0.dylib');
  assert.throws(() => libraryFile(['libllama-common.so'], 'llama', '/x'), { code: 'engine_unavailable' });
});

test('text becomes tokens and the same text again; special tokens only where they are allowed', () => {
  const { vocabulary } = model;
  const text = 'Bonjour, ça va ? 你好 👋🏽\n<|im_end|>';
  const plain = vocabulary.tokenize(text, { addSpecial: false, parseSpecial: false });
  const parsed = vocabulary.tokenize(text, { addSpecial: false, parseSpecial: true });
  assert.equal(vocabulary.detokenize(plain), text);
  assert.equal(vocabulary.detokenize(parsed), text);
  assert.ok(parsed.length < plain.length);
  assert.equal(vocabulary.traits(parsed.at(-1)!).special, true);
  assert.ok(!plain.some((token) => vocabulary.traits(token).special));
  assert.equal(vocabulary.piece(parsed.at(-1)!).length, 0);
  assert.ok(vocabulary.endOfGeneration.has(parsed.at(-1)!));
  assert.throws(() => vocabulary.detokenize([vocabulary.size]), { code: 'invalid_request' });
});

async function greedy(prompt: string, steps: number, sequence: number): Promise<string> {
  const sampler = openSampler(model, { temperature: 0 });
  const tokens = [...model.vocabulary.tokenize(prompt, { addSpecial: true, parseSpecial: false })];
  let next = tokens.length;
  tokens.forEach((token, at) => void context.add(token, at, sequence, at === tokens.length - 1));
  let place = next - 1;
  const said: number[] = [];
  for (let step = 0; step < steps; step += 1) {
    assert.equal(await context.decode(), 0);
    const token = context.sample(sampler.handle, place);
    const logits = context.logits(place);
    assert.equal(token, logits.indexOf(logits.reduce((a, b) => Math.max(a, b))));
    said.push(token);
    place = context.add(token, next, sequence, true);
    next += 1;
  }
  await context.decode();
  sampler.close();
  return model.vocabulary.detokenize(said);
}

test('the model goes on with a text, and a shared prefix gives the same continuation', async () => {
  context.clear();
  assert.match(await greedy('The capital of France is', 8, 0), /Paris/);
  const length = model.vocabulary.tokenize('The capital of France is', {
    addSpecial: true,
    parseSpecial: false,
  }).length;
  context.share(0, 1, length);
  assert.equal(context.lastPosition(1), length - 1);
  assert.equal(context.truncate(1, 2), true);
  assert.equal(context.lastPosition(1), 1);
  assert.equal(context.lastPosition(0), length + 7);
});

test('the predicted memory is the memory that is taken', async () => {
  const predicted = await predictMemory(openLibrary(), { file, context: () => ({ ...sizes, contextTokens: 512 }) });
  assert.deepEqual(predicted, context.buffers);
  assert.ok(predicted.kvBytes > 8 * 2 ** 20 && predicted.weightsBytes > 90 * 2 ** 20, JSON.stringify(predicted));
});

test('a truncated file and a file of another kind are refused in words', async () => {
  const cut = join(folder, 'cut.gguf');
  await pipeline(createReadStream(file, { end: 20_000_000 }), createWriteStream(cut));
  await assert.rejects(openModel(openLibrary(), { file: cut }), {
    code: 'model_file_invalid',
    message: /damaged or incomplete: \S/,
  });
  const other = join(folder, 'other.gguf');
  writeFileSync(other, 'PK\x03\x04 not a model');
  await assert.rejects(openModel(openLibrary(), { file: other }), { code: 'model_file_invalid' });
  await assert.rejects(openModel(openLibrary(), { file: join(folder, 'absent.gguf') }), { code: 'model_load_failed' });
});

test('a dry run tells the size of another format without writing it', async () => {
  const target = join(folder, 'q8.gguf');
  const result = await quantizeModel({ file, target, format: 'q8_0', requantize: true, dryRun: true });
  assert.throws(() => statSync(target));
  assert.ok(result.quantizedBytes > result.originalBytes * 1.2, JSON.stringify(result));
  await assert.rejects(quantizeModel({ file, target, format: 'q8_0' }), { code: 'model_unusable' });
});

test('aborting a load stops it', async () => {
  const abort = new AbortController();
  const load = openModel(openLibrary(), {
    file,
    signal: abort.signal,
    onProgress: () => abort.abort(new Error('enough')),
  });
  await assert.rejects(load, /enough/);
});
