export { type OpenIdentityOptions, openIdentity } from './identity.ts';
export * from './people-types.ts';
export type * from './quota-types.ts';
export { builtInRoles, matches } from './rights.ts';
export type * from './types.ts';
export * from './who.ts';
