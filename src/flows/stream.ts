import { fromProblem, IntramurosError, toProblem } from '../base/index.ts';
import { publicLabel } from '../policy/index.ts';
import type { Event, Why } from './event.ts';
import { release } from './release.ts';
import { toResult } from './result.ts';
import { Scope } from './scope.ts';
import { share } from './share.ts';
import type { StreamSource } from './stream-source.ts';
import type { Limit, Result, Stream } from './types.ts';
import { noUsage, whyStopped } from './usage.ts';

/** Makes a stream that keeps the promises of `Stream` whatever its source does: throw, hang, end early, say too much. */
export function openStream(source: StreamSource): Stream {
  return new EventStream(source);
}

class EventStream implements Stream {
  readonly #source: StreamSource;
  #scope: Scope | undefined;
  #iterator: AsyncIterator<Event> | undefined;
  #taken = false;
  #opened = false;
  #ended = false;
  /** Events that the source has already said and the reader has not asked for. */
  readonly #held: Event[] = [];
  #stopReason: unknown;
  #watch: Watch | undefined;

  constructor(source: StreamSource) {
    this.#source = source;
  }

  [Symbol.asyncIterator](): AsyncIterator<Event> {
    if (this.#taken) throw new IntramurosError('internal', 'A stream has one reader. Use share() for more.');
    this.#taken = true;
    return { next: () => this.#next(), return: () => this.#leave() };
  }

  stop(reason: unknown = new IntramurosError('cancelled', 'This was stopped.')): void {
    this.#stopReason ??= reason;
    this.#scope?.stop(reason);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#leave();
  }

  async *answer(): AsyncGenerator<string> {
    for await (const event of this) {
      if (event.t === 'text' && event.out && event.choice === 0 && event.s !== '') yield event.s;
      if (event.t === 'close' && event.error) throw fromProblem(event.error);
    }
  }

  result(): Promise<Result> {
    return toResult(this);
  }

  share(n: number, limit?: Limit): readonly Stream[] {
    return share(this, this.#source.by, n, limit, openStream);
  }

  async #next(): Promise<IteratorResult<Event>> {
    const held = this.#held.shift();
    if (held) return { done: false, value: held };
    if (this.#ended) return { done: true, value: undefined };
    if (this.#stopReason !== undefined && this.#scope === undefined) return this.#close(this.#stopReason);
    this.#begin();
    try {
      const next = await this.#pull();
      if (next.done) return await this.#close(new IntramurosError('internal', 'The run ended without an end.'));
      return await this.#say(next.value);
    } catch (error) {
      return this.#close(error);
    }
  }

  #begin(): void {
    if (this.#scope !== undefined) return;
    const options = this.#source.options ?? {};
    this.#scope = this.#source.scope?.child(options) ?? Scope.open(options);
    if (this.#stopReason !== undefined) this.#scope.stop(this.#stopReason);
    this.#watch = new Watch(this.#scope);
  }

  /** One `next()` of the source; once the scope has stopped it is not waited for longer than the grace. */
  #pull(): Promise<IteratorResult<Event>> {
    const scope = this.#scope as Scope;
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      const unhook = scope.onStop((reason) => {
        timer = setTimeout(() => {
          scope.report({ scope: scope.name, what: 'stream', graceMs: scope.graceMs });
          reject(reason);
        }, scope.graceMs);
      });
      this.#watch?.waiting();
      const settle = (): void => {
        clearTimeout(timer);
        unhook();
        this.#watch?.arrived();
      };
      const fail = (error: unknown): void => {
        settle();
        reject(error);
      };
      try {
        this.#iterator ??= this.#source.start(scope)[Symbol.asyncIterator]();
        this.#iterator.next().then((result) => {
          settle();
          resolve(result);
        }, fail);
      } catch (error) {
        fail(error);
      }
    });
  }

  async #say(event: Event): Promise<IteratorResult<Event>> {
    if (event.t === 'open') {
      if (this.#opened) return this.#next();
      this.#opened = true;
      return { done: false, value: event };
    }
    if (event.t === 'text' || event.t === 'think') this.#watch?.spoke();
    if (event.t === 'close') await this.#end();
    if (this.#opened) return { done: false, value: event };
    this.#opened = true;
    this.#held.push(event);
    return { done: false, value: this.#openEvent() };
  }

  /** Ends the run with a `close` of our own, as the source gave none. */
  async #close(error: unknown): Promise<IteratorResult<Event>> {
    if (this.#ended) return { done: true, value: undefined };
    const stopped = this.#scope?.stopped ? this.#scope.reason : this.#stopReason;
    const why: Why = stopped === undefined ? 'failed' : whyStopped(stopped);
    const problem = why === 'failed' ? toProblem(error) : why === 'timeout' ? toProblem(stopped) : undefined;
    if (problem?.code === 'internal') this.#source.onFault?.(error);
    await this.#end();
    return this.#say({
      t: 'close',
      by: this.#source.by,
      why,
      use: noUsage,
      ...(problem && { error: problem }),
    });
  }

  async #leave(): Promise<IteratorResult<Event>> {
    this.#taken = true;
    this.#held.length = 0;
    this.stop(new IntramurosError('cancelled', 'The reader left.'));
    await this.#end();
    return { done: true, value: undefined };
  }

  async #end(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    this.#watch?.end();
    if (this.#scope === undefined) return;
    if (this.#iterator) await release(this.#iterator, this.#scope);
    await this.#scope.close();
  }

  #openEvent(): Event {
    return { t: 'open', by: this.#source.by, label: this.#scope?.label ?? publicLabel, at: Date.now() };
  }
}

/**
 * The two silences that a scope limits: before the first text, and between texts. Only time in which the reader waits
 * counts. One timer, set again when it fires early, instead of one an event.
 */
class Watch {
  readonly #scope: Scope;
  #limitMs: number | undefined;
  #since: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(scope: Scope) {
    this.#scope = scope;
    this.#limit(scope.firstMs);
  }

  waiting(): void {
    this.#since ??= performance.now();
  }
  arrived(): void {
    if (this.#limitMs === this.#scope.idleMs) this.#since = undefined;
  }
  /** The first text came: from now on silence is what counts. */
  spoke(): void {
    if (this.#limitMs !== this.#scope.idleMs || this.#timer === undefined) this.#limit(this.#scope.idleMs);
    this.#since = undefined;
  }
  end(): void {
    clearTimeout(this.#timer);
  }

  #limit(limitMs: number | undefined): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#limitMs = limitMs;
    if (limitMs !== undefined && Number.isFinite(limitMs)) this.#arm(limitMs);
  }

  #arm(ms: number): void {
    this.#timer = setTimeout(() => this.#check(), Math.min(ms, 2 ** 31 - 1));
  }

  #check(): void {
    const limitMs = this.#limitMs ?? 0;
    const waited = this.#since === undefined ? 0 : performance.now() - this.#since;
    if (waited < limitMs - 1) this.#arm(limitMs - waited);
    else this.#scope.stop(new IntramurosError('timeout', `Nothing came for ${Math.round(waited)} ms.`));
  }
}
