import koffi, { type LibraryHandle } from 'koffi';

/**
 * What is used of libllama's C interface, for exactly the release that `canaries.ts` names: every structure and function
 * that crosses the border, and nothing else. Fields and their order are facts of `llama.h`, `ggml.h` and `ggml-backend.h`.
 */

/** Address in the library's memory; null is the null pointer. */
export type Pointer = bigint | null;

/** A native function: called on this thread, or with `async` on a pool thread. */
export interface NativeFunction<A extends readonly unknown[], R> {
  (...args: A): R;
  async(...args: [...A, (error: Error | null, result: R) => void]): void;
}

/** `enum ggml_type`, the few that are named here. */
export const ggmlType = { f32: 0, f16: 1, count: 43 } as const;

/** `enum llama_pooling_type`. */
export const poolingType = { unspecified: -1, none: 0, mean: 1, cls: 2, last: 3, rank: 4 } as const;

/** Bits of `enum llama_token_attr`. */
export const tokenAttribute = { unknown: 1, unused: 2, control: 8, userDefined: 16, lstrip: 128, rstrip: 256 } as const;

const pointer = 'void *';
const modelParams = koffi.struct('llama_model_params', {
  devices: pointer,
  tensor_buft_overrides: pointer,
  n_gpu_layers: 'int32_t',
  split_mode: 'int32_t',
  load_mode: 'int32_t',
  lazy_mode: 'int32_t',
  main_gpu: 'int32_t',
  tensor_split: pointer,
  progress_callback: pointer,
  progress_callback_user_data: pointer,
  kv_overrides: pointer,
  vocab_only: 'bool',
  check_tensors: 'bool',
  use_extra_bufts: 'bool',
  no_host: 'bool',
  no_alloc: 'bool',
  load_mtp: 'bool',
});
export interface ModelParams {
  n_gpu_layers: number;
  load_mode: number;
  progress_callback: Pointer;
  vocab_only: boolean;
  use_extra_bufts: boolean;
  no_alloc: boolean;
}

const contextParams = koffi.struct('llama_context_params', {
  n_ctx: 'uint32_t',
  n_batch: 'uint32_t',
  n_ubatch: 'uint32_t',
  n_seq_max: 'uint32_t',
  n_rs_seq: 'uint32_t',
  n_outputs_max: 'uint32_t',
  n_outputs_max_per_seq: 'uint32_t',
  n_threads: 'int32_t',
  n_threads_batch: 'int32_t',
  ctx_type: 'int32_t',
  rope_scaling_type: 'int32_t',
  pooling_type: 'int32_t',
  attention_type: 'int32_t',
  flash_attn_type: 'int32_t',
  rope_freq_base: 'float',
  rope_freq_scale: 'float',
  yarn_ext_factor: 'float',
  yarn_attn_factor: 'float',
  yarn_beta_fast: 'float',
  yarn_beta_slow: 'float',
  yarn_orig_ctx: 'uint32_t',
  defrag_thold: 'float',
  cb_eval: pointer,
  cb_eval_user_data: pointer,
  type_k: 'int32_t',
  type_v: 'int32_t',
  abort_callback: pointer,
  abort_callback_data: pointer,
  embeddings: 'bool',
  offload_kqv: 'bool',
  no_perf: 'bool',
  op_offload: 'bool',
  swa_full: 'bool',
  kv_unified: 'bool',
  samplers: pointer,
  n_samplers: 'size_t',
  ctx_other: pointer,
});
export interface ContextParams {
  n_ctx: number;
  n_batch: number;
  n_ubatch: number;
  n_seq_max: number;
  n_outputs_max: number;
  n_threads: number;
  n_threads_batch: number;
  pooling_type: number;
  flash_attn_type: number;
  type_k: number;
  type_v: number;
  abort_callback: Pointer;
  abort_callback_data: Pointer;
  embeddings: boolean;
  kv_unified: boolean;
  swa_full: boolean;
}

