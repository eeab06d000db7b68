/** Repeatable random numbers for tests: the same seed, the same run. */
export interface Random {
  /** A whole number from 0 to `below` − 1. */
  below(below: number): number;
  chance(share: number): boolean;
  pick<T>(of: readonly T[]): T;
  some<T>(of: readonly T[], share?: number): T[];
}

/** Mulberry32: 32 bits of state, good enough to choose test cases, for nothing else. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return {
    below,
    chance: (share) => next() < share,
    pick: (of) => of[below(of.length)] as (typeof of)[number],
    some: (of, share = 0.3) => of.filter(() => next() < share),
  };
}
