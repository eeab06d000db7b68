export * from './people-types.ts';
export type * from './quota-types.ts';
export type * from './types.ts';
export * from './who.ts';
