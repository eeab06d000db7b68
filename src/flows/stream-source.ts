import type { By, Event } from './event.ts';
import type { Scope, ScopeOptions } from './scope.ts';

/** What a stream is made of. `start` is called at the first `next()`; its signal and deadline are the scope's. */
export interface StreamSource {
  readonly by: By;
  readonly start: (scope: Scope) => AsyncIterable<Event>;
  /** Scope that owns the run; absent: one of its own. */
  readonly scope?: Scope | undefined;
  readonly options?: ScopeOptions;
  /** Told of a failure that is no IntramurosError, as its text must not reach the reader. */
  readonly onFault?: ((error: unknown) => void) | undefined;
}
