/** A value that tells its listeners when it changed; what `useSyncExternalStore` reads. */
export class Observable<T> {
  #value: T;
  readonly #listeners = new Set<() => void>();
  #held = false;
  #changed = false;
  constructor(value: T) {
    this.#value = value;
  }
  get = (): T => this.#value;
  set = (value: T): void => {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    this.#changed = true;
    if (!this.#held) this.#tell();
  };
  /** Many changes, told once. */
  batch = (work: () => void): void => {
    this.#held = true;
    try {
      work();
    } finally {
      this.#held = false;
      if (this.#changed) this.#tell();
    }
  };
  #tell(): void {
    this.#changed = false;
    for (const listener of [...this.#listeners]) listener();
  }
  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
}

/** Runs at most one callback a frame; in a hidden tab, where frames stop, a few times a second. */
export function frameScheduler(): (work: () => void) => void {
  return (work) => {
    if (typeof document !== 'undefined' && !document.hidden) requestAnimationFrame(work);
    else setTimeout(work, 200);
  };
}
