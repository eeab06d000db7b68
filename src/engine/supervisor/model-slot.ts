import { type Clock, IntramurosError } from '../../base/index.ts';
import type { InstalledModel } from '../../models/index.ts';
import type { ProcessState } from '../process/protocol.ts';
import type { LoadedModel, LoadPhase } from '../types.ts';
import type { Machine } from './machine.ts';
import type { ModelProcess } from './model-process.ts';

const noState: ProcessState = {
  contextUsedTokens: 0,
  activeRequests: 0,
  queuedRequests: 0,
  counters: {
    requests: 0,
    promptTokens: 0,
    cachedPromptTokens: 0,
    computedPromptTokens: 0,
    generatedTokens: 0,
    decodeCalls: 0,
    cancelled: 0,
  },
};

/** What the engine knows of one model: its process, how far its load is, who uses it, when it may go. */
export class ModelSlot {
  readonly id: string;
  model: InstalledModel;
  state: LoadedModel['state'] = 'loading';
  phase: LoadPhase | undefined;
  progress = 0;
  process: ModelProcess | undefined;
  processState = noState;
  error: IntramurosError | undefined;
  predictedBytes = 0;
  contextTokens = 0;
  file = '';
  tuned = false;
  pinned = false;
  /** Requests that hold the model: waiting for its load, queued or answered. */
  holders = 0;
  /** Requests before its load, while that waits for memory of models in use. */
  ahead: number | undefined;
  /** The load that this model has to make place for: it takes no new requests until that went on. */
  waysFor: ModelSlot | undefined;
  /** Requests that wait because it makes place. */
  parked = 0;
  lastUsedAt: number;
  expiresAt: number | undefined;
  /** Loads that failed and crashes, since the model last answered. */
  failures = 0;
  retryAt = 0;
  #changed = Promise.withResolvers<void>();

  constructor(model: InstalledModel, clock: Clock) {
    this.id = model.id;
    this.model = model;
    this.lastUsedAt = clock.now();
  }

  /** True when unloading it takes nothing from anyone. */
  get isIdle(): boolean {
    return this.state === 'ready' && this.holders === 0 && (this.process?.openRequests ?? 0) === 0;
  }

  tellAhead(ahead: number | undefined): void {
    if (this.ahead === ahead) return;
    this.ahead = ahead;
    this.update({});
  }

  makesWayFor(slot: ModelSlot | undefined): void {
    if (this.waysFor === slot) return;
    this.waysFor = slot;
    this.update({});
  }

  /** Notes a change of state and wakes all who wait for it. */
  update(change: Partial<Pick<ModelSlot, 'state' | 'phase' | 'progress' | 'error'>>): void {
    Object.assign(this, change);
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }

  /** Waits for the next change, or throws the signal's reason. */
  async changed(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { promise: aborted, resolve } = Promise.withResolvers<void>();
    const abort = (): void => resolve();
    signal.addEventListener('abort', abort, { once: true });
    try {
      await Promise.race([this.#changed.promise, aborted]);
    } finally {
      signal.removeEventListener('abort', abort);
    }
    signal.throwIfAborted();
  }

  /**
   * Remembers a failure and when to try again. The first is forgiven at once (after a crash the next request starts the
   * model again); each further one without an answer between doubles the wait, from one second to a minute.
   */
  noteFailure(error: IntramurosError, nowMs: number): void {
    this.failures += 1;
    this.retryAt = this.failures < 2 ? nowMs : nowMs + Math.min(60_000, 1000 * 2 ** (this.failures - 2));
    this.process = undefined;
    this.processState = noState;
    this.update({ state: 'failed', error, progress: 0 });
  }

  view(machine: Machine): LoadedModel {
    const open = (this.process?.openRequests ?? 0) > 0;
    const pid = this.process?.pid;
    return {
      id: this.id,
      state: this.state,
      ...(this.phase && this.state === 'loading' && { phase: this.phase }),
      progress: this.progress,
      ...(this.state === 'failed' && this.error && { failure: this.error.message }),
      pid,
      residentBytes: pid === undefined ? 0 : (machine.residentBytes(pid) ?? this.predictedBytes),
      predictedBytes: this.predictedBytes,
      contextTokens: this.contextTokens,
      contextUsedTokens: this.processState.contextUsedTokens,
      // The process reports with each step; when the last request was cancelled there is no further step.
      activeRequests: open ? this.processState.activeRequests : 0,
      queuedRequests:
        (open ? this.processState.queuedRequests : 0) + this.parked + (this.ahead === undefined ? 0 : this.holders),
      pinned: this.pinned,
      expiresAt: this.expiresAt,
      file: this.file,
      tuned: this.tuned,
      counters: this.processState.counters,
    };
  }
}

/** Refuses to start a model again that failed a moment ago. */
export function throwIfTooSoon(slot: ModelSlot, nowMs: number): void {
  if (slot.state !== 'failed' || nowMs >= slot.retryAt || !slot.error) return;
  const seconds = Math.ceil((slot.retryAt - nowMs) / 1000);
  throw new IntramurosError(
    slot.error.code === 'engine_crashed' ? 'engine_unavailable' : slot.error.code,
    `${slot.error.message} It failed ${slot.failures} times in a row; the next try is possible in ${seconds} s.`,
    { cause: slot.error, facts: { ...slot.error.facts, retryAfterSeconds: seconds } },
  );
}
