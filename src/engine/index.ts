export { type EngineProbe, probeEngine } from './probe.ts';
export { type EngineOptions, openEngine } from './supervisor/index.ts';
export type * from './types.ts';
