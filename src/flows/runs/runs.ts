import { type Clock, IntramurosError, type Logger, newId, systemClock } from '../../base/index.ts';
import { heightOf, type Label, publicLabel } from '../../policy/index.ts';
import type { Answers, StepTime, Turn } from '../answer/index.ts';
import type { Event, Usage, Why } from '../event.ts';
import { Scope } from '../scope.ts';
import { EventLog, type LoggedEvent } from './log.ts';

/** What is known of a run: its receipt. */
export interface RunReceipt {
  readonly id: string;
  readonly state: 'running' | 'closed';
  readonly conversationId: string | undefined;
  readonly messageId: string | undefined;
  readonly startedAt: string;
  readonly closedAt: string | undefined;
  /** How many events it has said. */
  readonly events: number;
  readonly why: Why | undefined;
  readonly usage: Usage | undefined;
  readonly steps: readonly StepTime[];
}

/** Runs that go on by themselves, seen by whose they are: there is no way to one without saying for whom. */
export interface RunRoom extends AsyncDisposable {
  /** @param ceiling runs above it are not found either, as for conversations. */
  of(personId: string, ceiling?: Label): Runs;
  /** Stops all runs and waits until their answers are saved. */
  close(): Promise<void>;
}

/** The runs of one person: their readers may leave and come back. Another's are not found, as if they were gone. */
export interface Runs {
  /** Starts a run and gives its id; its events are read by `attach`. */
  start(turn: Turn): string;
  /** @throws {IntramurosError} `run_not_found`. */
  get(id: string): RunReceipt;
  /** Events from an offset (0-based), then live to the end. Leaving the loop leaves the run alone. */
  attach(id: string, from?: number, options?: { readonly signal?: AbortSignal }): AsyncIterable<LoggedEvent>;
  /** Stops the work of a run; its readers get what is left and the `close`. A closed run stays closed. */
  stop(id: string): void;
  /** Runs that are writing into a conversation now. */
  active(conversationId: string): readonly { readonly runId: string; readonly messageId: string }[];
  /** Stops the runs of a conversation and waits until their answers are saved: before it is deleted. */
  stopAll(conversationId: string): Promise<void>;
}

export interface RunsOptions {
  readonly answers: Answers;
  readonly log: Logger;
  /** How long a run goes on without a reader. Infinity: to its end. */
  readonly graceMs: number;
  /** How long a closed run can be read again; default 5 minutes. */
  readonly keepMs?: number;
  readonly clock?: Clock;
}

/** Opens the registry of running answers. */
export function openRuns(options: RunsOptions): RunRoom {
  const root = Scope.open({ name: 'runs' });
  const runs = new Map<string, DetachedRun>();
  const get = (ownerId: string, ceiling: Label | undefined, id: string): DetachedRun => {
    const run = runs.get(id);
    if (run?.ownerId === ownerId && run.isUpTo(ceiling)) return run;
    throw new IntramurosError(
      'run_not_found',
      `There is no run "${id}" any more. Runs are kept for some minutes after their end; the conversation has the answer.`,
      { facts: { run: id } },
    );
  };
  const close = async (): Promise<void> => {
    for (const run of runs.values()) run.stop(new IntramurosError('cancelled', 'Intramuros is stopping.'));
    await Promise.all([...runs.values()].map((run) => run.ended));
    for (const run of runs.values()) run.forget();
    runs.clear();
    await root.close();
  };
  const of = (ownerId: string, ceiling?: Label): Runs => {
    const mine = (): readonly DetachedRun[] => [...runs.values()].filter((run) => run.ownerId === ownerId);
    return {
      start(turn) {
        const id = newId('run');
        const run = new DetachedRun({ ...options, id, turn, ownerId, root, onForget: () => runs.delete(id) });
        runs.set(id, run);
        return id;
      },
      get: (id) => get(ownerId, ceiling, id).receipt(),
      attach: (id, from = 0, { signal } = {}) => get(ownerId, ceiling, id).read(from, signal),
      stop: (id) => get(ownerId, ceiling, id).stop(),
      active: (conversationId) =>
        mine()
          .map((run) => run.receipt())
          .filter((receipt) => receipt.state === 'running' && receipt.conversationId === conversationId)
          .flatMap(({ id, messageId }) => (messageId === undefined ? [] : [{ runId: id, messageId }])),
      async stopAll(conversationId) {
        const writing = mine().filter((run) => run.receipt().conversationId === conversationId);
        for (const run of writing) run.stop();
        await Promise.all(writing.map((run) => run.ended));
      },
    };
  };
  return { of, close, [Symbol.asyncDispose]: close };
}

