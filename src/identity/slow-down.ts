import { type Clock, IntramurosError } from '../base/index.ts';

interface Tries {
  failed: number;
  /** No try before this instant. */
  notBeforeMs: number;
  lastMs: number;
}
interface Pace {
  readonly free: number;
  readonly mostMs: number;
}

/** A name waits a minute at most, so that nobody is locked out of their account by somebody else's failures. */
const byName: Pace = { free: 5, mostMs: 60_000 };
const byAddress: Pace = { free: 20, mostMs: 15 * 60_000 };
const forgetAfterMs = 30 * 60_000;
const mostKept = 10_000;

/**
 * Slows down whoever guesses passwords: after some failures each further one doubles the wait, by name and by address.
 * A try counts as failed from its beginning, so that a hundred at once are not a hundred free ones. Each process counts for
 * itself; a restart forgets.
 */
export class SlowDown {
  readonly #clock: Clock;
  readonly #names = new Map<string, Tries>();
  readonly #addresses = new Map<string, Tries>();
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * @returns what to call when the try succeeded.
   * @throws {IntramurosError} `sign_in_failed` with `facts.reason` `slow_down` and `facts.retryAfterSeconds`.
   */
  begin(name: string, address: string | undefined): () => void {
    const now = this.#clock.now();
    const asked: [Map<string, Tries>, string, Pace][] = [[this.#names, name, byName]];
    if (address !== undefined) asked.push([this.#addresses, address, byAddress]);
    const waitMs = Math.max(...asked.map(([kept, key]) => (kept.get(key)?.notBeforeMs ?? 0) - now));
    if (waitMs > 0) throw slowDown(Math.ceil(waitMs / 1000));
    for (const [kept, key, pace] of asked) this.#count(kept, key, pace, now);
    return () => {
      this.#names.delete(name);
      const tries = address === undefined ? undefined : this.#addresses.get(address);
      if (tries) {
        tries.failed -= 1;
        tries.notBeforeMs = now;
      }
    };
  }

  #count(kept: Map<string, Tries>, key: string, pace: Pace, now: number): void {
    const known = kept.get(key);
    const tries = known && now - known.lastMs < forgetAfterMs ? known : { failed: 0, notBeforeMs: 0, lastMs: now };
    tries.failed += 1;
    tries.lastMs = now;
    const over = tries.failed - pace.free;
    if (over >= 0) tries.notBeforeMs = now + Math.min(pace.mostMs, 1000 * 2 ** Math.min(over, 20));
    kept.delete(key); // the newest stand last, the oldest go first
    kept.set(key, tries);
    if (kept.size > mostKept) kept.delete(kept.keys().next().value ?? '');
  }
}

function slowDown(seconds: number): IntramurosError {
  return new IntramurosError('sign_in_failed', `Too many failed sign-ins. Try again in ${seconds} s.`, {
    facts: { reason: 'slow_down', retryAfterSeconds: seconds },
  });
}
