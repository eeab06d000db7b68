/**
 * Divides the prompt tokens of one step between the prompts that are being computed, oldest first in `remaining`. The
 * oldest gets at least half, so that it always comes forward; the rest goes to the shortest first, so that a short
 * question need not wait for a long document.
 */
export function divideBudget(remaining: readonly number[], budget: number): number[] {
  const given = remaining.map(() => 0);
  if (remaining.length === 0) return given;
  given[0] = Math.min(remaining[0]!, remaining.length === 1 ? budget : Math.ceil(budget / 2));
  let left = budget - given[0];
  const shortestFirst = remaining
    .map((_, index) => index)
    .sort((a, b) => remaining[a]! - given[a]! - remaining[b]! + given[b]!);
  for (const index of shortestFirst) {
    const more = Math.min(left, remaining[index]! - given[index]!);
    given[index]! += more;
    left -= more;
  }
  return given;
}
