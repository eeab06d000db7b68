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
