import type { SamplingOptions } from '../types.ts';

/** Chooses the next tokens of one answer. */
export interface Sampler {
  /** Chooses from the logits at `place` of the last call, and remembers the choice. */
  sample(place: number): number;
  /** Tells it of a token that stands in the text already. */
  accept(token: number): void;
  close(): void;
}

/** What the scheduler drives: a model with its KV cells. One call at a time. */
export interface Backend {
  /** KV cells that all sequences share. */
  readonly contextTokens: number;
  /** Most tokens of one sequence. */
  readonly requestTokens: number;
  /** Sequence ids, for answers in progress and for kept ones. */
  readonly sequences: number;
  /** Most tokens of one call, and most of them whose logits can be read. */
  readonly batchTokens: number;
  readonly outputs: number;
  /** Cells that kept sequences may hold beside those in progress: each costs every step a little. */
  readonly keptTokens: number;
  /** Host memory for the states of kept sequences that do not stay in cells; 0 for none. */
  readonly storeBytes: number;
  /** False when a sequence can only be kept or dropped as a whole (recurrent models). */
  readonly canTruncate: boolean;
  add(token: number, position: number, sequence: number, wantsOutput: boolean): number;
  /** Computes what was added; a `short` call may block this thread. 0: done; `ABORTED`: stopped on request; anything else is a failure of the library. */
  decode(short: boolean): number | Promise<number>;
  /** Makes the running call end soon with `ABORTED`. */
  abort(): void;
  /** Logits of a place of the last call, valid until the next. */
  logits(place: number): Float32Array;
  openSampler(options: SamplingOptions & { readonly ignoreEndOfText: boolean; readonly choice: number }): Sampler;
  share(from: number, to: number, length: number): void;
  truncate(sequence: number, start: number): boolean;
  /** Bytes of a sequence's state, and the state itself, written `into` memory of that size; false when it could not be. */
  stateBytes(sequence: number): number;
  save(sequence: number, into: Uint8Array): boolean;
  /** Makes a saved state the content of an empty sequence; false, and empty as before, when it could not be. */
  restore(sequence: number, from: Uint8Array): boolean;
  /** Text of a token in an answer, and its own spelling; a token may end in the middle of a character. */
  piece(token: number): Uint8Array;
  spelling(token: number): Uint8Array;
  isEnd(token: number): boolean;
}

/** Result of `decode` after `abort`. */
export const ABORTED = 2;
