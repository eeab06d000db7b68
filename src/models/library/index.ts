export { type ModelLibraryOptions, openModelLibrary } from './library.ts';
