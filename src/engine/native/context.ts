import koffi from 'koffi';
import { IntramurosError } from '../../base/index.ts';
import { type AbortFlag, openAbortFlag } from './abort-flag.ts';
import { onPoolThread, poolingType } from './declarations.ts';
import { type BufferSizes, readBufferSizes } from './memory.ts';
import type { NativeModel } from './model.ts';

/** How a context is opened. */
export interface OpenContextOptions {
  readonly contextTokens: number;
  /** Sequence ids, cached ones included. */
  readonly sequences: number;
  /** Most tokens of one call. */
  readonly batchTokens: number;
  /** Most tokens computed at once inside a call. */
  readonly microBatchTokens: number;
  /** Most tokens of one call whose logits are wanted. */
  readonly outputs: number;
  readonly threads: number;
  /** True: all sequences share one pool of cells. False: each has an equal part of them. */
  readonly unified: boolean;
  /** Vectors instead of next tokens. */
  readonly embeddings?: boolean;
}

/** A model's working memory: KV cells, a batch to fill, and what the last call computed. */
export interface NativeContext {
  readonly model: NativeModel;
  readonly contextTokens: number;
  readonly buffers: BufferSizes;
  readonly batchTokens: number;
  /** Adds a token to the next call; returns its place in it. */
  add(token: number, position: number, sequence: number, wantsOutput: boolean): number;
  readonly batchLength: number;
  /**
   * Computes what was added and empties the batch: on a pool thread, or on this one when it is `short`. Not 0: nothing was
   * computed (2: aborted).
   */
  decode(short?: boolean): number | Promise<number>;
  /** Makes the running call end within milliseconds (processor only; elsewhere it ends by itself). */
  abort(): void;
  /** Logits of the token at `place` of the last call. Valid until the next one. */
  logits(place: number): Float32Array;
  sample(sampler: bigint, place: number): number;
  embedding(sequence: number): Float32Array;
  clear(): void;
  /** Forgets positions from `start` on; false when this memory cannot be cut there. */
  truncate(sequence: number, start: number): boolean;
  /** Gives the first `length` tokens of one sequence to another, which must be empty. */
  share(from: number, to: number, length: number): void;
  lastPosition(sequence: number): number;
  /** Bytes of a sequence's state in host memory. */
  stateBytes(sequence: number): number;
  /** Writes a sequence's state into memory of that size; false when the library could not. */
  save(sequence: number, into: Uint8Array): boolean;
  /** Makes a saved state the content of an empty sequence, in cells of its own; false when the library could not. */
  restore(sequence: number, from: Uint8Array): boolean;
  close(): void;
}

const MOST_ROWS = 256;
const EMPTY_BATCH_FIELDS = { embedding: 0, sequencesPerToken: 1 };

/** Opens a context on a model. Throws `model_load_failed` or `memory_insufficient` with the library's own words. */
export async function openContext(model: NativeModel, options: OpenContextOptions): Promise<NativeContext> {
  const { api, log } = model.library;
  const abort = openAbortFlag();
  const params = api.llama_context_default_params();
  Object.assign(params, {
    n_ctx: options.contextTokens,
    n_batch: options.batchTokens,
    n_ubatch: options.microBatchTokens,
    n_seq_max: options.sequences,
    // The library wants room for one output a sequence at least, and 0 lets one sequence have them all.
    n_outputs_max: Math.max(options.outputs, options.sequences),
    n_outputs_max_per_seq: 0,
    n_threads: options.threads,
    n_threads_batch: options.threads,
    kv_unified: options.unified,
    abort_callback: abort.callback,
    abort_callback_data: abort.data,
    embeddings: options.embeddings ?? false,
  });
  const said = log.collect();
  let handle: bigint | null;
  try {
    handle = await onPoolThread(api.llama_init_from_model, model.handle, params);
    if (handle !== null && options.embeddings && api.llama_pooling_type(handle) === poolingType.none) {
      api.llama_free(handle);
      handle = await onPoolThread(api.llama_init_from_model, model.handle, {
        ...params,
        pooling_type: poolingType.mean,
      });
    }
  } finally {
    said.stop();
  }
  if (handle === null) throw contextFailure(said.lines, options.contextTokens);
  return wrap(model, handle, options, abort, readBufferSizes(said.lines, model.weightsBytes));
}

