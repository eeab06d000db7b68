import { IntramurosError } from '../../base/index.ts';
import type { UpstreamTimeouts } from '../types.ts';

type Phase = 'first_token' | 'between_tokens' | 'total';

const wanted: Readonly<Record<Phase, string>> = {
  first_token: 'began no answer',
  between_tokens: 'stopped in the middle of its answer',
  total: 'did not end its answer',
};

/**
 * Keeps the times of one attempt at an upstream. Only waiting for the upstream counts: a reader that is slow to take what
 * came does not run the clock, and keep-alive lines do not stop it.
 */
export class Watch implements Disposable {
  /** Aborted by the caller, or with `upstream_timeout`. */
  readonly signal: AbortSignal;
  readonly #own = new AbortController();
  readonly #timeouts: UpstreamTimeouts;
  readonly #title: string;
  readonly #total: NodeJS.Timeout;
  readonly #unfollow: (() => void) | undefined;
  #between: NodeJS.Timeout;
  #phase: Phase = 'first_token';
  #waiting = true;
  #expired = false;

  constructor(timeouts: UpstreamTimeouts, title: string, totalLeftMs: number, signal?: AbortSignal) {
    this.#timeouts = timeouts;
    this.#title = title;
    this.signal = this.#own.signal;
    this.#unfollow = signal && follow(signal, this.#own);
    this.#between = setTimeout(() => this.#silent(), timeouts.firstTokenMs);
    this.#total = setTimeout(() => this.#stop('total', timeouts.totalMs), totalLeftMs);
  }

  /** Waiting begins. */
  waits(): void {
    this.#waiting = true;
    if (this.#expired) this.#between.refresh();
    this.#expired = false;
  }

  /** Something came; `piece` when it was part of the answer. */
  came(piece: boolean): void {
    this.#waiting = false;
    if (!piece) return;
    if (this.#phase === 'between_tokens') this.#between.refresh();
    else {
      this.#phase = 'between_tokens';
      clearTimeout(this.#between);
      this.#between = setTimeout(() => this.#silent(), this.#timeouts.betweenTokensMs);
    }
  }

  /** From now on somebody else looks after silence. */
  onlyTotal(): void {
    clearTimeout(this.#between);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#between);
    clearTimeout(this.#total);
    this.#unfollow?.();
  }

  #silent(): void {
    if (!this.#waiting) this.#expired = true;
    else
      this.#stop(
        this.#phase,
        this.#phase === 'first_token' ? this.#timeouts.firstTokenMs : this.#timeouts.betweenTokensMs,
      );
  }

  #stop(phase: Phase, ms: number): void {
    this.#own.abort(
      new IntramurosError('upstream_timeout', `${this.#title} ${wanted[phase]} within ${ms / 1000} s.`, {
        facts: { reason: phase, ms },
      }),
    );
  }
}

/** One listener, taken away at the end: `AbortSignal.any` costs several times as much on every request. */
function follow(signal: AbortSignal, own: AbortController): (() => void) | undefined {
  if (signal.aborted) {
    own.abort(signal.reason);
    return undefined;
  }
  const stop = (): void => own.abort(signal.reason);
  signal.addEventListener('abort', stop);
  return () => signal.removeEventListener('abort', stop);
}
