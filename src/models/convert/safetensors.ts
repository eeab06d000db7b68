import { type FileHandle, open } from 'node:fs/promises';
import { basename } from 'node:path';
import { z } from 'zod';
import { IntramurosError } from '../../base/index.ts';

const headerLimitBytes = 32 * 1024 * 1024;

const entrySchema = z.object({
  dtype: z.string(),
  shape: z.array(z.int().nonnegative()),
  data_offsets: z.tuple([z.int().nonnegative(), z.int().nonnegative()]),
});

export interface SafeTensor {
  readonly name: string;
  readonly dtype: string;
  /** Rows first, as PyTorch has it: the reverse of GGUF. */
  readonly shape: readonly number[];
  readonly startByte: number;
  readonly endByte: number;
}

/** A safetensors file: named arrays behind a JSON header. */
export class SafeTensors implements AsyncDisposable {
  readonly #file: FileHandle;
  readonly tensors: ReadonlyMap<string, SafeTensor>;

  private constructor(file: FileHandle, tensors: ReadonlyMap<string, SafeTensor>) {
    this.#file = file;
    this.tensors = tensors;
  }

  /** @throws {IntramurosError} `model_file_invalid` when the header does not describe this file. */
  static async open(path: string): Promise<SafeTensors> {
    const file = await open(path, 'r');
    try {
      return new SafeTensors(file, await readHeader(file, basename(path)));
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** One F32 tensor, whole. */
  async float32(name: string): Promise<Float32Array> {
    const tensor = this.tensors.get(name);
    if (tensor?.dtype !== 'F32') {
      throw invalid('model.safetensors', `"${name}" in F32 was wanted, ${tensor ? tensor.dtype : 'nothing'} found`);
    }
    const bytes = new Uint8Array(tensor.endByte - tensor.startByte);
    const { bytesRead } = await this.#file.read(bytes, 0, bytes.length, tensor.startByte);
    if (bytesRead !== bytes.length) throw invalid('model.safetensors', `"${name}" was cut`);
    return new Float32Array(bytes.buffer);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#file.close();
  }
}

async function readHeader(file: FileHandle, name: string): Promise<ReadonlyMap<string, SafeTensor>> {
  const { size } = await file.stat();
  const lengthBytes = Buffer.alloc(8);
  await file.read(lengthBytes, 0, 8, 0);
  const length = Number(lengthBytes.readBigUInt64LE());
  if (length > headerLimitBytes || 8 + length > size) throw invalid(name, `a header of ${length} bytes was claimed`);
  const text = Buffer.alloc(length);
  await file.read(text, 0, length, 8);
  let entries: Record<string, unknown>;
  try {
    entries = z.record(z.string(), z.unknown()).parse(JSON.parse(text.toString('utf8')));
  } catch (cause) {
    throw invalid(name, 'its header is no JSON object', cause);
  }
  const tensors = new Map<string, SafeTensor>();
  for (const [key, value] of Object.entries(entries)) {
    if (key !== '__metadata__') tensors.set(key, toTensor(key, value, { dataStart: 8 + length, size, file: name }));
  }
  return tensors;
}

function toTensor(
  name: string,
  value: unknown,
  at: { readonly dataStart: number; readonly size: number; readonly file: string },
): SafeTensor {
  const entry = entrySchema.safeParse(value);
  if (!entry.success) throw invalid(at.file, `the entry "${name}" is not understood`);
  const { dtype, shape, data_offsets } = entry.data;
  const [from, to] = data_offsets;
  const elements = shape.reduce((product, item) => product * item, 1);
  const sizeFits = dtype !== 'F32' || to - from === elements * 4;
  if (to < from || at.dataStart + to > at.size || !sizeFits) throw invalid(at.file, `"${name}" lies outside the file`);
  return { name, dtype, shape, startByte: at.dataStart + from, endByte: at.dataStart + to };
}

function invalid(file: string, words: string, cause?: unknown): IntramurosError {
  return new IntramurosError('model_file_invalid', `${file} is not a usable safetensors file: ${words}.`, { cause });
}
