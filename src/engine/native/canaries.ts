import { type Api, ggmlType } from './declarations.ts';

/** What the one release of llama.cpp that `declarations.ts` describes (v0.5.0) calls itself as the packages build it. */
export const expectedVersion = '0.5.0-dev';

const NO_POINTER = null;

/**
 * Compares the library's own default parameters with those of the release that was declared. Structures are passed by
 * value, so one that changed shape would be a silent memory fault: here it reads as a wrong value instead.
 * Covers the model, context, quantisation and chain parameters; does not cover structures that have no defaults (the batch).
 * @returns what differs, in words, or undefined when all is as declared.
 */
export function checkCanaries(api: Api): string | undefined {
  const differences: string[] = [];
  const compare = (name: string, found: object, wanted: Readonly<Record<string, unknown>>): void => {
    for (const [field, value] of Object.entries(wanted)) {
      const actual = (found as Record<string, unknown>)[field];
      if (actual !== value) differences.push(`${name}.${field} is ${String(actual)}, not ${String(value)}`);
    }
  };
  compare('model parameters', api.llama_model_default_params(), modelDefaults);
  compare('context parameters', api.llama_context_default_params(), contextDefaults);
  compare('quantisation parameters', api.llama_model_quantize_default_params(), quantizeDefaults);
  compare('chain parameters', api.llama_sampler_chain_default_params(), { no_perf: true });
  return differences.length === 0 ? undefined : differences.slice(0, 3).join('; ');
}

const modelDefaults = {
  devices: NO_POINTER,
  n_gpu_layers: -1,
  split_mode: 1,
  load_mode: -1,
  lazy_mode: 1,
  main_gpu: 0,
  tensor_split: NO_POINTER,
  progress_callback: NO_POINTER,
  kv_overrides: NO_POINTER,
  vocab_only: false,
  use_extra_bufts: true,
  no_host: false,
  no_alloc: false,
};

const contextDefaults = {
  n_ctx: 512,
  n_batch: 2048,
  n_ubatch: 512,
  n_seq_max: 1,
  n_outputs_max: 0,
  rope_scaling_type: -1,
  pooling_type: -1,
  attention_type: -1,
  flash_attn_type: -1,
  yarn_ext_factor: -1,
  type_k: ggmlType.f16,
  type_v: ggmlType.f16,
  abort_callback: NO_POINTER,
  embeddings: false,
  offload_kqv: true,
  no_perf: true,
  op_offload: true,
  swa_full: true,
  kv_unified: false,
  samplers: NO_POINTER,
  n_samplers: 0,
  ctx_other: NO_POINTER,
};

const quantizeDefaults = {
  ftype: 7,
  output_tensor_type: ggmlType.count,
  token_embedding_type: ggmlType.count,
  allow_requantize: false,
  quantize_output_tensor: true,
  only_copy: false,
  pure: false,
  keep_split: false,
  dry_run: false,
  imatrix: NO_POINTER,
  max_buf_size: 8 * 2 ** 30,
};