function wrap(
  model: NativeModel,
  handle: bigint,
  options: OpenContextOptions,
  abort: AbortFlag,
  buffers: BufferSizes,
): NativeContext {
  const { api } = model.library;
  const memory = api.llama_get_memory(handle);
  const batch = api.llama_batch_init(
    options.batchTokens,
    EMPTY_BATCH_FIELDS.embedding,
    EMPTY_BATCH_FIELDS.sequencesPerToken,
  );
  const ints = (address: bigint): Int32Array => new Int32Array(koffi.view(address, options.batchTokens * 4));
  const [tokens, positions, counts] = [ints(batch.token), ints(batch.pos), ints(batch.n_seq_id)];
  const wanted = new Int8Array(koffi.view(batch.logits, options.batchTokens));
  counts.fill(1);
  // The library allocates the sequence ids one block a token: their addresses are read once.
  const sequences = sequenceViews(batch.seq_id, options.batchTokens);
  const rows = new Map<bigint, Float32Array>();
  // The library keeps its rows at the same addresses: a view a row and step would be garbage of 200 KB each.
  const row = (address: bigint, length: number): Float32Array => {
    let view = rows.get(address);
    if (view === undefined || view.length !== length) {
      if (rows.size >= MOST_ROWS) rows.clear();
      view = new Float32Array(koffi.view(address, length * 4));
      rows.set(address, view);
    }
    return view;
  };
  const compute = memory === null ? api.llama_encode : api.llama_decode;
  let length = 0;
  return {
    model,
    contextTokens: api.llama_n_ctx(handle),
    buffers,
    batchTokens: options.batchTokens,
    get batchLength() {
      return length;
    },
    add(token, position, sequence, wantsOutput) {
      const place = length;
      tokens[place] = token;
      positions[place] = position;
      sequences[place]![0] = sequence;
      wanted[place] = wantsOutput ? 1 : 0;
      length += 1;
      return place;
    },
    decode(short = false) {
      batch.n_tokens = length;
      length = 0;
      abort.lower();
      return short ? compute(handle, batch) : onPoolThread(compute, handle, batch);
    },
    abort: () => abort.raise(),
    logits: (place) => row(api.llama_get_logits_ith(handle, place), model.vocabulary.size),
    sample: (sampler, place) => api.llama_sampler_sample(sampler, handle, place),
    embedding(sequence) {
      const address = api.llama_get_embeddings_seq(handle, sequence);
      if (address === null) throw new IntramurosError('internal', `The model gave no vector for sequence ${sequence}.`);
      return row(address, model.embeddingSize);
    },
    clear() {
      if (memory !== null) api.llama_memory_clear(memory, false);
    },
    truncate: (sequence, start) => api.llama_memory_seq_rm(memory, sequence, start, -1),
    share: (from, to, upTo) => api.llama_memory_seq_cp(memory, from, to, 0, upTo),
    lastPosition: (sequence) => api.llama_memory_seq_pos_max(memory, sequence),
    stateBytes: (sequence) => Number(api.llama_state_seq_get_size(handle, sequence)),
    save: (sequence, into) => Number(api.llama_state_seq_get_data(handle, into, into.length, sequence)) === into.length,
    restore(sequence, from) {
      if (Number(api.llama_state_seq_set_data(handle, from, from.length, sequence)) === from.length) return true;
      api.llama_memory_seq_rm(memory, sequence, 0, -1);
      return false;
    },
    close() {
      api.llama_batch_free(batch);
      api.llama_free(handle);
      abort.close();
    },
  };
}

function sequenceViews(table: bigint, count: number): readonly Int32Array[] {
  const addresses = new BigUint64Array(koffi.view(table, count * 8));
  return Array.from(addresses, (address) => new Int32Array(koffi.view(address, 4)));
}

function contextFailure(lines: readonly string[], contextTokens: number): IntramurosError {
  const complaint = lines.filter((line) => /fail|error|unable|not supported/i.test(line)).map((line) => line.trim());
  const memory = /alloc|memory/i.test(complaint.join(' '));
  const words = complaint.slice(0, 2).join('; ') || 'the library gave no cause';
  return memory
    ? new IntramurosError(
        'memory_insufficient',
        `There is not enough memory for a context of ${contextTokens} tokens: ${words}. Unload a model ("intramuros ps") or lower contextTokens.`,
        { facts: { contextTokens } },
      )
    : new IntramurosError('model_load_failed', `The model loaded but its context did not open: ${words}.`);
}
