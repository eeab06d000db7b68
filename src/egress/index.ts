export { openEgress } from './egress.ts';
export { toEgressFailure } from './failure.ts';
export { isLoopback } from './loopback.ts';
export type * from './types.ts';
