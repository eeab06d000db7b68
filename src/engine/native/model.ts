import { access, constants, open } from 'node:fs/promises';
import koffi from 'koffi';
import { IntramurosError } from '../../base/index.ts';
import { callbackType, onPoolThread } from './declarations.ts';
import type { Library } from './library.ts';
import { openVocabulary, type Vocabulary } from './vocabulary.ts';

/** A model file in memory. */
export interface NativeModel {
  readonly library: Library;
  readonly handle: bigint;
  readonly vocabulary: Vocabulary;
  readonly trainedContextTokens: number;
  readonly embeddingSize: number;
  /** Attention heads of all layers together. */
  readonly attentionHeads: number;
  readonly weightsBytes: number;
  readonly hasEncoder: boolean;
  readonly hasDecoder: boolean;
  /** True when the memory of a sequence can be cut anywhere; a recurrent state only exists as a whole. */
  readonly canTruncate: boolean;
  /** The model's own chat template, if its file has one. */
  readonly chatTemplate: string | undefined;
  /** Scalar metadata of the file, as text. */
  metadata(key: string): string | undefined;
  close(): void;
}

/** How a model file is opened. */
export interface OpenModelOptions {
  readonly file: string;
  /** Called with 0 to 1; the load stops when `signal` aborts. */
  readonly onProgress?: (progress: number) => void;
  readonly signal?: AbortSignal;
  /** Reads the metadata only and allocates nothing. */
  readonly dryRun?: boolean;
  /** Layers to put on accelerators; by default all that the libraries support. */
  readonly gpuLayers?: number;
}

/**
 * Loads a model file on a pool thread.
 * @throws {IntramurosError} `model_file_invalid` when it is no whole GGUF file, `model_load_failed` with the library's own cause otherwise.
 */
export async function openModel(library: Library, options: OpenModelOptions): Promise<NativeModel> {
  const { api, log } = library;
  options.signal?.throwIfAborted();
  await checkReadable(options.file);
  const progress = koffi.register((value: number) => {
    options.onProgress?.(value);
    return options.signal?.aborted !== true;
  }, callbackType.progress);
  const said = log.collect();
  try {
    const params = api.llama_model_default_params();
    params.progress_callback = progress;
    params.no_alloc = options.dryRun ?? false;
    if (options.gpuLayers !== undefined) params.n_gpu_layers = options.gpuLayers;
    // A dry run maps nothing: the file is only described.
    if (options.dryRun) params.load_mode = LOAD_MODE_NONE;
    const handle = await onPoolThread(api.llama_model_load_from_file, options.file, params);
    options.signal?.throwIfAborted();
    if (handle === null) throw loadFailure(options.file, said.lines);
    return describe(library, handle);
  } finally {
    said.stop();
    koffi.unregister(progress);
  }
}

const LOAD_MODE_NONE = 0;

function describe(library: Library, handle: bigint): NativeModel {
  const { api } = library;
  const vocabularyHandle = api.llama_model_get_vocab(handle);
  const buffer = new Uint8Array(64 * 1024);
  return {
    library,
    handle,
    vocabulary: openVocabulary(api, vocabularyHandle),
    trainedContextTokens: api.llama_model_n_ctx_train(handle),
    embeddingSize: api.llama_model_n_embd_out(handle),
    attentionHeads: api.llama_model_n_layer(handle) * api.llama_model_n_head(handle),
    weightsBytes: Number(api.llama_model_size(handle)),
    hasEncoder: api.llama_model_has_encoder(handle),
    hasDecoder: api.llama_model_has_decoder(handle),
    canTruncate: !api.llama_model_is_recurrent(handle) && !api.llama_model_is_hybrid(handle),
    chatTemplate: api.llama_model_chat_template(handle, null) ?? undefined,
    metadata(key) {
      const length = api.llama_model_meta_val_str(handle, key, buffer, buffer.length);
      return length < 0 ? undefined : Buffer.from(buffer.subarray(0, Math.min(length, buffer.length - 1))).toString();
    },
    close: () => api.llama_model_free(handle),
  };
}

async function checkReadable(file: string): Promise<void> {
  try {
    await access(file, constants.R_OK);
  } catch (error) {
    throw new IntramurosError('model_load_failed', `Cannot read the model file ${file}: ${(error as Error).message}.`, {
      cause: error,
    });
  }
  const handle = await open(file, 'r');
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(4), 0, 4, 0);
    if (bytesRead === 4 && buffer.toString('latin1') === 'GGUF') return;
    throw new IntramurosError('model_file_invalid', `${file} is no GGUF file. Pull the model again.`);
  } finally {
    await handle.close();
  }
}

/** The library's last complaint is the cause; what it says of a broken file decides the code. */
function loadFailure(file: string, lines: readonly string[]): IntramurosError {
  const complaints = lines.filter((line) => /error|fail|invalid|corrupt|missing|unknown|not within|unable/i.test(line));
  const cause = complaints
    .filter((line) => !/llama_load_model_from_file|llama_model_load_from_file_impl: failed/.test(line))
    .map((line) => line.replace(/^[\w:~ ]+: /, '').trim())
    .slice(0, 2)
    .join('; ');
  const damaged =
    /not within|corrupt|failed to read|invalid magic|truncated|incomplete|unexpectedly|tensor .* offset|gguf_init/i.test(
      complaints.join('\n'),
    );
  const words = cause || 'the library gave no cause';
  return damaged
    ? new IntramurosError(
        'model_file_invalid',
        `The model file ${file} is damaged or incomplete: ${words}. Remove the model and pull it again.`,
      )
    : new IntramurosError('model_load_failed', `The model file ${file} cannot be loaded: ${words}.`);
}
