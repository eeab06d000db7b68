export * from './detect/index.ts';
export * from './mask/index.ts';
