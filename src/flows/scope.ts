import { IntramurosError } from '../base/index.ts';
import { type Label, publicLabel } from '../policy/index.ts';

/** How long something that was told to stop may take before it is reported and left behind. */
export const graceMs = 250;

/** Something that did not stop when told. */
export interface Overrun {
  readonly scope: string;
  readonly what: string;
  readonly graceMs: number;
}

export interface ScopeOptions {
  readonly name?: string;
  /** An outside signal that stops the scope; its listener is removed when the scope ends. */
  readonly signal?: AbortSignal | undefined;
  /** Time from now after which all work in the scope is stopped; never later than the parent's. */
  readonly deadlineMs?: number | undefined;
  /** Longest wait for the first text or thinking. */
  readonly firstMs?: number | undefined;
  /** Longest silence after that. */
  readonly idleMs?: number | undefined;
  readonly label?: Label;
  readonly graceMs?: number;
  /** Told of what did not stop in time. */
  readonly report?: ((overrun: Overrun) => void) | undefined;
}

/**
 * Owner of running work: a signal, an absolute deadline and a label that everything inside shares. A scope ends only when
 * all that it owns has ended or has been reported.
 *
 * Stopping walks our own tree of scopes. `AbortSignal.any` on a long-lived root would keep every short-lived child.
 */
export class Scope implements AsyncDisposable {
  readonly name: string;
  readonly label: Label;
  /** Absolute, on the clock of `performance.now()`; Infinity when there is none. */
  readonly deadline: number;
  readonly firstMs: number | undefined;
  readonly idleMs: number | undefined;
  readonly graceMs: number;
  readonly report: (overrun: Overrun) => void;
  readonly #controller = new AbortController();
  readonly #parent: Scope | undefined;
  readonly #children = new Set<Scope>();
  readonly #tasks = new Map<Promise<unknown>, string>();
  readonly #hooks = new Set<(reason: unknown) => void>();
  #timer: NodeJS.Timeout | undefined;
  #releaseSignal: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  private constructor(options: ScopeOptions, parent?: Scope) {
    this.#parent = parent;
    this.name = options.name ?? parent?.name ?? 'scope';
    this.label = options.label ?? parent?.label ?? publicLabel;
    this.graceMs = options.graceMs ?? parent?.graceMs ?? graceMs;
    this.report = options.report ?? parent?.report ?? (() => {});
    this.firstMs = options.firstMs ?? parent?.firstMs;
    this.idleMs = options.idleMs ?? parent?.idleMs;
    const own = performance.now() + (options.deadlineMs ?? Number.POSITIVE_INFINITY);
    this.deadline = Math.min(own, parent?.deadline ?? Number.POSITIVE_INFINITY);
    if (parent) parent.#children.add(this);
    if (this.deadline < (parent?.deadline ?? Number.POSITIVE_INFINITY)) this.#armDeadline();
    if (options.signal) this.#follow(options.signal);
    if (parent?.stopped) this.stop(parent.reason);
  }

  static open(options: ScopeOptions = {}): Scope {
    return new Scope(options);
  }

  /** A scope inside this one: stopped with it, and awaited by it. */
  child(options: ScopeOptions = {}): Scope {
    return new Scope(options, this);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }
  get stopped(): boolean {
    return this.#controller.signal.aborted;
  }
  get reason(): unknown {
    return this.#controller.signal.reason;
  }
  /** Scopes and tasks that have not ended. */
  get live(): number {
    return this.#children.size + this.#tasks.size;
  }

  /** Tells all work inside to stop. Does not wait; closing does. */
  stop(reason: unknown = new IntramurosError('cancelled', 'This was stopped.')): void {
    if (this.stopped) return;
    this.#disarm();
    this.#controller.abort(reason);
    for (const hook of [...this.#hooks]) hook(reason);
    for (const child of [...this.#children]) child.stop(reason);
  }

  /** Calls `hook` when the scope is stopped (at once when it is); gives the way to take the hook back. */
  onStop(hook: (reason: unknown) => void): () => void {
    if (this.stopped) hook(this.reason);
    else this.#hooks.add(hook);
    return () => this.#hooks.delete(hook);
  }

  /** Starts a task that this scope owns. Its failure belongs to whoever awaits it, and to nobody else. */
  spawn<T>(name: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const task = this.stopped ? Promise.reject<T>(this.reason) : (async () => work(this.signal))();
    this.#tasks.set(task, name);
    task.then(
      () => this.#tasks.delete(task),
      () => this.#tasks.delete(task),
    );
    return task;
  }

  /** Stops what still runs and waits for it, at most the grace. Closing twice is harmless. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#disarm();
    if (this.live > 0) {
      this.stop();
      const tasks = [...this.#tasks].map(([task, what]) => this.#awaitTask(task, what));
      await Promise.all([...tasks, ...[...this.#children].map((child) => child.close())]);
    }
    this.#hooks.clear();
    if (this.#parent) this.#parent.#children.delete(this);
  }

  async #awaitTask(task: Promise<unknown>, what: string): Promise<void> {
    if (await settlesWithin(task, this.graceMs)) return;
    this.#tasks.delete(task);
    this.report({ scope: this.name, what, graceMs: this.graceMs });
  }

  #armDeadline(): void {
    const left = this.deadline - performance.now();
    // A timer may fire a little early, and cannot be longer than 2^31 - 1 ms: in both cases it is set again.
    const fire = (): void => {
      if (performance.now() < this.deadline - 1) this.#armDeadline();
      else this.stop(new IntramurosError('timeout', 'This took longer than it was allowed to.'));
    };
    this.#timer = setTimeout(fire, Math.min(Math.max(0, left), 2 ** 31 - 1));
  }

  #follow(signal: AbortSignal): void {
    if (signal.aborted) {
      this.stop(signal.reason);
      return;
    }
    const listen = (): void => this.stop(signal.reason);
    signal.addEventListener('abort', listen, { once: true });
    this.#releaseSignal = () => signal.removeEventListener('abort', listen);
  }

  #disarm(): void {
    clearTimeout(this.#timer);
    this.#releaseSignal?.();
    this.#releaseSignal = undefined;
  }
}

/** True when the promise settles (either way) within the time. The promise keeps an owner either way. */
export function settlesWithin(promise: Promise<unknown>, ms: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), ms);
    const settled = (): void => {
      clearTimeout(timer);
      resolve(true);
    };
    promise.then(settled, settled);
  });
}
