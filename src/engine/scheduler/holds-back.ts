import type { Answer } from './run.ts';

/** How long the first token of an answer may wait for its second one while others of a burst are read. */
const MOST_HOLD_MS = 3000;

/**
 * Answers that came together begin together: those that have their first token wait a little for the prompts of the
 * others, because many short steps cost more than few full ones. Who is in the middle of an answer is never held.
 */
export function holdsBack(active: readonly Answer[], now: number): boolean {
  const started = active.filter(({ sequence }) => sequence !== undefined);
  const generating = started.filter((answer) => answer.generating);
  if (generating.length === 0 || generating.length === started.length) return false;
  return generating.every(({ generated, firstTokenAt }) => generated === 1 && now - firstTokenAt! < MOST_HOLD_MS);
}
