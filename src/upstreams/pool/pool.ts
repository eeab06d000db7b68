import { type Clock, IntramurosError } from '../../base/index.ts';
import type { ReplicaHealth } from '../types.ts';
import { rendezvous } from './rendezvous.ts';

/** Failures in a row after which a replica rests. */
const failuresToRest = 3;
const leastRestMs = 2_000;
const mostRestMs = 30_000;
/** A replica may carry this much more than its even share and still be the one a conversation returns to. */
const affinityBound = 1.25;
/** Weight of the last measurement. */
const smoothing = 0.3;

/** One server of a pool. */
export interface Replica {
  readonly url: string;
}

interface State extends Replica {
  active: number;
  failures: number;
  restMs: number;
  restUntil: number;
  /** One request at a time finds out whether a resting replica is back. */
  probing: boolean;
  firstTokenMs: number | undefined;
  checkedAt: number | undefined;
  words: string;
  last: 'well' | 'ill' | 'unknown';
}

/** A request that a replica is working on. Ends once; later calls change nothing. */
export interface Lease {
  readonly replica: Replica;
  /** `measured`: the first token came after so many milliseconds. */
  ended(how: 'well' | 'ill' | 'neutral', words?: string): void;
  measured(firstTokenMs: number): void;
}

/**
 * The replicas of one upstream: which one gets the next request, and which rest after failures. A conversation returns to
 * the replica that has its prefix in its cache as long as that one carries at most 1.25 times its even share, else to the
 * next in the conversation's own order; requests without a conversation go to the least loaded.
 */
export class Pool {
  readonly #clock: Clock;
  #states: State[] = [];
  #turn = 0;

  constructor(clock: Clock, urls: readonly string[]) {
    this.#clock = clock;
    this.setUrls(urls);
  }

  /** Takes another list; replicas that stay keep what is known of them. */
  setUrls(urls: readonly string[]): void {
    this.#states = urls.map((url) => this.#states.find((state) => state.url === url) ?? fresh(url));
  }

  /**
   * Takes a replica for one request, never one of `tried`.
   * @throws {IntramurosError} `upstream_unavailable` when all others rest, with `facts.retryAfterSeconds`.
   */
  take(options: { readonly affinity?: string | undefined; readonly tried?: ReadonlySet<Replica> } = {}): Lease {
    const now = this.#clock.monotonic();
    const open = this.#states.filter((state) => !options.tried?.has(state));
    const able = open.filter(({ restUntil }) => restUntil === 0);
    const back = open.find(({ restUntil, probing }) => restUntil !== 0 && restUntil <= now && !probing);
    const chosen = back ?? (able.length > 0 ? this.#choose(able, options.affinity) : undefined);
    if (chosen === undefined) throw this.#none(now);
    return this.#lease(chosen, back !== undefined);
  }

  /** Replicas that were not tried and could be asked now. */
  hasAnother(tried: ReadonlySet<Replica>): boolean {
    const now = this.#clock.monotonic();
    return this.#states.some((state) => !tried.has(state) && state.restUntil <= now);
  }

  /** What an active check found. */
  note(url: string, well: boolean, words: string): void {
    const state = this.#states.find((each) => each.url === url);
    if (state) this.#settle(state, well ? 'well' : 'ill', words);
  }

  health(): readonly ReplicaHealth[] {
    const now = this.#clock.monotonic();
    return this.#states.map((state) => ({
      url: state.url,
      state: state.restUntil > now || state.last === 'ill' ? 'ill' : state.last,
      words: state.words,
      activeRequests: state.active,
      firstTokenMs: state.firstTokenMs === undefined ? null : Math.round(state.firstTokenMs),
      checkedAt: state.checkedAt === undefined ? null : new Date(state.checkedAt).toISOString(),
    }));
  }

  #choose(able: readonly State[], affinity: string | undefined): State {
    if (able.length === 1) return able[0] as State;
    const load = able.reduce((sum, { active }) => sum + active, 0);
    if (affinity !== undefined) {
      const bound = Math.ceil(((load + 1) / able.length) * affinityBound);
      const inOrder = rendezvous(affinity, able);
      return inOrder.find(({ active }) => active < bound) ?? (inOrder[0] as State);
    }
    this.#turn += 1;
    let least = able[this.#turn % able.length] as State;
    for (let at = 1; at < able.length; at += 1) {
      const other = able[(this.#turn + at) % able.length] as State;
      if (other.active < least.active) least = other;
    }
    return least;
  }

  #lease(state: State, probe: boolean): Lease {
    let over = false;
    state.active += 1;
    if (probe) state.probing = true;
    return {
      replica: state,
      measured: (ms) => {
        const before = state.firstTokenMs;
        state.firstTokenMs = before === undefined ? ms : before + (ms - before) * smoothing;
      },
      ended: (how, words = '') => {
        if (over) return;
        over = true;
        state.active -= 1;
        if (probe) state.probing = false;
        if (how !== 'neutral') this.#settle(state, how, words);
      },
    };
  }

  #settle(state: State, how: 'well' | 'ill', words: string): void {
    state.checkedAt = this.#clock.now();
    state.last = how;
    state.words = words;
    if (how === 'well') {
      state.failures = 0;
      state.restMs = 0;
      state.restUntil = 0;
      return;
    }
    state.failures += 1;
    if (state.failures < failuresToRest) return;
    state.restMs = Math.min(Math.max(state.restMs * 2, leastRestMs), mostRestMs);
    state.restUntil = this.#clock.monotonic() + state.restMs;
  }

  #none(now: number): IntramurosError {
    const soonest = Math.min(...this.#states.map(({ restUntil }) => restUntil));
    const seconds = Math.max(1, Math.ceil((soonest - now) / 1000));
    const ill = this.#states.find(({ last }) => last === 'ill');
    const why = ill?.words ? ` The last failure: ${ill.words}` : '';
    return new IntramurosError(
      'upstream_unavailable',
      `No replica of the upstream answers; it is asked again in ${seconds} s.${why}`,
      { facts: { reason: 'resting', retryAfterSeconds: seconds } },
    );
  }
}

function fresh(url: string): State {
  return {
    url,
    active: 0,
    failures: 0,
    restMs: 0,
    restUntil: 0,
    probing: false,
    firstTokenMs: undefined,
    checkedAt: undefined,
    words: '',
    last: 'unknown',
  };
}
