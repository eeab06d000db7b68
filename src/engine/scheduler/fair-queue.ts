/** What waits: whose it is. */
export interface Waiting {
  readonly fairKey: string;
}

/**
 * A queue that is fair between keys: next is the first of the key that has the least in progress, and among those the
 * one that was served longest ago. Within a key, first come is first served.
 */
export class FairQueue<T extends Waiting> {
  readonly #lines = new Map<string, T[]>();
  readonly #running = new Map<string, number>();
  readonly #served = new Map<string, number>();
  #clock = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(item: T): void {
    this.#line(item).push(item);
    this.#length += 1;
  }

  /** Puts an item that was interrupted back to the head of its key's line. */
  unshift(item: T): void {
    this.#line(item).unshift(item);
    this.#length += 1;
  }

  remove(item: T): boolean {
    const line = this.#lines.get(item.fairKey);
    const at = line?.indexOf(item) ?? -1;
    if (line === undefined || at < 0) return false;
    line.splice(at, 1);
    if (line.length === 0) this.#lines.delete(item.fairKey);
    this.#length -= 1;
    return true;
  }

  /** The item that `shift` would take. */
  peek(): T | undefined {
    const key = nextKey(this.#lines.keys(), this.#running, this.#served);
    return key === undefined ? undefined : this.#lines.get(key)?.[0];
  }

  /** Takes the next item and counts it as in progress until `done`. */
  shift(): T | undefined {
    const item = this.peek();
    if (item === undefined) return undefined;
    this.remove(item);
    this.#running.set(item.fairKey, (this.#running.get(item.fairKey) ?? 0) + 1);
    this.#served.set(item.fairKey, ++this.#clock);
    return item;
  }

  /** Ends the progress of an item that `shift` gave. */
  done(item: T): void {
    const running = (this.#running.get(item.fairKey) ?? 1) - 1;
    if (running > 0) this.#running.set(item.fairKey, running);
    else this.#running.delete(item.fairKey);
    if (running <= 0 && !this.#lines.has(item.fairKey)) this.#served.delete(item.fairKey);
  }

  /** Everything that waits, in the order in which it would be served if nothing else came or ended. */
  order(): T[] {
    const running = new Map(this.#running);
    const served = new Map(this.#served);
    const rest = new Map(Array.from(this.#lines, ([key, line]) => [key, [...line]]));
    const order: T[] = [];
    for (let clock = this.#clock + 1; rest.size > 0; clock += 1) {
      const key = nextKey(rest.keys(), running, served)!;
      const line = rest.get(key)!;
      order.push(line.shift()!);
      if (line.length === 0) rest.delete(key);
      running.set(key, (running.get(key) ?? 0) + 1);
      served.set(key, clock);
    }
    return order;
  }

  #line(item: T): T[] {
    let line = this.#lines.get(item.fairKey);
    if (line === undefined) {
      line = [];
      this.#lines.set(item.fairKey, line);
    }
    return line;
  }
}

type Counts = ReadonlyMap<string, number>;

function nextKey(keys: Iterable<string>, running: Counts, served: Counts): string | undefined {
  let best: string | undefined;
  for (const key of keys) {
    if (best === undefined || isBefore(key, best, running, served)) best = key;
  }
  return best;
}

function isBefore(a: string, b: string, running: Counts, served: Counts): boolean {
  const more = (running.get(a) ?? 0) - (running.get(b) ?? 0);
  return more < 0 || (more === 0 && (served.get(a) ?? 0) < (served.get(b) ?? 0));
}
