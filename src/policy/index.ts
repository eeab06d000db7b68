export type { CaseFailure, CaseResults } from './cases.ts';
export type { PolicyProblem } from './cedar/compile.ts';
export { type PolicyFile, readFolder, shippedFiles, shippedSchema, versionOf } from './cedar/files.ts';
export type { Decider } from './decider.ts';
export { type DecisionFilter, listDecisions, type PastDecision } from './decisions.ts';
export { type GateTotals, isFailedClosed, type OpenedGate, type OpenGateOptions, openGate } from './gate.ts';
export { assertLabelled, joinLabelled, labelled, mapLabelled, raisingSources } from './labelled.ts';
export {
  compareLabels,
  formatLabel,
  heightOf,
  internalLabel,
  isWithin,
  join,
  joinAll,
  joinLabels,
  lowerCeiling,
  parseLabel,
  publicLabel,
  toLabel,
} from './labels.ts';
export {
  checkFiles,
  filesOf,
  type OpenPolicyOptions,
  openCandidate,
  openPolicy,
  type PolicyCheck,
  type PolicyHouse,
  type PolicyState,
} from './open-policy.ts';
export * from './proposals/index.ts';
export { type ChangedDecision, type Replay, replay } from './replay.ts';
export * from './types.ts';
