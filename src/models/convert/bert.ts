import { open, readFile, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { IntramurosError } from '../../base/index.ts';
import { tensorBytes, tensorType, type WritableTensor, type WritableValue, writeGguf } from '../gguf/index.ts';
import { bertVocabulary } from './bert-vocabulary.ts';
import { SafeTensors } from './safetensors.ts';

const configSchema = z.object({
  model_type: z.literal('bert'),
  hidden_act: z.literal('gelu'),
  hidden_size: z.int().positive(),
  intermediate_size: z.int().positive(),
  layer_norm_eps: z.number().positive(),
  max_position_embeddings: z.int().positive(),
  num_attention_heads: z.int().positive(),
  num_hidden_layers: z.int().positive(),
  type_vocab_size: z.literal(2),
  vocab_size: z.int().positive(),
  position_embedding_type: z.literal('absolute').default('absolute'),
});
type BertConfig = z.output<typeof configSchema>;

const poolingSchema = z.object({ pooling_mode_mean_tokens: z.boolean(), pooling_mode_cls_token: z.boolean() });
const tokenizerSchema = z.object({ do_lower_case: z.literal(true) });

/**
 * Makes a GGUF of a BERT sentence encoder: weight matrices in F16, norms, biases and position tables in F32.
 *
 * `folder` holds `config.json`, `vocab.txt`, `tokenizer_config.json`, `1_Pooling-config.json` and `model.safetensors`.
 * Covers: uncased WordPiece BERT with learned positions, mean or CLS pooling (all-MiniLM, bge). Does not cover: cased
 * vocabularies (llama.cpp's WPM tokenizer lowers everything), RoBERTa and its kin; those are refused.
 */
export async function convertBert(
  folder: string,
  target: string,
  options: {
    readonly signal?: AbortSignal;
    readonly report?: (completedBytes: number, totalBytes: number) => void;
  } = {},
): Promise<void> {
  const config = await readConfig(join(folder, 'config.json'), configSchema);
  await readConfig(join(folder, 'tokenizer_config.json'), tokenizerSchema);
  const pooling = await readConfig(join(folder, '1_Pooling-config.json'), poolingSchema);
  const lines = (await readFile(join(folder, 'vocab.txt'), 'utf8')).replace(/\n$/, '').split('\n');
  if (lines.length !== config.vocab_size) {
    throw notConvertible('vocab.txt', `${config.vocab_size} pieces were wanted, ${lines.length} found`);
  }
  await using source = await SafeTensors.open(join(folder, 'model.safetensors'));
  const tensors = bertTensors(config).map((plan) => toWritable(plan, source));
  const totalBytes = tensors.reduce((total, tensor) => total + tensorBytes(tensor), 0);
  const metadata = new Map([...bertMetadata(config, pooling.pooling_mode_mean_tokens), ...bertVocabulary(lines)]);
  const unfinished = `${target}.unfinished`;
  try {
    await using file = await open(unfinished, 'w');
    const onBytes = (written: number) => options.report?.(Math.min(written, totalBytes), totalBytes);
    await writeGguf(file, { metadata, tensors }, { signal: options.signal, onBytes });
    await file.sync();
    await rename(unfinished, target);
  } finally {
    await rm(unfinished, { force: true });
  }
}

function bertMetadata(config: BertConfig, meanPooling: boolean): [string, WritableValue][] {
  const count = (value: number): WritableValue => ({ type: 'u32', value });
  return [
    ['general.architecture', { type: 'string', value: 'bert' }],
    ['general.type', { type: 'string', value: 'model' }],
    ['general.file_type', count(1)],
    ['bert.block_count', count(config.num_hidden_layers)],
    ['bert.context_length', count(config.max_position_embeddings)],
    ['bert.embedding_length', count(config.hidden_size)],
    ['bert.feed_forward_length', count(config.intermediate_size)],
    ['bert.attention.head_count', count(config.num_attention_heads)],
    ['bert.attention.layer_norm_epsilon', { type: 'f32', value: config.layer_norm_eps }],
    ['bert.attention.causal', { type: 'bool', value: false }],
    ['bert.pooling_type', count(meanPooling ? 1 : 2)],
  ];
}

interface TensorPlan {
  readonly from: string;
  readonly to: string;
  /** Elements of a row first. */
  readonly dimensions: readonly number[];
  readonly half: boolean;
}

function bertTensors(config: BertConfig): TensorPlan[] {
  const { hidden_size: width, intermediate_size: inner } = config;
  const table = (from: string, to: string, rows: number, half: boolean): TensorPlan => ({
    from: `embeddings.${from}.weight`,
    to: `${to}.weight`,
    dimensions: [width, rows],
    half,
  });
  return [
    table('word_embeddings', 'token_embd', config.vocab_size, true),
    table('token_type_embeddings', 'token_types', config.type_vocab_size, false),
    table('position_embeddings', 'position_embd', config.max_position_embeddings, false),
    ...norm('embeddings.LayerNorm', 'token_embd_norm', width),
    ...Array.from({ length: config.num_hidden_layers }, (_, layer) => layerTensors(layer, width, inner)).flat(),
  ];
}

function layerTensors(layer: number, width: number, inner: number): TensorPlan[] {
  const from = (name: string) => `encoder.layer.${layer}.${name}`;
  const to = (name: string) => `blk.${layer}.${name}`;
  return [
    ...dense(from('attention.self.query'), to('attn_q'), width, width),
    ...dense(from('attention.self.key'), to('attn_k'), width, width),
    ...dense(from('attention.self.value'), to('attn_v'), width, width),
    ...dense(from('attention.output.dense'), to('attn_output'), width, width),
    ...norm(from('attention.output.LayerNorm'), to('attn_output_norm'), width),
    ...dense(from('intermediate.dense'), to('ffn_up'), width, inner),
    ...dense(from('output.dense'), to('ffn_down'), inner, width),
    ...norm(from('output.LayerNorm'), to('layer_output_norm'), width),
  ];
}

function dense(from: string, to: string, inputs: number, outputs: number): TensorPlan[] {
  return [
    { from: `${from}.weight`, to: `${to}.weight`, dimensions: [inputs, outputs], half: true },
    { from: `${from}.bias`, to: `${to}.bias`, dimensions: [outputs], half: false },
  ];
}

function norm(from: string, to: string, width: number): TensorPlan[] {
  return ['weight', 'bias'].map((part) => ({
    from: `${from}.${part}`,
    to: `${to}.${part}`,
    dimensions: [width],
    half: false,
  }));
}

function toWritable(plan: TensorPlan, source: SafeTensors): WritableTensor {
  const name = [plan.from, `bert.${plan.from}`].find((candidate) => source.tensors.has(candidate));
  const shape = name === undefined ? undefined : source.tensors.get(name)?.shape;
  const wanted = plan.dimensions.toReversed();
  if (name === undefined || shape?.join() !== wanted.join()) {
    const found = shape ? `[${shape}]` : 'nothing';
    throw notConvertible('model.safetensors', `"${plan.from}" of [${wanted}] was wanted, ${found} found`);
  }
  return {
    name: plan.to,
    type: tensorType(plan.half ? 1 : 0)!,
    dimensions: plan.dimensions,
    async data() {
      const values = await source.float32(name);
      return new Uint8Array((plan.half ? new Float16Array(values) : values).buffer);
    },
  };
}

async function readConfig<T>(path: string, schema: z.ZodType<T>): Promise<T> {
  const text = await readFile(path, 'utf8');
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    const issue = cause instanceof z.ZodError ? cause.issues[0] : undefined;
    const words = issue ? `"${issue.path.join('.')}": ${issue.message}` : 'it is no JSON';
    throw notConvertible(basename(path), words, cause);
  }
}

function notConvertible(file: string, words: string, cause?: unknown): IntramurosError {
  return new IntramurosError('model_file_invalid', `${file} is not of an encoder that can be converted: ${words}.`, {
    cause,
    facts: { file },
  });
}
