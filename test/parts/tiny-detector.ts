import type { Detector, EntityKind, Found } from '../../src/personal/index.ts';

const patterns: readonly (readonly [EntityKind, RegExp])[] = [
  ['EMAIL', /[\w.+-]+@[\w-]+(?:\.[\w-]+)+/g],
  ['NIR', /\b[1-478] ?\d{2} ?\d{2} ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3} ?\d{2}\b/g],
  ['PHONE', /\b0[1-9](?: ?\d{2}){4}\b/g],
  ['PERSON', /(?<=\b(?:M\.|Mme|Dr) )\p{Lu}\p{L}+(?: \p{Lu}\p{L}+)?/gu],
];

/** A small real detector: a title makes a name, and identifiers have their form. */
export const tinyDetector: Detector = {
  version: 'tiny-1',
  find(text) {
    const found: Found[] = [];
    for (const [kind, pattern] of patterns) {
      for (const { 0: seen, index: start } of text.matchAll(pattern)) {
        const end = start + seen.length;
        if (found.some((other) => start < other.end && other.start < end)) continue;
        const gender = kind !== 'PERSON' ? undefined : text.slice(0, start).endsWith('Mme ') ? 'f' : 'm';
        found.push({ kind, start, end, score: 0.9, checked: kind === 'NIR', ...(gender && { gender }) });
      }
    }
    return found.sort((a, b) => a.start - b.start);
  },
};
