export * from './answer/index.ts';
export type * from './event.ts';
export { ResultBuilder, toResult } from './result.ts';
export * from './runs/index.ts';
export { graceMs, type Overrun, Scope, type ScopeOptions } from './scope.ts';
export { openStream } from './stream.ts';
export type { StreamSource } from './stream-source.ts';
export type * from './types.ts';
export { noUsage, whyStopped } from './usage.ts';
