import type { Clock } from '../../base/index.ts';
import type { SourceProgress } from '../sources/source.ts';
import type { InstalledModel, PullEvent } from '../types.ts';

const progressEveryMs = 100;
const rateOverMs = 3000;

type ProgressEvent = Extract<PullEvent, { type: 'progress' }>;
type Outcome = { readonly model: InstalledModel } | { readonly error: unknown };

/** What the work of a pull tells. */
export interface PullReporter {
  looking(source: string): void;
  sourceFailed(source: string, reason: string): void;
  progress(source: string, progress: SourceProgress): void;
}

/**
 * One download that any number of callers follow. The work stops when the last of them leaves; a slow reader gets the
 * latest progress and every other event.
 */
export class PullJob {
  readonly #stop = new AbortController();
  readonly #clock: Clock;
  readonly #followers = new Set<Follower>();
  readonly #told: PullEvent[] = [];
  readonly #settled: Promise<void>;
  #outcome: Outcome | undefined;
  #lastProgress: ProgressEvent | undefined;
  #lastProgressMs = Number.NEGATIVE_INFINITY;
  readonly #rate: { readonly ms: number; readonly bytes: number }[] = [];

  constructor(clock: Clock, work: (signal: AbortSignal, reporter: PullReporter) => Promise<InstalledModel>) {
    this.#clock = clock;
    this.#settled = work(this.#stop.signal, {
      looking: (source) => this.#tell({ type: 'looking', source }),
      sourceFailed: (source, reason) => this.#tell({ type: 'source-failed', source, reason }),
      progress: (source, progress) => this.#progress(source, progress),
    })
      .then(
        (model) => {
          this.#outcome = { model };
        },
        (error: unknown) => {
          this.#outcome = { error };
        },
      )
      .then(() => this.#wakeAll());
  }

  /** False when the work has ended or is being stopped: a new caller needs a new job. */
  get isOpen(): boolean {
    return this.#outcome === undefined && !this.#stop.signal.aborted;
  }

  /** Resolves when the work has ended, whatever its outcome. */
  get settled(): Promise<void> {
    return this.#settled;
  }

  async *follow(signal: AbortSignal | undefined): AsyncGenerator<PullEvent, void, undefined> {
    const follower = new Follower([...this.#told, ...(this.#lastProgress ? [this.#lastProgress] : [])]);
    this.#followers.add(follower);
    const leave = (): void => follower.wake();
    signal?.addEventListener('abort', leave);
    try {
      for (;;) {
        signal?.throwIfAborted();
        const event = follower.next();
        if (event) yield event;
        else if (this.#outcome) break;
        else await follower.wait();
      }
      if ('error' in this.#outcome) throw this.#outcome.error;
      yield { type: 'done', model: this.#outcome.model };
    } finally {
      signal?.removeEventListener('abort', leave);
      this.#followers.delete(follower);
      if (this.#followers.size === 0 && this.#outcome === undefined) {
        this.#stop.abort(signal?.reason ?? new DOMException('Every reader of the pull left.', 'AbortError'));
        await this.#settled;
      }
    }
  }

  #progress(source: string, progress: SourceProgress): void {
    const nowMs = this.#clock.monotonic();
    const isNewPhase = this.#lastProgress?.phase !== progress.phase || this.#lastProgress.source !== source;
    if (isNewPhase) this.#rate.length = 0;
    if (!isNewPhase && nowMs - this.#lastProgressMs < progressEveryMs) return;
    this.#rate.push({ ms: nowMs, bytes: progress.completedBytes });
    while (this.#rate.length > 2 && nowMs - this.#rate[0]!.ms > rateOverMs) this.#rate.shift();
    const first = this.#rate[0]!;
    const bytesPerSecond = nowMs > first.ms ? ((progress.completedBytes - first.bytes) * 1000) / (nowMs - first.ms) : 0;
    this.#lastProgressMs = nowMs;
    this.#lastProgress = { type: 'progress', source, ...progress, bytesPerSecond: Math.max(0, bytesPerSecond) };
    for (const follower of this.#followers) follower.push(this.#lastProgress);
  }

  #tell(event: PullEvent): void {
    this.#told.push(event);
    for (const follower of this.#followers) follower.push(event);
  }

  #wakeAll(): void {
    for (const follower of this.#followers) follower.wake();
  }
}

class Follower {
  readonly #waiting: PullEvent[];
  #wake: (() => void) | undefined;

  constructor(told: PullEvent[]) {
    this.#waiting = told;
  }
  push(event: PullEvent): void {
    const last = this.#waiting.at(-1);
    if (event.type === 'progress' && last?.type === 'progress') this.#waiting.pop();
    this.#waiting.push(event);
    this.wake();
  }
  next(): PullEvent | undefined {
    return this.#waiting.shift();
  }
  wait(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
  wake(): void {
    this.#wake?.();
  }
}
