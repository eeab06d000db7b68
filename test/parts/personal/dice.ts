import { type Random, seededRandom } from '../random.ts';

/** Random numbers of a seed, with what values are made of. */
export interface Dice extends Random {
  /** A whole number, both ends among them. */
  whole(from: number, to: number): number;
  digits(count: number): string;
  letters(count: number): string;
  base64(count: number): string;
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

export function openDice(seed: number): Dice {
  const random = seededRandom(seed);
  const many = (count: number, below: number, from = 0): string =>
    Array.from({ length: count }, () => alphabet[from + random.below(below)]).join('');
  return {
    ...random,
    whole: (from, to) => from + random.below(to - from + 1),
    digits: (count) => many(count, 10, 52),
    letters: (count) => many(count, 26),
    base64: (count) => many(count, 62),
  };
}
