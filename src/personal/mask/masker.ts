import { setImmediate as breathe } from 'node:timers/promises';
import type { Detector, Found } from '../detect/types.ts';
import { chunksOf, otherCuts } from './chunks.ts';
import { KnownTexts } from './known-texts.ts';
import { MaskingFailedError } from './masking-failed.ts';
import { placeholdersIn } from './placeholder.ts';
import { Restorer } from './restorer.ts';
import { secondScan } from './second-scan.ts';
import { mergeSpans, type Span, withBackslashes } from './spans.ts';
import type { Vault } from './vault.ts';
import type { MaskedKind } from './words.ts';

/** Different things that were replaced, by kind. */
export type MaskedCounts = Readonly<Partial<Record<MaskedKind, number>>>;

export interface MaskedTexts {
  /** As many as came, in their order. */
  readonly texts: readonly string[];
  readonly counts: MaskedCounts;
  /** Placeholders that stand in them. */
  readonly used: readonly { readonly kind: MaskedKind; readonly number: number }[];
}

export interface Masker {
  /**
   * Replaces what is personal by placeholders, and looks again until nothing is left.
   * @throws {MaskingFailedError} when something is, or could not be looked for in time.
   */
  mask(texts: readonly string[], options?: { readonly signal?: AbortSignal | undefined }): Promise<MaskedTexts>;
  restorer(): Restorer;
}

export interface MaskerOptions {
  /** Most time that detection may take, milliseconds. */
  readonly budgetMs?: number;
  readonly now?: () => number;
}

const budgetMsDefault = 20_000;
// How long others may wait for a turn.
const turnMs = 12;
const mostRounds = 3;
// Stands where a placeholder stands when a masked text is looked at again: no letter, digit or space.
const blank = '\ufffc';

/** Masks texts with the placeholders of one vault. */
export function openMasker(detector: Detector, vault: Vault, options: MaskerOptions = {}): Masker {
  const { budgetMs = budgetMsDefault, now = () => performance.now() } = options;
  return {
    async mask(texts, { signal } = {}) {
      const reader = new Reader(detector, { until: now() + budgetMs, now, signal });
      let masked = texts;
      for (let round = 0; round < mostRounds; round += 1) {
        const found = await reader.read(masked, round);
        const left = found.some((spans) => spans.length > 0);
        if (!left && round > 0) return report(masked, vault);
        masked = await replaceAll(masked, found, { vault, reader });
      }
      const rest = await reader.read(masked, mostRounds);
      if (rest.some((spans) => spans.length > 0)) throw new MaskingFailedError('residual');
      return report(masked, vault);
    },
    restorer: () => new Restorer(vault),
  };
}

/** Looks for what is personal, within a time and without keeping others waiting. */
class Reader {
  readonly #detector: Detector;
  readonly #limits: { readonly until: number; readonly now: () => number; readonly signal: AbortSignal | undefined };
  #since: number;

  constructor(
    detector: Detector,
    limits: { readonly until: number; readonly now: () => number; readonly signal: AbortSignal | undefined },
  ) {
    this.#detector = detector;
    this.#limits = limits;
    this.#since = limits.now();
  }

  /** What stands in each text; from the second round on, in what is left of it. */
  async read(texts: readonly string[], round: number): Promise<readonly (readonly Span[])[]> {
    const found: (readonly Span[])[] = [];
    for (const text of texts) found.push(await this.#readOne(text, round));
    return found;
  }

  /** Lets others have their turn. @throws {MaskingFailedError} `over_budget`. */
  async pause(): Promise<void> {
    const { now, until, signal } = this.#limits;
    signal?.throwIfAborted();
    if (now() > until) throw new MaskingFailedError('over_budget');
    if (now() - this.#since < turnMs) return;
    await breathe();
    this.#since = now();
  }

  async #readOne(text: string, round: number): Promise<readonly Span[]> {
    const first = round === 0;
    const standing = [...placeholdersIn(text)];
    const seen = first ? text : blanked(text, standing);
    const spans: Span[] = first ? standing.map(({ start, end }) => ({ kind: 'TEXT', start, end, score: 1 })) : [];
    for (const { start, end } of chunksOf(seen, first ? 0 : otherCuts)) {
      await this.pause();
      const piece = start === 0 && end === seen.length ? seen : seen.slice(start, end);
      for (const one of this.#find(piece)) spans.push({ ...one, start: one.start + start, end: one.end + start });
    }
    const outside = first ? spans : spans.flatMap((span) => between(span, seen));
    return mergeSpans(outside.map((span) => withBackslashes(text, span)));
  }

  #find(piece: string): readonly Found[] {
    let found: readonly Found[];
    try {
      found = this.#detector.find(piece);
    } catch (error) {
      throw new MaskingFailedError('detector_failed', { cause: error });
    }
    if (found.some(({ start, end }) => !(start >= 0 && start < end && end <= piece.length)))
      throw new MaskingFailedError('detector_failed');
    return [...found, ...secondScan(piece)];
  }
}

function blanked(text: string, standing: readonly { readonly start: number; readonly end: number }[]): string {
  let out = '';
  let done = 0;
  for (const { start, end } of standing) {
    out += text.slice(done, start) + blank.repeat(end - start);
    done = end;
  }
  return out + text.slice(done);
}

/** The parts of a piece that lie between placeholders and say something. */
function between(span: Span, text: string): Span[] {
  const parts: Span[] = [];
  for (const part of text.slice(span.start, span.end).matchAll(/[^\ufffc]+/g)) {
    const start = span.start + part.index;
    if (/[\p{L}\p{N}]/u.test(part[0])) parts.push({ ...span, start, end: start + part[0].length });
  }
  return parts;
}

/** Everything found gets its placeholder first, so that what is known by one text is found in the others too. */
async function replaceAll(
  texts: readonly string[],
  found: readonly (readonly Span[])[],
  { vault, reader }: { readonly vault: Vault; readonly reader: Reader },
): Promise<readonly string[]> {
  for (const [index, text] of texts.entries()) {
    for (const span of found[index] ?? []) vault.take(span.kind, text.slice(span.start, span.end), span);
  }
  const known = new KnownTexts(vault);
  const masked: string[] = [];
  for (const [index, text] of texts.entries()) {
    const again: Span[] = [];
    const seen = blanked(text, [...placeholdersIn(text)]);
    for (const { start, end } of chunksOf(seen)) {
      await reader.pause();
      again.push(...known.find(seen, start, end).map((span) => withBackslashes(text, span)));
    }
    masked.push(replace(text, mergeSpans([...(found[index] ?? []), ...again]), vault));
  }
  return masked;
}

function replace(text: string, spans: readonly Span[], vault: Vault): string {
  let out = '';
  let done = 0;
  for (const span of spans) {
    out += text.slice(done, span.start) + vault.take(span.kind, text.slice(span.start, span.end), span);
    done = span.end;
  }
  return out + text.slice(done);
}

function report(texts: readonly string[], vault: Vault): MaskedTexts {
  const used = new Map<string, { readonly kind: MaskedKind; readonly number: number }>();
  for (const text of texts) {
    for (const { kind, number } of placeholdersIn(text)) {
      if (vault.lookUp(kind, number) !== undefined) used.set(`${kind} ${number}`, { kind, number });
    }
  }
  const counts: Partial<Record<MaskedKind, number>> = {};
  for (const { kind } of used.values()) counts[kind] = (counts[kind] ?? 0) + 1;
  return { texts, counts, used: [...used.values()] };
}
