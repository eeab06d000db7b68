import type { Problem } from '../base/index.ts';
import type { Event, Note, Usage, Why } from './event.ts';

/** What an answer came to, read from its own stream. */
export interface Result {
  readonly run: string;
  /** Text of the first choice. */
  readonly text: string;
  /** Text of every choice. */
  readonly choices: readonly { readonly text: string; readonly thinking: string; readonly why: Why | undefined }[];
  readonly thinking: string;
  readonly why: Why;
  readonly use: Usage;
  readonly notes: readonly Note[];
  readonly error: Problem | undefined;
}

/** Most that one reader of a shared stream may lag behind. */
export interface Limit {
  readonly events?: number;
  readonly bytes?: number;
  /** `wait`: the slowest reader slows the source. `coalesce`: adjacent text is joined first, so that only bytes count. */
  readonly policy?: 'wait' | 'coalesce';
}

/**
 * A run of events, pulled by its one reader: nothing starts before the first `next()`, leaving the loop stops all work.
 * Begins with exactly one `open`, ends with exactly one `close`, also after a failure, which is never thrown.
 */
export interface Stream extends AsyncIterable<Event>, AsyncDisposable {
  /** Text of the first choice, as it comes. @throws {IntramurosError} what the run failed with. */
  answer(): AsyncIterable<string>;
  /** Reads all; tells a failure in `error`. */
  result(): Promise<Result>;
  /** Hands the stream to `n` readers. None may lag further behind than the limit: the slowest slows the source. */
  share(n: number, limit?: Limit): readonly Stream[];
  /** Stops the work; the reader still gets what is left, and the `close`. */
  stop(reason?: unknown): void;
}
