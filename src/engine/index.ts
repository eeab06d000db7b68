export { type EngineProbe, probeEngine } from './probe.ts';
export { StopMatcher } from './scheduler/stop-matcher.ts';
export { type EngineOptions, openEngine, thisMachine } from './supervisor/index.ts';
export { type OptimizeEvent, type OptimizeOptions, optimizeModel } from './tuned/index.ts';
export type * from './types.ts';
