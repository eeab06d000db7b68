import { IntramurosError } from '../base/index.ts';
import type { By, Event } from './event.ts';
import type { Scope } from './scope.ts';
import type { StreamSource } from './stream-source.ts';
import type { Limit, Stream } from './types.ts';

interface Branch {
  readonly queue: Event[];
  bytes: number;
  /** Waits for an event, or for room in the others. */
  wake: (() => void) | undefined;
}

/**
 * Gives one stream to several readers. Whoever finds nothing queued pulls the source, but only while every other reader
 * has room: a stalled reader stalls the source instead of filling memory; one that leaves is forgotten. The last to leave
 * stops the source.
 */
export function share(
  source: Stream,
  by: By,
  n: number,
  limit: Limit = {},
  openStream: (source: StreamSource) => Stream,
): readonly Stream[] {
  if (!Number.isSafeInteger(n) || n < 1) throw new IntramurosError('internal', `share(${n}): wanted 1 or more.`);
  const shared = new Shared(source[Symbol.asyncIterator](), n, limit);
  return shared.branches.map((branch) => openStream({ by, start: (scope) => shared.read(branch, scope) }));
}

class Shared {
  readonly branches: readonly Branch[];
  readonly #open: Set<Branch>;
  readonly #iterator: AsyncIterator<Event>;
  readonly #limit: Required<Limit>;
  #pulling = false;
  #done = false;

  constructor(iterator: AsyncIterator<Event>, n: number, limit: Limit) {
    this.#iterator = iterator;
    this.#limit = { events: limit.events ?? 64, bytes: limit.bytes ?? 65_536, policy: limit.policy ?? 'wait' };
    this.branches = Array.from({ length: n }, () => ({ queue: [], bytes: 0, wake: undefined }));
    this.#open = new Set(this.branches);
  }

  async *read(branch: Branch, scope: Scope): AsyncGenerator<Event> {
    const unhook = scope.onStop(() => branch.wake?.());
    try {
      for (;;) {
        const event = branch.queue.shift();
        if (event) {
          branch.bytes -= sizeOf(event);
          this.#wakeAll(); // there is room again
          yield event;
          if (event.t === 'close') return;
        } else {
          if (this.#done || scope.stopped) return;
          await this.#more(branch);
        }
      }
    } finally {
      unhook();
      await this.#leave(branch);
    }
  }

  async #more(branch: Branch): Promise<void> {
    const full = [...this.#open].some((other) => this.#isFull(other));
    if (this.#pulling || full) {
      await new Promise<void>((resolve) => {
        branch.wake = resolve;
      });
      branch.wake = undefined;
      return;
    }
    this.#pulling = true;
    // Not awaited: this reader may be told to stop meanwhile. A stream reports failures as events, it does not throw.
    this.#iterator.next().then((next) => {
      this.#pulling = false;
      if (next.done) this.#done = true;
      else for (const other of this.#open) this.#push(other, next.value);
      this.#wakeAll();
    });
    await new Promise<void>((resolve) => {
      branch.wake = resolve;
    });
    branch.wake = undefined;
  }

  #isFull(branch: Branch): boolean {
    return branch.queue.length >= this.#limit.events || branch.bytes >= this.#limit.bytes;
  }

  #push(branch: Branch, event: Event): void {
    branch.bytes += sizeOf(event);
    const last = branch.queue.at(-1);
    const joined = this.#limit.policy === 'coalesce' && last ? join(last, event) : undefined;
    if (joined) branch.queue[branch.queue.length - 1] = joined;
    else branch.queue.push(event);
  }

  #wakeAll(): void {
    for (const branch of this.#open) branch.wake?.();
  }

  async #leave(branch: Branch): Promise<void> {
    this.#open.delete(branch);
    branch.queue.length = 0;
    this.#wakeAll();
    if (this.#open.size === 0) await this.#iterator.return?.();
  }
}

/** Two adjacent pieces of the same text as one, when nothing is lost by it. */
export function join(first: Event, second: Event): Event | undefined {
  if (first.t === 'text' && second.t === 'text') {
    const same = first.by === second.by && first.out === second.out && first.choice === second.choice;
    return same && !first.lp && !second.lp ? { ...first, s: first.s + second.s } : undefined;
  }
  if (first.t !== 'think' || second.t !== 'think' || first.by !== second.by || first.choice !== second.choice) return;
  return { ...first, s: first.s + second.s };
}

function sizeOf(event: Event): number {
  return event.t === 'text' || event.t === 'think' ? Buffer.byteLength(event.s) : 0;
}
