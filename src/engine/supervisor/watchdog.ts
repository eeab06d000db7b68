/** How many looks make up the time after which a silent process counts as hung. */
const looks = 10;
/** A process that lives, but whose one step does not end, is given up after that many times as long. */
const stepPatience = 10;

export interface WatchdogOptions {
  /** How long a process may be silent while it has work; 0 or Infinity never ends one. */
  readonly timeoutMs: number;
  /** Whether the process has work. */
  readonly isBusy: () => boolean;
  /** Called once, with the reason in words. */
  readonly onHung: (cause: string) => void;
}

/**
 * Notices a process that hangs: one that is stopped or whose loop is stuck says nothing any more; one whose library is stuck
 * still says that it lives, but finishes no step. It counts its own looks, not the clock: a gateway that was itself held up for
 * a while looks once when it goes on, and does not take the silence for the process's.
 */
export class Watchdog {
  readonly #options: WatchdogOptions;
  readonly #timer: NodeJS.Timeout | undefined;
  #silent = 0;
  #still = 0;
  #steps = -1;

  constructor(options: WatchdogOptions) {
    this.#options = options;
    const { timeoutMs } = options;
    if (timeoutMs <= 0 || !Number.isFinite(timeoutMs)) return;
    this.#timer = setInterval(() => this.#look(), Math.max(1, timeoutMs / looks)).unref();
  }

  /** A message came. @param steps how many steps the process has finished, where it says only that it lives. */
  heard(steps?: number): void {
    this.#silent = 0;
    if (steps === undefined || steps !== this.#steps) this.#still = 0;
    if (steps !== undefined) this.#steps = steps;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    if (!this.#options.isBusy()) {
      this.#silent = 0;
      this.#still = 0;
      return;
    }
    this.#silent += 1;
    this.#still += 1;
    const seconds = this.#options.timeoutMs / 1000;
    if (this.#silent > looks) this.#end(`it gave no sign of life for ${seconds} s`);
    else if (this.#still > looks * stepPatience) this.#end(`it finished no step for ${seconds * stepPatience} s`);
  }

  #end(cause: string): void {
    this.stop();
    this.#options.onHung(`${cause} (engineTimeout)`);
  }
}
