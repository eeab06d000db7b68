export { addressKind, normalHost } from './addresses.ts';
export { type EgressOptions, inferencePurpose, openEgress } from './egress.ts';
export { toEgressFailure } from './failure.ts';
export { isLoopback } from './loopback.ts';
export type * from './types.ts';