const quantizeParams = koffi.struct('llama_model_quantize_params', {
  nthread: 'int32_t',
  ftype: 'int32_t',
  output_tensor_type: 'int32_t',
  token_embedding_type: 'int32_t',
  allow_requantize: 'bool',
  quantize_output_tensor: 'bool',
  only_copy: 'bool',
  pure: 'bool',
  keep_split: 'bool',
  dry_run: 'bool',
  imatrix: pointer,
  kv_overrides: pointer,
  tt_overrides: pointer,
  prune_layers: pointer,
  max_buf_size: 'size_t',
});
export interface QuantizeParams {
  nthread: number;
  ftype: number;
  output_tensor_type: number;
  token_embedding_type: number;
  allow_requantize: boolean;
  quantize_output_tensor: boolean;
  pure: boolean;
  dry_run: boolean;
}

const chainParams = koffi.struct('llama_sampler_chain_params', { no_perf: 'bool' });
koffi.struct('llama_logit_bias', { token: 'int32_t', bias: 'float' });

koffi.struct('llama_batch', {
  n_tokens: 'int32_t',
  token: pointer,
  embd: pointer,
  pos: pointer,
  n_seq_id: pointer,
  seq_id: pointer,
  logits: pointer,
});
export interface NativeBatch {
  n_tokens: number;
  readonly token: bigint;
  readonly pos: bigint;
  readonly n_seq_id: bigint;
  readonly seq_id: bigint;
  readonly logits: bigint;
}

koffi.proto('void llama_log_callback(int level, const char *text, void *user_data)');
koffi.proto('bool llama_progress_callback(float progress, void *user_data)');

/** Pointers to functions of ours that the library may call, from any thread. */
export const callbackType = { log: 'llama_log_callback *', progress: 'llama_progress_callback *' } as const;

interface Handles {
  readonly base: LibraryHandle;
  readonly ggml: LibraryHandle;
  readonly llama: LibraryHandle;
}

/** Every native function that is used, under its own name. */
export type Api = ReturnType<typeof declareApi>;

