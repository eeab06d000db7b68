import type { TensorType } from './tensor-types.ts';

export type GgufScalar = number | bigint | boolean | string;

/** An array of metadata. Long ones (a vocabulary) are checked but not kept: `values` is undefined then. */
export interface GgufArray {
  readonly elementType: GgufValueType;
  readonly length: number;
  readonly values: readonly GgufScalar[] | undefined;
}
export type GgufValue = GgufScalar | GgufArray;

export type GgufValueType =
  | 'u8'
  | 'i8'
  | 'u16'
  | 'i16'
  | 'u32'
  | 'i32'
  | 'f32'
  | 'bool'
  | 'string'
  | 'array'
  | 'u64'
  | 'i64'
  | 'f64';

export interface GgufTensor {
  readonly name: string;
  readonly type: TensorType;
  /** Elements of a row first. */
  readonly dimensions: readonly number[];
  readonly elements: number;
  readonly sizeBytes: number;
  /** From the start of the data section. */
  readonly offset: number;
}

/** All that a GGUF file says before its weights. */
export interface GgufHeader {
  readonly version: number;
  readonly metadata: ReadonlyMap<string, GgufValue>;
  readonly tensors: readonly GgufTensor[];
  readonly alignment: number;
  /** Where the weights start in the file. */
  readonly dataOffset: number;
  /** Where the last weight ends: a shorter file is cut. */
  readonly endOffset: number;
}
