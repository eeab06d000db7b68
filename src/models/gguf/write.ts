import type { FileHandle } from 'node:fs/promises';
import { align } from './read.ts';
import { valueTypes } from './read-metadata.ts';
import type { TensorType } from './tensor-types.ts';
import type { GgufValueType } from './types.ts';

/** A typed value of metadata to write. */
export type WritableValue =
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'u32' | 'i32' | 'f32'; readonly value: number }
  | { readonly type: 'u64'; readonly value: bigint }
  | { readonly type: 'strings'; readonly value: readonly string[] }
  | { readonly type: 'f32s' | 'i32s'; readonly value: readonly number[] };

export interface WritableTensor {
  readonly name: string;
  readonly type: TensorType;
  /** Elements of a row first. */
  readonly dimensions: readonly number[];
  /** Makes the bytes when their turn comes, so that one tensor at a time is in memory. */
  readonly data: () => Promise<Uint8Array> | Uint8Array;
}

const alignment = 32;

/** Writes a GGUF version 3 file, little endian, tensor by tensor. The caller makes it durable. */
export async function writeGguf(
  file: FileHandle,
  content: { readonly metadata: ReadonlyMap<string, WritableValue>; readonly tensors: readonly WritableTensor[] },
  options: { readonly signal?: AbortSignal | undefined; readonly onBytes?: (written: number) => void } = {},
): Promise<void> {
  const head = encodeHeader(content.metadata, content.tensors);
  await file.writeFile(head);
  let written = head.length;
  for (const tensor of content.tensors) {
    options.signal?.throwIfAborted();
    const data = await tensor.data();
    if (data.length !== tensorBytes(tensor)) {
      throw new RangeError(`tensor ${tensor.name} has ${data.length} bytes, its shape says ${tensorBytes(tensor)}`);
    }
    const padded = align(data.length, alignment);
    await file.writeFile(data);
    if (padded > data.length) await file.writeFile(new Uint8Array(padded - data.length));
    written += padded;
    options.onBytes?.(written);
  }
}

/** Bytes of a tensor by its shape and type. */
export function tensorBytes(tensor: Pick<WritableTensor, 'type' | 'dimensions'>): number {
  const elements = tensor.dimensions.reduce((product, size) => product * size, 1);
  return (elements / tensor.type.blockElements) * tensor.type.blockBytes;
}

function encodeHeader(metadata: ReadonlyMap<string, WritableValue>, tensors: readonly WritableTensor[]): Buffer {
  const out = new Encoder();
  out.raw(Buffer.from('GGUF')).u32(3).u64(BigInt(tensors.length)).u64(BigInt(metadata.size));
  for (const [key, value] of metadata) {
    out.text(key);
    encodeValue(out, value);
  }
  let offset = 0;
  for (const tensor of tensors) {
    out.text(tensor.name).u32(tensor.dimensions.length);
    for (const size of tensor.dimensions) out.u64(BigInt(size));
    out.u32(tensor.type.id).u64(BigInt(offset));
    offset += align(tensorBytes(tensor), alignment);
  }
  out.raw(Buffer.alloc(align(out.length, alignment) - out.length));
  return out.bytes();
}

function encodeValue(out: Encoder, { type, value }: WritableValue): void {
  switch (type) {
    case 'string':
      out.u32(typeNumber('string')).text(value);
      break;
    case 'bool':
      out.u32(typeNumber('bool')).raw(Buffer.from([value ? 1 : 0]));
      break;
    case 'u32':
      out.u32(typeNumber('u32')).u32(value);
      break;
    case 'i32':
      out.u32(typeNumber('i32')).i32(value);
      break;
    case 'f32':
      out.u32(typeNumber('f32')).f32(value);
      break;
    case 'u64':
      out.u32(typeNumber('u64')).u64(value);
      break;
    case 'strings':
      out.list(typeNumber('string'), value.length);
      for (const item of value) out.text(item);
      break;
    case 'f32s':
      out.list(typeNumber('f32'), value.length);
      for (const item of value) out.f32(item);
      break;
    case 'i32s':
      out.list(typeNumber('i32'), value.length);
      for (const item of value) out.i32(item);
      break;
  }
}

const typeNumber = (type: GgufValueType): number => valueTypes.indexOf(type);

class Encoder {
  readonly #pieces: Buffer[] = [];
  length = 0;

  raw(piece: Buffer): this {
    this.#pieces.push(piece);
    this.length += piece.length;
    return this;
  }
  u32(value: number): this {
    const piece = Buffer.allocUnsafe(4);
    piece.writeUInt32LE(value);
    return this.raw(piece);
  }
  i32(value: number): this {
    const piece = Buffer.allocUnsafe(4);
    piece.writeInt32LE(value);
    return this.raw(piece);
  }
  f32(value: number): this {
    const piece = Buffer.allocUnsafe(4);
    piece.writeFloatLE(value);
    return this.raw(piece);
  }
  u64(value: bigint): this {
    const piece = Buffer.allocUnsafe(8);
    piece.writeBigUInt64LE(value);
    return this.raw(piece);
  }
  text(value: string): this {
    const piece = Buffer.from(value, 'utf8');
    return this.u64(BigInt(piece.length)).raw(piece);
  }
  list(elementType: number, length: number): this {
    return this.u32(typeNumber('array')).u32(elementType).u64(BigInt(length));
  }
  bytes(): Buffer {
    return Buffer.concat(this.#pieces);
  }
}
