import type { Capability } from '../types.ts';
import { fileTypeNames } from './tensor-types.ts';
import type { GgufArray, GgufHeader, GgufTensor, GgufValue } from './types.ts';

/** What a header says about its model, in the product's words. */
export interface GgufSummary {
  readonly architecture: string;
  readonly name: string | undefined;
  readonly parameterCount: number;
  /** As the file calls itself, else the format that most of its bytes are in. */
  readonly quantization: string;
  /** Format that most of the bytes of its weight matrices are in. */
  readonly dominantType: string;
  /** Real: 8 × bytes of all tensors / parameters. */
  readonly bitsPerWeight: number;
  readonly weightBytes: number;
  readonly contextTokens: number;
  readonly embeddingLength: number;
  readonly layers: number;
  readonly chatTemplate: string | undefined;
  readonly capabilities: readonly Capability[];
  readonly licence: string | undefined;
  readonly languages: readonly string[];
  /** `model`, or what else the file says it is: `adapter`, `mmproj`. */
  readonly kind: string;
}

const encoders = new Set([
  'bert',
  'modern-bert',
  'nomic-bert',
  'nomic-bert-moe',
  'neo-bert',
  'jina-bert-v2',
  'jina-bert-v3',
  'eurobert',
  't5encoder',
  'gemma-embedding',
  'pangu-embedded-encoder',
]);

/** Sums up a header, or the headers of all parts of a split file in order. */
export function summarize(parts: readonly GgufHeader[]): GgufSummary {
  const first = parts[0];
  if (!first) throw new TypeError('no header to sum up');
  const { metadata } = first;
  const architecture = text(metadata, 'general.architecture') ?? 'unknown';
  const tensors = parts.flatMap((part) => part.tensors);
  const parameterCount = sum(tensors, (tensor) => tensor.elements);
  const weightBytes = sum(tensors, (tensor) => tensor.sizeBytes);
  const chatTemplate = text(metadata, 'tokenizer.chat_template');
  const dominant = dominantType(tensors);
  return {
    architecture,
    name: text(metadata, 'general.name'),
    parameterCount,
    quantization: fileTypeNames[number(metadata, 'general.file_type') ?? -1] ?? dominant,
    dominantType: dominant,
    bitsPerWeight: parameterCount === 0 ? 0 : (8 * weightBytes) / parameterCount,
    weightBytes,
    contextTokens: number(metadata, `${architecture}.context_length`) ?? 0,
    embeddingLength: number(metadata, `${architecture}.embedding_length`) ?? 0,
    layers: number(metadata, `${architecture}.block_count`) ?? 0,
    chatTemplate,
    capabilities: capabilities(architecture, metadata, chatTemplate),
    licence: text(metadata, 'general.license'),
    languages: texts(metadata, 'general.languages'),
    kind: architecture === 'clip' ? 'mmproj' : (text(metadata, 'general.type') ?? 'model'),
  };
}

function capabilities(
  architecture: string,
  metadata: ReadonlyMap<string, GgufValue>,
  template: string | undefined,
): Capability[] {
  const pooled = (number(metadata, `${architecture}.pooling_type`) ?? 0) > 0;
  if (encoders.has(architecture) || (pooled && template === undefined)) return ['embedding'];
  const found: Capability[] = [];
  if (template !== undefined) found.push('chat');
  found.push('completion');
  if (template !== undefined && knowsThinking(template)) found.push('thinking');
  if (template !== undefined && /\btools\b/.test(template)) found.push('tools');
  return found;
}

/** True when a chat template writes or strips reasoning: DeepSeek, Qwen, Magistral, gpt-oss, Granite and their kin. */
function knowsThinking(template: string): boolean {
  return /<\/?think>|\[\/?THINK\]|reasoning_content|enable_thinking|<\|channel\|>analysis|<seed:think>/.test(template);
}

function dominantType(tensors: readonly GgufTensor[]): string {
  const bytes = new Map<string, number>();
  for (const { type, sizeBytes, dimensions } of tensors) {
    if (dimensions.length > 1) bytes.set(type.name, (bytes.get(type.name) ?? 0) + sizeBytes);
  }
  return [...bytes].sort((a, b) => b[1] - a[1])[0]?.[0] ?? 'unknown';
}

function text(metadata: ReadonlyMap<string, GgufValue>, key: string): string | undefined {
  const value = metadata.get(key);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** A number of the metadata; for a list with one value a layer, the greatest. */
function number(metadata: ReadonlyMap<string, GgufValue>, key: string): number | undefined {
  const value = metadata.get(key);
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  const values = isArray(value) ? value.values?.filter((item) => typeof item === 'number') : undefined;
  return values?.length ? values.reduce((greatest, item) => Math.max(greatest, item)) : undefined;
}

function texts(metadata: ReadonlyMap<string, GgufValue>, key: string): string[] {
  const value = metadata.get(key);
  return isArray(value) ? (value.values ?? []).filter((item) => typeof item === 'string') : [];
}

function isArray(value: GgufValue | undefined): value is GgufArray {
  return typeof value === 'object';
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
