export type * from './detect/types.ts';
export * from './mask/index.ts';
