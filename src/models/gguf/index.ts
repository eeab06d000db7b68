export { type ByteSource, bytesSource, openFileSource } from './byte-source.ts';
export { readGguf, readGgufFile } from './read.ts';
export { readModelFiles, splitNames } from './split.ts';
export { type GgufSummary, summarize } from './summary.ts';
export { type TensorType, tensorType } from './tensor-types.ts';
export type * from './types.ts';
export { tensorBytes, type WritableTensor, type WritableValue, writeGguf } from './write.ts';
