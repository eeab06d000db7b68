export type { EngineOptions } from './engine-options.ts';
export { type Machine, thisMachine } from './machine.ts';
export { openEngine } from './open-engine.ts';
