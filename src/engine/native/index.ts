export { type NativeContext, type OpenContextOptions, openContext } from './context.ts';
export { findLibraryDirectory, type Library, openLibrary } from './library.ts';
export { type LogitBias, likeliest } from './likeliest.ts';
export type { BufferSizes } from './memory.ts';
export { type NativeModel, type OpenModelOptions, openModel } from './model.ts';
export { predictMemory } from './predict-memory.ts';
export { type FileFormat, fileFormats, type QuantizeOptions, type QuantizeResult, quantizeModel } from './quantize.ts';
export { greedyBiases, modelSampling, type NativeSampler, openSampler, samplingDefaults } from './sampler.ts';
export type { TokenTraits, Vocabulary } from './vocabulary.ts';
