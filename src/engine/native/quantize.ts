import { IntramurosError } from '../../base/index.ts';
import { ggmlType, onPoolThread } from './declarations.ts';
import { openLibrary } from './library.ts';

/** `enum llama_ftype`: formats that a model can be written in here. */
export const fileFormats = {
  f16: 1,
  q4_0: 2,
  q4_1: 3,
  q8_0: 7,
  q5_k_m: 17,
  q4_k_m: 15,
  q6_k: 18,
  iq4_nl: 25,
  bf16: 32,
} as const;
export type FileFormat = keyof typeof fileFormats;

export interface QuantizeOptions {
  readonly file: string;
  readonly target: string;
  readonly format: FileFormat;
  readonly threads?: number;
  /** Also from a file that is already quantised (its loss stays in it). */
  readonly requantize?: boolean;
  /** One format for every tensor, instead of the mix that the format's name stands for. */
  readonly pure?: boolean;
  /** Computes the size and writes nothing. */
  readonly dryRun?: boolean;
}

export interface QuantizeResult {
  /** Of the tensors, as the library reports them. */
  readonly originalBytes: number;
  readonly quantizedBytes: number;
}

/**
 * Writes a model file in another format. Heavy in time and memory: run it in a child process.
 * @throws {IntramurosError} `model_unusable` with the library's own words.
 */
export async function quantizeModel(options: QuantizeOptions): Promise<QuantizeResult> {
  const { api, log } = openLibrary();
  const params = {
    ...api.llama_model_quantize_default_params(),
    ftype: fileFormats[options.format],
    nthread: options.threads ?? 0,
    allow_requantize: options.requantize ?? false,
    pure: options.pure ?? false,
    dry_run: options.dryRun ?? false,
    output_tensor_type: ggmlType.count,
    token_embedding_type: ggmlType.count,
  };
  const said = log.collect();
  let status: number;
  try {
    status = await onPoolThread(api.llama_model_quantize, options.file, options.target, params);
  } finally {
    said.stop();
  }
  if (status !== 0) {
    const words =
      said.lines
        .filter((line) => /fail|error|not/i.test(line))
        .at(-1)
        ?.trim() ?? 'no cause was given';
    throw new IntramurosError('model_unusable', `${options.file} cannot be written as ${options.format}: ${words}.`);
  }
  const size = (pattern: RegExp): number =>
    Math.round(Number(pattern.exec(said.lines.join('\n'))?.[1] ?? 0) * 1024 * 1024);
  return {
    originalBytes: size(/model size += +([\d.]+) MiB/),
    quantizedBytes: size(/quant size += +([\d.]+) MiB/),
  };
}