/** Binds the functions. Parameter names are those of the headers. */
export function declareApi({ ggml, llama }: Handles) {
  const bind = <A extends readonly unknown[], R>(prototype: string): NativeFunction<A, R> =>
    llama.func(prototype) as unknown as NativeFunction<A, R>;
  return {
    ggml_backend_load_all_from_path: ggml.func('void ggml_backend_load_all_from_path(const char *dir)') as unknown as (
      directory: string,
    ) => void,
    ggml_backend_reg_count: ggml.func('size_t ggml_backend_reg_count()') as unknown as () => number,

    llama_version: bind<[], string>('const char *llama_version()'),
    llama_backend_init: bind<[], void>('void llama_backend_init()'),
    llama_log_set: bind<[Pointer, Pointer], void>('void llama_log_set(void *callback, void *user_data)'),
    llama_model_default_params: llama.func('llama_model_default_params', modelParams, []) as unknown as NativeFunction<
      [],
      ModelParams
    >,
    llama_context_default_params: llama.func(
      'llama_context_default_params',
      contextParams,
      [],
    ) as unknown as NativeFunction<[], ContextParams>,
    llama_model_quantize_default_params: llama.func(
      'llama_model_quantize_default_params',
      quantizeParams,
      [],
    ) as unknown as NativeFunction<[], QuantizeParams>,
    llama_sampler_chain_default_params: llama.func(
      'llama_sampler_chain_default_params',
      chainParams,
      [],
    ) as unknown as NativeFunction<[], { no_perf: boolean }>,

    // models
    llama_model_load_from_file: bind<[string, ModelParams], Pointer>(
      'void *llama_model_load_from_file(const char *path, llama_model_params params)',
    ),
    llama_model_free: bind<[Pointer], void>('void llama_model_free(void *model)'),
    llama_model_get_vocab: bind<[Pointer], Pointer>('void *llama_model_get_vocab(void *model)'),
    llama_model_n_ctx_train: bind<[Pointer], number>('int32_t llama_model_n_ctx_train(void *model)'),
    llama_model_n_layer: bind<[Pointer], number>('int32_t llama_model_n_layer(void *model)'),
    llama_model_n_head: bind<[Pointer], number>('int32_t llama_model_n_head(void *model)'),
    llama_model_n_embd_out: bind<[Pointer], number>('int32_t llama_model_n_embd_out(void *model)'),
    llama_model_size: bind<[Pointer], number>('uint64_t llama_model_size(void *model)'),
    llama_model_has_encoder: bind<[Pointer], boolean>('bool llama_model_has_encoder(void *model)'),
    llama_model_has_decoder: bind<[Pointer], boolean>('bool llama_model_has_decoder(void *model)'),
    llama_model_is_recurrent: bind<[Pointer], boolean>('bool llama_model_is_recurrent(void *model)'),
    llama_model_is_hybrid: bind<[Pointer], boolean>('bool llama_model_is_hybrid(void *model)'),
    llama_model_is_diffusion: bind<[Pointer], boolean>('bool llama_model_is_diffusion(void *model)'),
    llama_model_chat_template: bind<[Pointer, string | null], string | null>(
      'const char *llama_model_chat_template(void *model, const char *name)',
    ),
    llama_model_meta_val_str: bind<[Pointer, string, Uint8Array, number], number>(
      'int32_t llama_model_meta_val_str(void *model, const char *key, _Out_ uint8_t *buf, size_t size)',
    ),
    llama_model_quantize: bind<[string, string, QuantizeParams], number>(
      'uint32_t llama_model_quantize(const char *fname_inp, const char *fname_out, const llama_model_quantize_params *params)',
    ),

    // vocabulary
    llama_vocab_n_tokens: bind<[Pointer], number>('int32_t llama_vocab_n_tokens(void *vocab)'),
    llama_vocab_is_eog: bind<[Pointer, number], boolean>('bool llama_vocab_is_eog(void *vocab, int32_t token)'),
    llama_vocab_get_attr: bind<[Pointer, number], number>('int32_t llama_vocab_get_attr(void *vocab, int32_t token)'),
    llama_vocab_bos: bind<[Pointer], number>('int32_t llama_vocab_bos(void *vocab)'),
    llama_vocab_eos: bind<[Pointer], number>('int32_t llama_vocab_eos(void *vocab)'),
    llama_vocab_get_add_bos: bind<[Pointer], boolean>('bool llama_vocab_get_add_bos(void *vocab)'),
    llama_vocab_get_add_eos: bind<[Pointer], boolean>('bool llama_vocab_get_add_eos(void *vocab)'),
    llama_tokenize: bind<[Pointer, Uint8Array, number, Int32Array, number, boolean, boolean], number>(
      'int32_t llama_tokenize(void *vocab, const uint8_t *text, int32_t text_len, _Out_ int32_t *tokens, int32_t n_tokens_max, bool add_special, bool parse_special)',
    ),
    llama_token_to_piece: bind<[Pointer, number, Uint8Array, number, number, boolean], number>(
      'int32_t llama_token_to_piece(void *vocab, int32_t token, _Out_ uint8_t *buf, int32_t length, int32_t lstrip, bool special)',
    ),
    llama_detokenize: bind<[Pointer, Int32Array, number, Uint8Array, number, boolean, boolean], number>(
      'int32_t llama_detokenize(void *vocab, const int32_t *tokens, int32_t n_tokens, _Out_ uint8_t *text, int32_t text_len_max, bool remove_special, bool unparse_special)',
    ),

    // contexts
    llama_init_from_model: bind<[Pointer, ContextParams], Pointer>(
      'void *llama_init_from_model(void *model, llama_context_params params)',
    ),
    llama_free: bind<[Pointer], void>('void llama_free(void *ctx)'),
    llama_n_ctx: bind<[Pointer], number>('uint32_t llama_n_ctx(void *ctx)'),
    llama_pooling_type: bind<[Pointer], number>('int32_t llama_pooling_type(void *ctx)'),
    llama_get_memory: bind<[Pointer], Pointer>('void *llama_get_memory(void *ctx)'),
    llama_batch_init: bind<[number, number, number], NativeBatch>(
      'llama_batch llama_batch_init(int32_t n_tokens, int32_t embd, int32_t n_seq_max)',
    ),
    llama_batch_free: bind<[NativeBatch], void>('void llama_batch_free(llama_batch batch)'),
    llama_decode: bind<[Pointer, NativeBatch], number>('int32_t llama_decode(void *ctx, llama_batch batch)'),
    llama_encode: bind<[Pointer, NativeBatch], number>('int32_t llama_encode(void *ctx, llama_batch batch)'),
    llama_get_logits_ith: bind<[Pointer, number], bigint>('void *llama_get_logits_ith(void *ctx, int32_t i)'),
    llama_get_embeddings_seq: bind<[Pointer, number], Pointer>(
      'void *llama_get_embeddings_seq(void *ctx, int32_t seq_id)',
    ),
    llama_memory_clear: bind<[Pointer, boolean], void>('void llama_memory_clear(void *mem, bool data)'),
    llama_memory_seq_rm: bind<[Pointer, number, number, number], boolean>(
      'bool llama_memory_seq_rm(void *mem, int32_t seq_id, int32_t p0, int32_t p1)',
    ),
    llama_memory_seq_cp: bind<[Pointer, number, number, number, number], void>(
      'void llama_memory_seq_cp(void *mem, int32_t seq_id_src, int32_t seq_id_dst, int32_t p0, int32_t p1)',
    ),
    llama_state_seq_get_size: bind<[Pointer, number], number>(
      'size_t llama_state_seq_get_size(void *ctx, int32_t seq_id)',
    ),
    llama_state_seq_get_data: bind<[Pointer, Uint8Array, number, number], number>(
      'size_t llama_state_seq_get_data(void *ctx, void *dst, size_t size, int32_t seq_id)',
    ),
    llama_state_seq_set_data: bind<[Pointer, Uint8Array, number, number], number>(
      'size_t llama_state_seq_set_data(void *ctx, void *src, size_t size, int32_t dest_seq_id)',
    ),
    llama_memory_seq_pos_max: bind<[Pointer, number], number>(
      'int32_t llama_memory_seq_pos_max(void *mem, int32_t seq_id)',
    ),

    // samplers
    llama_sampler_chain_init: bind<[{ no_perf: boolean }], bigint>(
      'void *llama_sampler_chain_init(llama_sampler_chain_params params)',
    ),
    llama_sampler_chain_add: bind<[Pointer, Pointer], void>('void llama_sampler_chain_add(void *chain, void *smpl)'),
    llama_sampler_free: bind<[Pointer], void>('void llama_sampler_free(void *smpl)'),
    llama_sampler_accept: bind<[Pointer, number], void>('void llama_sampler_accept(void *smpl, int32_t token)'),
    llama_sampler_sample: bind<[Pointer, Pointer, number], number>(
      'int32_t llama_sampler_sample(void *smpl, void *ctx, int32_t idx)',
    ),
    llama_sampler_init_greedy: bind<[], Pointer>('void *llama_sampler_init_greedy()'),
    llama_sampler_init_dist: bind<[number], Pointer>('void *llama_sampler_init_dist(uint32_t seed)'),
    llama_sampler_init_top_k: bind<[number], Pointer>('void *llama_sampler_init_top_k(int32_t k)'),
    llama_sampler_init_top_p: bind<[number, number], Pointer>(
      'void *llama_sampler_init_top_p(float p, size_t min_keep)',
    ),
    llama_sampler_init_min_p: bind<[number, number], Pointer>(
      'void *llama_sampler_init_min_p(float p, size_t min_keep)',
    ),
    llama_sampler_init_temp: bind<[number], Pointer>('void *llama_sampler_init_temp(float t)'),
    llama_sampler_init_penalties: bind<[number, number, number, number, number], Pointer>(
      'void *llama_sampler_init_penalties(int32_t n_vocab, int32_t last_n, float repeat, float freq, float present)',
    ),
    llama_sampler_init_logit_bias: bind<[number, number, readonly { token: number; bias: number }[]], Pointer>(
      'void *llama_sampler_init_logit_bias(int32_t n_vocab, int32_t n_logit_bias, const llama_logit_bias *logit_bias)',
    ),
  };
}

/** Runs a native function on a pool thread. */
export function onPoolThread<A extends readonly unknown[], R>(call: NativeFunction<A, R>, ...args: A): Promise<R> {
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, result: R): void => (error ? reject(error) : resolve(result));
    call.async(...([...args, done] as [...A, typeof done]));
  });
}
