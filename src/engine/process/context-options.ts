import type { NativeModel, OpenContextOptions } from '../native/index.ts';
import type { StartOptions } from './protocol.ts';

const BATCH_TOKENS = 2048;
const MICRO_BATCH_TOKENS = 512;
const EMBEDDING_SEQUENCES = 16;
/** One kept conversation for so many cells, within bounds: each costs room for a row of logits. */
const CELLS_PER_KEPT_SEQUENCE = 1024;
const LEAST_KEPT = 8;
const MOST_KEPT = 32;

/** The context of a process that generates or embeds; the dry run uses the same, so that the prediction is exact. */
export function contextOptions(start: StartOptions, model: NativeModel): OpenContextOptions {
  return start.purpose === 'embedding' ? embeddingContext(start, model) : generationContext(start);
}

function generationContext({ contextTokens, parallel, threads }: StartOptions): OpenContextOptions {
  const kept = Math.min(MOST_KEPT, Math.max(LEAST_KEPT, Math.ceil(contextTokens / CELLS_PER_KEPT_SEQUENCE)));
  const sequences = parallel + kept;
  return {
    contextTokens,
    sequences,
    batchTokens: BATCH_TOKENS,
    microBatchTokens: Math.min(MICRO_BATCH_TOKENS, contextTokens),
    outputs: sequences,
    threads,
    unified: true,
  };
}

/** An encoder sees a whole input at once, so a batch holds at least the longest one. */
function embeddingContext({ contextTokens, threads }: StartOptions, model: NativeModel): OpenContextOptions {
  const batchTokens = Math.min(contextTokens, Math.min(model.trainedContextTokens || BATCH_TOKENS, BATCH_TOKENS));
  return {
    contextTokens: batchTokens,
    sequences: EMBEDDING_SEQUENCES,
    batchTokens,
    microBatchTokens: batchTokens,
    outputs: batchTokens,
    threads,
    unified: true,
    embeddings: true,
  };
}

/** Most tokens of one request: what the model was trained for, as far as the cells go. */
export function requestTokens(contextTokens: number, model: NativeModel): number {
  return model.trainedContextTokens > 0 ? Math.min(contextTokens, model.trainedContextTokens) : contextTokens;
}

/** A cell that a token may not see still costs the processor this look at the mask, for each head. Measured. */
const LOOK_NS = 1.5;
/** Part of a prompt token's time that looking past kept sequences may take. */
const KEPT_SHARE = 0.005;
/** A token of a prompt is computed in about a third of the time that an answer's next token takes alone. */
const PROMPT_SHARE = 1 / 3;
const LEAST_KEPT_TOKENS = 32;

/**
 * How many cells finished conversations may hold. In unified memory every token looks past all cells up to the last one
 * in use: nothing for a large model, a third of a prompt's time for 2,048 cells on a tuned one of 135 M parameters. What is
 * more goes to the store. Accelerators keep all.
 * Checked: 30 layers of 9 heads at 12 ms a token → 0.005 × 12 ms / 3 / (270 × 1.5 ns) = 49.
 * @see docs/decisions/012-unified-kv-cache.md
 */
export function keptTokens(model: NativeModel, contextTokens: number, tokenMs: number): number {
  if (!model.library.processorOnly) return contextTokens;
  const affordable = (KEPT_SHARE * PROMPT_SHARE * tokenMs * 1e6) / (model.attentionHeads * LOOK_NS);
  return Math.min(contextTokens, Math.max(LEAST_KEPT_TOKENS, Math.floor(affordable)));
}

const STORE_SHARE = 1 / 8;
const MOST_STORE_BYTES = 256 * 1024 * 1024;

/** Memory for the states of finished conversations that were moved out of the cells: a part of what the cells take. */
export function storeBytes(kvBytes: number): number {
  return Math.min(MOST_STORE_BYTES, Math.floor(kvBytes * STORE_SHARE));
}
