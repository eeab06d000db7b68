export { type Machine, thisMachine } from './machine.ts';
export { type EngineOptions, openEngine } from './open-engine.ts';
