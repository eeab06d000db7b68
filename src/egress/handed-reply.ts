import type { Dispatcher } from 'undici';

/** Takes what comes, piece by piece, as it comes. */
export interface Taker {
  data(chunk: Buffer): void;
  end(): void;
  fail(error: unknown): void;
}

/** The body of a reply that is handed on: to one taker, or to one reader that pulls. Held until it is read or let go. */
export interface HandedBody extends AsyncIterable<Buffer> {
  /** Gives everything to `taker`, without holding the sender back. */
  take(taker: Taker): void;
  /** Told once how it ended: with the failure, or without one when it was whole or nobody wanted the rest. */
  whenOver(work: (error: unknown) => void): void;
  /** Lets the rest go, and with it the connection. */
  destroy(): void;
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;
type Controller = Dispatcher.DispatchController;

/** What the door does at each turn of a reply. */
export interface ReplyHooks {
  head(status: number, headers: Headers): void;
  /** No head came. */
  failed(error: unknown): void;
  /** `whole` when the connection can serve the next one. */
  over(whole: boolean): void;
}

/** A reader that is so far behind holds the sender back. */
const mostWaitingBytes = 256 * 1024;
const done = { done: true, value: undefined } as const;

/**
 * A reply straight from the connection, without a stream object between: for what is handed on byte for byte. Backpressure
 * holds for a reader that pulls; a taker takes as fast as it comes.
 */
export class HandedReply implements Dispatcher.DispatchHandler, HandedBody, AsyncIterator<Buffer> {
  readonly #hooks: ReplyHooks;
  #controller: Controller | undefined;
  #stop: { readonly reason: unknown } | undefined;
  #taker: Taker | undefined;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #wake: { resolve(next: IteratorResult<Buffer>): void; reject(error: unknown): void } | undefined;
  #watchers: ((error: unknown) => void)[] = [];
  #begun = false;
  #letGo = false;
  #end: { readonly error: unknown } | undefined;

  constructor(hooks: ReplyHooks) {
    this.#hooks = hooks;
  }

  // What undici tells.

  onRequestStart(controller: Controller): void {
    this.#controller = controller;
    if (this.#stop) controller.abort(this.#stop.reason as Error);
  }

  onResponseStart(_controller: Controller, status: number, headers: Headers): void {
    if (status < 200) return;
    this.#begun = true;
    this.#hooks.head(status, headers);
  }

  onResponseData(_controller: Controller, chunk: Buffer): void {
    if (this.#letGo) return;
    if (this.#taker) this.#taker.data(chunk);
    else if (this.#wake) this.#answer({ done: false, value: chunk });
    else {
      this.#waiting.push(chunk);
      this.#waitingBytes += chunk.length;
      if (this.#waitingBytes > mostWaitingBytes) this.#controller?.pause();
    }
  }

  onResponseEnd(): void {
    this.#finish(undefined, true);
  }

  onResponseError(_controller: Controller, error: Error): void {
    this.#finish(this.#stop ? this.#stop.reason : error, false);
  }

  // What the reader asks.

  take(taker: Taker): void {
    this.#taker = taker;
    for (const chunk of this.#waiting) taker.data(chunk);
    this.#waiting = [];
    this.#resume();
    if (this.#end) this.#tell(this.#end.error);
  }

  next(): Promise<IteratorResult<Buffer>> {
    const chunk = this.#waiting.shift();
    if (chunk) {
      this.#waitingBytes -= chunk.length;
      if (this.#waiting.length === 0) this.#resume();
      return Promise.resolve({ done: false, value: chunk });
    }
    if (this.#letGo) return Promise.resolve(done);
    if (this.#end) return this.#end.error === undefined ? Promise.resolve(done) : Promise.reject(this.#end.error);
    return new Promise((resolve, reject) => {
      this.#wake = { resolve, reject };
    });
  }

  return(): Promise<IteratorResult<Buffer>> {
    this.destroy();
    return Promise.resolve(done);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  whenOver(work: (error: unknown) => void): void {
    if (this.#end) work(this.#letGo ? undefined : this.#end.error);
    else this.#watchers.push(work);
  }

  destroy(): void {
    if (this.#letGo || this.#end) return;
    this.#letGo = true;
    this.#waiting = [];
    this.abort(new Error('Nobody wanted the rest.'));
    this.#answer(done);
  }

  /** Breaks it off: whoever reads gets `reason`. */
  abort(reason: unknown): void {
    if (this.#stop || this.#end) return;
    this.#stop = { reason };
    this.#controller?.abort(reason as Error);
  }

  #finish(error: unknown, whole: boolean): void {
    if (this.#end) return;
    this.#end = { error };
    this.#hooks.over(whole);
    if (!this.#begun) {
      this.#hooks.failed(error);
      return;
    }
    for (const work of this.#watchers) work(this.#letGo ? undefined : error);
    this.#tell(error);
  }

  #tell(error: unknown): void {
    if (this.#letGo) return;
    if (this.#taker) {
      if (error === undefined) this.#taker.end();
      else this.#taker.fail(error);
    } else if (error === undefined) this.#answer(done);
    else {
      this.#wake?.reject(error);
      this.#wake = undefined;
    }
  }

  #answer(next: IteratorResult<Buffer>): void {
    this.#wake?.resolve(next);
    this.#wake = undefined;
  }

  #resume(): void {
    this.#waitingBytes = 0;
    if (this.#controller?.paused) this.#controller.resume();
  }
}
