export type { LoggedEvent } from './log.ts';
export { openRuns, type RunReceipt, type RunRoom, type Runs, type RunsOptions } from './runs.ts';
