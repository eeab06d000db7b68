export { contextExceeded } from './admissible.ts';
export { ABORTED, type Backend, type Sampler } from './backend.ts';
export { FairQueue } from './fair-queue.ts';
export type { SchedulerSink } from './reporter.ts';
export type { SchedulerRequest } from './run.ts';
export { Scheduler, type SchedulerOptions } from './scheduler.ts';
