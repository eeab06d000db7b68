export { addressKind, normalHost } from './addresses.ts';
export { type EgressOptions, inferencePurpose, openEgress } from './egress.ts';
export { toEgressFailure } from './failure.ts';
export { type Guard, installGuard } from './guard/index.ts';
export { nftablesRules, type RuleDestination, systemdRules } from './host-rules.ts';
export { type EgressHouse, type EgressLayer, openEgressHouse } from './layers.ts';
export { isLoopback } from './loopback.ts';
export { runCommand } from './run.ts';
export type * from './types.ts';
