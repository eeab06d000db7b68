import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { embeddingModelFile } from '../../../test/parts/starter-model.ts';
import { readModelFiles, summarize } from '../gguf/index.ts';
import { convertBert } from './index.ts';

const root = await mkdtemp(join(tmpdir(), 'intramuros-bert-'));
after(() => rm(root, { recursive: true }));

const config = {
  model_type: 'bert',
  hidden_act: 'gelu',
  hidden_size: 4,
  intermediate_size: 8,
  layer_norm_eps: 1e-12,
  max_position_embeddings: 16,
  num_attention_heads: 2,
  num_hidden_layers: 1,
  type_vocab_size: 2,
  vocab_size: 8,
};
const layer = 'encoder.layer.0';
const shapes: Readonly<Record<string, readonly number[]>> = {
  'embeddings.word_embeddings.weight': [8, 4],
  'embeddings.token_type_embeddings.weight': [2, 4],
  'embeddings.position_embeddings.weight': [16, 4],
  ...norm('embeddings.LayerNorm'),
  ...dense(`${layer}.attention.self.query`, 4, 4),
  ...dense(`${layer}.attention.self.key`, 4, 4),
  ...dense(`${layer}.attention.self.value`, 4, 4),
  ...dense(`${layer}.attention.output.dense`, 4, 4),
  ...norm(`${layer}.attention.output.LayerNorm`),
  ...dense(`${layer}.intermediate.dense`, 4, 8),
  ...dense(`${layer}.output.dense`, 8, 4),
  ...norm(`${layer}.output.LayerNorm`),
};
function norm(name: string) {
  return { [`${name}.weight`]: [4], [`${name}.bias`]: [4] };
}
function dense(name: string, inputs: number, outputs: number) {
  return { [`${name}.weight`]: [outputs, inputs], [`${name}.bias`]: [outputs] };
}

/** A whole small encoder package, with what a test changes of it. */
async function encoder(changes: { config?: object; shapes?: object; tokenizer?: object; vocabulary?: string } = {}) {
  const folder = await mkdtemp(join(root, 'm-'));
  let offset = 0;
  const entries = Object.entries({ ...shapes, ...changes.shapes }).map(([name, shape]) => {
    const from = offset;
    offset += 4 * (shape as number[]).reduce((product, size) => product * size, 1);
    return [name, { dtype: 'F32', shape, data_offsets: [from, offset] }] as const;
  });
  const header = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const values = Float32Array.from({ length: offset / 4 }, (_, index) => index / 8);
  const files = {
    'config.json': JSON.stringify({ ...config, ...changes.config }),
    'tokenizer_config.json': JSON.stringify(changes.tokenizer ?? { do_lower_case: true }),
    '1_Pooling-config.json': JSON.stringify({ pooling_mode_mean_tokens: true, pooling_mode_cls_token: false }),
    'vocab.txt': changes.vocabulary ?? '[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nmur\n##s\né\n',
    'model.safetensors': Buffer.concat([length, header, Buffer.from(values.buffer)]),
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return folder;
}

test('an encoder becomes a GGUF with a WordPiece vocabulary of phantom spaces, halves and mean pooling', async () => {
  const target = join(root, 'out.gguf');
  await convertBert(await encoder(), target);
  const { headers } = await readModelFiles(target);
  const [header] = headers;
  assert.deepEqual(header?.metadata.get('tokenizer.ggml.tokens'), {
    elementType: 'string',
    length: 8,
    values: ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', '▁mur', 's', '▁é'],
  });
  assert.equal(header?.metadata.get('bert.pooling_type'), 1);
  assert.equal(header?.metadata.get('bert.attention.causal'), false);
  assert.equal(header?.metadata.get('tokenizer.ggml.seperator_token_id'), 3);
  const word = header?.tensors[0];
  assert.deepEqual([word?.name, word?.type.name, word?.dimensions], ['token_embd.weight', 'F16', [4, 8]]);
  const up = header?.tensors.find((tensor) => tensor.name === 'blk.0.ffn_up.weight');
  assert.deepEqual(up?.dimensions, [4, 8]);
  const bytes = await readFile(target);
  const start = header!.dataOffset;
  assert.deepEqual([...new Float16Array(bytes.buffer.slice(start, start + 8))], [0, 0.125, 0.25, 0.375]);
  assert.deepEqual(summarize(headers).capabilities, ['embedding']);
});

test('what would come out wrong is refused: another activation, a cased vocabulary, missing or misshaped weights', async () => {
  const refused = async (changes: Parameters<typeof encoder>[0], words: RegExp) => {
    const target = join(root, 'refused.gguf');
    const folder = await encoder(changes);
    await assert.rejects(convertBert(folder, target), { code: 'model_file_invalid', message: words });
    await assert.rejects(readFile(target), { code: 'ENOENT' });
  };
  await refused({ config: { model_type: 'roberta' } }, /"model_type"/);
  await refused({ config: { hidden_act: 'relu' } }, /"hidden_act"/);
  await refused({ tokenizer: { do_lower_case: false } }, /"do_lower_case"/);
  await refused({ vocabulary: '[PAD]\n' }, /8 pieces were wanted, 1 found/);
  await refused({ shapes: { 'embeddings.LayerNorm.bias': [5] } }, /\[4\] was wanted, \[5\] found/);
  await refused({ config: { num_hidden_layers: 2 } }, /encoder.layer.1.*nothing found/);
});

test('all-MiniLM-L6-v2 from its package has the true size and shape', async () => {
  const summary = summarize((await readModelFiles(await embeddingModelFile())).headers);
  assert.equal(summary.architecture, 'bert');
  assert.equal(summary.embeddingLength, 384);
  assert.equal(summary.layers, 6);
  assert.equal(summary.parameterCount, 22_565_376); // 22,713,216 less the pooler that embeddings do not use
  assert.deepEqual(summary.capabilities, ['embedding']);
});
