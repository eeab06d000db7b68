export {
  catalogue,
  type Fit,
  type FitVerdict,
  findInCatalogue,
  fitOf,
  type Machine,
  neededBytes,
  recommend,
} from './catalogue/index.ts';
export {
  type GgufHeader,
  type GgufSummary,
  readGgufFile,
  readModelFiles,
  summarize,
} from './gguf/index.ts';
export { type ModelLibraryOptions, openModelLibrary } from './library/index.ts';
export type * from './types.ts';
