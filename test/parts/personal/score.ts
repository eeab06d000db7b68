import { type EntityKind, entityKinds } from '../../../src/personal/index.ts';
import type { Sentence, Span } from './corpus.ts';

/** Found and missed, of one kind. */
export interface Counts {
  /** Entities there are, that were found, and findings that were right and wrong. */
  wanted: number;
  found: number;
  right: number;
  wrong: number;
}

export const recall = ({ wanted, found }: Counts): number => (wanted === 0 ? Number.NaN : found / wanted);
export const precision = ({ right, wrong }: Counts): number =>
  right + wrong === 0 ? Number.NaN : right / (right + wrong);

/** Kinds that a checksum proves. */
export const checksumKinds: readonly EntityKind[] = [
  'NIR',
  'SIREN',
  'SIRET',
  'VAT',
  'IBAN',
  'RIB',
  'CARD',
  'TAX_NUMBER',
  'RPPS',
  'FINESS',
];

/** Same place: what both cover is at least three quarters of what either covers. */
function isSame(a: Span, b: Span): boolean {
  const shared = Math.min(a.end, b.end) - Math.max(a.start, b.start);
  return shared > 0 && shared / (Math.max(a.end, b.end) - Math.min(a.start, b.start)) >= 0.75;
}

export interface Score {
  readonly kinds: ReadonlyMap<EntityKind, Counts>;
  /** Characters of any kind: that had to be masked, were, and were without need. */
  readonly characters: Counts;
  /** Sentences without anything personal in which something was found. */
  readonly disturbed: number;
}

/** Compares findings with what is there, by kind and place, and by characters whatever the kind. */
export function score(
  sentences: readonly Sentence[],
  find: (sentence: Sentence, at: number) => readonly Span[],
): Score {
  const kinds = new Map<EntityKind, Counts>(
    entityKinds.map((kind) => [kind, { wanted: 0, found: 0, right: 0, wrong: 0 }]),
  );
  const characters: Counts = { wanted: 0, found: 0, right: 0, wrong: 0 };
  let disturbed = 0;
  for (const [at, sentence] of sentences.entries()) {
    const findings = find(sentence, at);
    if (sentence.hard && findings.some((one) => !sentence.spans.some((span) => isSame(one, span)))) disturbed += 1;
    for (const span of sentence.spans) {
      const counts = kinds.get(span.kind)!;
      counts.wanted += 1;
      if (findings.some((one) => one.kind === span.kind && isSame(one, span))) counts.found += 1;
    }
    for (const one of findings) {
      const isRight = sentence.spans.some((span) => one.kind === span.kind && isSame(one, span));
      kinds.get(one.kind)![isRight ? 'right' : 'wrong'] += 1;
    }
    countCharacters(sentence, findings, characters);
  }
  return { kinds, characters, disturbed };
}

function countCharacters({ text, spans }: Sentence, findings: readonly Span[], counts: Counts): void {
  const wanted = new Uint8Array(text.length);
  const masked = new Uint8Array(text.length);
  for (const { start, end } of spans) wanted.fill(1, start, end);
  for (const { start, end } of findings) masked.fill(1, start, end);
  for (let i = 0; i < text.length; i += 1) {
    if (wanted[i]) counts.wanted += 1;
    if (wanted[i] && masked[i]) counts.found += 1;
    if (masked[i]) counts[wanted[i] ? 'right' : 'wrong'] += 1;
  }
}

/** The counts of several kinds together. */
export function sum(kinds: Score['kinds'], of: readonly EntityKind[]): Counts {
  const total: Counts = { wanted: 0, found: 0, right: 0, wrong: 0 };
  for (const kind of of)
    for (const name of ['wanted', 'found', 'right', 'wrong'] as const) total[name] += kinds.get(kind)![name];
  return total;
}
