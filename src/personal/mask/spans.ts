import type { Hint } from './vault.ts';
import type { MaskedKind } from './words.ts';

/** A piece of a text that gets a placeholder. */
export interface Span extends Hint {
  readonly kind: MaskedKind;
  readonly start: number;
  readonly end: number;
  readonly score: number;
}

/** One row of pieces out of several that overlap: what any of them covers is covered, by the surest kind. */
export function mergeSpans(spans: readonly Span[]): readonly Span[] {
  const merged: Span[] = [];
  for (const span of spans.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    const last = merged.at(-1);
    if (last && span.start < last.end) merged[merged.length - 1] = union(last, span);
    else merged.push(span);
  }
  return merged;
}

function union(a: Span, b: Span): Span {
  const better = weightOf(b) > weightOf(a) ? b : a;
  return { ...better, start: Math.min(a.start, b.start), end: Math.max(a.end, b.end) };
}

/** What only looks like a placeholder gives way to what was found. */
const weightOf = ({ kind, score, start, end }: Span): number =>
  (kind === 'TEXT' ? 0 : score) * 1_000_000 + (end - start);

/** A backslash before a placeholder would read as escaping it: it goes with what is replaced. */
export function withBackslashes(text: string, { start, ...span }: Span): Span {
  let from = start;
  while (text[from - 1] === '\\') from -= 1;
  return { ...span, start: from };
}
