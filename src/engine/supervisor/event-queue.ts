import type { EngineEvent } from '../types.ts';

type Delta = Extract<EngineEvent, { type: 'delta' }>;

/**
 * Events of one request between its process and its reader. A reader that stalls makes deltas of one choice and kind grow
 * together, so that what waits is never more than the answer itself, in a handful of objects.
 */
export class EventQueue {
  #events: EngineEvent[] = [];
  #end: { readonly error: unknown } | 'done' | undefined;
  #wake: (() => void) | undefined;

  push(event: EngineEvent): void {
    if (this.#end) return;
    if (event.type !== 'delta' || !this.#merge(event)) this.#events.push(event);
    if (event.type === 'done') this.#end = 'done';
    this.#wake?.();
  }

  /** Ends the stream with an error, after what is already here. */
  fail(error: unknown): void {
    if (this.#end) return;
    this.#end = { error };
    this.#wake?.();
  }

  /** Events that wait for the reader. */
  get length(): number {
    return this.#events.length;
  }

  /** All events until `done`; throws what `fail` was given, or the signal's reason at once. */
  async *read(signal: AbortSignal): AsyncGenerator<EngineEvent, void, undefined> {
    const wake = (): void => this.#wake?.();
    signal.addEventListener('abort', wake, { once: true });
    try {
      while (true) {
        signal.throwIfAborted();
        const event = this.#events.shift();
        if (event) yield event;
        else if (this.#end === 'done') return;
        else if (this.#end) throw this.#end.error;
        else
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
      }
    } finally {
      signal.removeEventListener('abort', wake);
    }
  }

  /** Adds a delta to the last waiting event of its choice, when that is a delta of its kind. */
  #merge(delta: Delta): boolean {
    const at = this.#events.findLastIndex((event) => 'choice' in event && event.choice === delta.choice);
    const last = this.#events[at];
    if (last?.type !== 'delta' || last.kind !== delta.kind) return false;
    const logprobs = last.logprobs ?? [];
    for (const token of delta.logprobs ?? []) (logprobs as (typeof token)[]).push(token);
    this.#events[at] = {
      ...last,
      text: last.text + delta.text,
      tokens: last.tokens + delta.tokens,
      ...((last.logprobs || delta.logprobs) && { logprobs }),
    };
    return true;
  }
}