interface DetachedRunOptions extends RunsOptions {
  readonly id: string;
  readonly turn: Turn;
  readonly ownerId: string;
  readonly root: Scope;
  readonly onForget: () => void;
}

class DetachedRun {
  readonly ownerId: string;
  readonly ended: Promise<void>;
  readonly #options: DetachedRunOptions;
  readonly #clock: Clock;
  readonly #scope: Scope;
  readonly #log = new EventLog();
  readonly #steps: StepTime[] = [];
  readonly #waiting = new Set<() => void>();
  readonly #startedAt: number;
  #stored: { readonly conversationId: string; readonly messageId: string } | undefined;
  #close: { readonly why: Why; readonly use: Usage; readonly at: number } | undefined;
  #label: Label = publicLabel;
  #readers = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: DetachedRunOptions) {
    this.#options = options;
    this.ownerId = options.ownerId;
    this.#clock = options.clock ?? systemClock;
    this.#startedAt = this.#clock.now();
    this.#scope = options.root.child({ name: options.id });
    this.#armGrace();
    this.ended = this.#drain();
  }

  isUpTo(ceiling: Label | undefined): boolean {
    return ceiling === undefined || heightOf(this.#label.level) <= heightOf(ceiling.level);
  }

  receipt(): RunReceipt {
    return {
      id: this.#options.id,
      state: this.#close ? 'closed' : 'running',
      conversationId: this.#stored?.conversationId,
      messageId: this.#stored?.messageId,
      startedAt: new Date(this.#startedAt).toISOString(),
      closedAt: this.#close && new Date(this.#close.at).toISOString(),
      events: this.#log.count,
      why: this.#close?.why,
      usage: this.#close?.use,
      steps: [...this.#steps],
    };
  }

  stop(reason: unknown = new IntramurosError('cancelled', 'The run was stopped.')): void {
    this.#scope.stop(reason);
  }

  forget(): void {
    clearTimeout(this.#timer);
    this.#options.onForget();
  }

  async *read(from: number, signal?: AbortSignal): AsyncGenerator<LoggedEvent> {
    if (!Number.isSafeInteger(from) || from < 0) {
      throw new IntramurosError('invalid_request', `"from" is a whole number from 0 on, not ${from}.`);
    }
    this.#readers += 1;
    if (!this.#close) clearTimeout(this.#timer);
    try {
      for (let offset = from; ; ) {
        signal?.throwIfAborted();
        const logged = this.#log.read(offset);
        if (logged) {
          offset = logged.offset + 1;
          yield logged;
        } else if (this.#close) return;
        else await this.#wait(signal);
      }
    } finally {
      this.#readers -= 1;
      if (this.#readers === 0 && !this.#close) this.#armGrace();
    }
  }

  async #drain(): Promise<void> {
    const { answers, turn, id, log } = this.#options;
    const stream = answers.answer(turn, this.#scope, { runId: id, onStep: (step) => this.#steps.push(step) });
    try {
      for await (const event of stream) this.#append(event);
    } catch (error) {
      log.error({ err: error, run: id }, 'a run broke'); // a stream reports failures as events: this one is ours
    } finally {
      await this.#scope.close();
    }
  }

  #append(event: Event): void {
    if (event.t === 'open') this.#label = event.label;
    if (event.t === 'note' && event.kind === 'stored') this.#stored = event.data;
    if (event.t === 'close') {
      this.#close = { why: event.why, use: event.use, at: this.#clock.now() };
      this.#arm(this.#options.keepMs ?? 300_000, () => this.#options.onForget());
    }
    this.#log.append(event);
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  #wait(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake);
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal?.addEventListener('abort', wake, { once: true });
    });
  }

  #armGrace(): void {
    if (!Number.isFinite(this.#options.graceMs)) return;
    this.#arm(this.#options.graceMs, () => this.stop(new IntramurosError('cancelled', 'Nobody reads this run.')));
  }

  #arm(ms: number, then: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(then, Math.min(ms, 2 ** 31 - 1)).unref();
  }
}
