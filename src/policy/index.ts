export * from './label.ts';
export * from './types.ts';
