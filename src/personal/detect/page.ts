import { ALNUM, DIGIT, type Folded, fold, LETTER, NEWLINE, SPACE, UPPER } from './fold.ts';
import type { Lexicon } from './lexicon.ts';
import type { EntityKind, Found } from './types.ts';

/** Of a token, as bits. */
export const NUMBER = 1;
export const CAPITAL = 2;
export const ALL_CAPITALS = 4;
/** No gap between it and the token before. */
export const GLUED = 8;
/** A capital inside, as products have them: `OpenID`, and few names: `McCarthy`. */
export const INNER = 16;

export interface Candidate {
  readonly kind: EntityKind;
  /** Into the plain text. */
  readonly start: number;
  readonly end: number;
  readonly score: number;
  readonly checked: boolean;
  readonly gender?: 'f' | 'm' | undefined;
  readonly plural?: boolean | undefined;
}

/** A text cut into words and numbers, each with what the lists know of it; and what was found in it so far. */
export class Page {
  readonly folded: Folded;
  readonly plain: string;
  readonly codes: Uint16Array;
  readonly bits: Uint8Array;
  readonly size: number;
  /** Tokens: begin, end, bits, entry of the lexicon. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly forms: Uint8Array;
  readonly entries: Int32Array;
  readonly count: number;
  readonly lexicon: Lexicon;
  readonly candidates: Candidate[] = [];

  /** Throws when the time for this text is over; asked now and then. */
  readonly onTime: () => void;

  constructor(text: string, lexicon: Lexicon, onTime: () => void) {
    this.onTime = onTime;
    this.folded = fold(text);
    onTime();
    const { plain, codes, bits, size } = this.folded;
    this.plain = plain;
    this.codes = codes;
    this.bits = bits;
    this.size = size;
    this.lexicon = lexicon;
    const most = countTokens(bits, size);
    this.starts = new Int32Array(most);
    this.ends = new Int32Array(most);
    this.forms = new Uint8Array(most);
    this.entries = new Int32Array(most);
    this.count = most;
    this.#cut();
  }

  #cut(): void {
    const { bits, size, plain, starts, ends, forms, entries } = this;
    const { ids } = this.lexicon;
    let n = 0;
    for (let i = 0; i < size; ) {
      const kind = bits[i]! & ALNUM;
      if (kind === 0) {
        i += 1;
        continue;
      }
      const start = i;
      let capitals = 0;
      while (i < size && (bits[i]! & kind) !== 0) {
        if ((bits[i]! & UPPER) !== 0) capitals += 1;
        i += 1;
      }
      starts[n] = start;
      ends[n] = i;
      const glued = start > 0 && (bits[start - 1]! & ALNUM) !== 0 ? GLUED : 0;
      if (kind === DIGIT) forms[n] = NUMBER | glued;
      else {
        const first = (bits[start]! & UPPER) !== 0 ? CAPITAL : 0;
        const more = capitals < 2 ? 0 : capitals === i - start ? ALL_CAPITALS : INNER;
        forms[n] = first | more | glued;
        if (i - start <= 24) entries[n] = ids.get(plain.slice(start, i)) ?? 0;
      }
      n += 1;
    }
  }

  add(candidate: Candidate): void {
    this.candidates.push(candidate);
  }

  /** What the lists know of a token. */
  roles(token: number): number {
    return token >= 0 && token < this.count ? this.lexicon.roles[this.entries[token]!]! : 0;
  }

  contexts(token: number): number {
    return token >= 0 && token < this.count ? this.lexicon.contexts[this.entries[token]!]! : 0;
  }

  word(token: number): string {
    return this.plain.slice(this.starts[token], this.ends[token]);
  }

  is(token: number, form: number): boolean {
    return token >= 0 && token < this.count && (this.forms[token]! & form) !== 0;
  }

  /** Where a character of the given text is in the plain one. */
  plainAt(offset: number): number {
    const { at } = this.folded;
    let [low, high] = [0, this.size];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (at[middle]! < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The first token that begins at a place or behind it. */
  tokenAt(place: number): number {
    let [low, high] = [0, this.count];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.starts[middle]! < place) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  isBoundary(at: number): boolean {
    return at <= 0 || at >= this.size || (this.bits[at]! & ALNUM) === 0 || (this.bits[at - 1]! & ALNUM) === 0;
  }

  isSpace(at: number): boolean {
    return at < this.size && (this.bits[at]! & (SPACE | NEWLINE)) !== 0;
  }

  isLetter(at: number): boolean {
    return at >= 0 && at < this.size && (this.bits[at]! & LETTER) !== 0;
  }

  isDigit(at: number): boolean {
    return at >= 0 && at < this.size && (this.bits[at]! & DIGIT) !== 0;
  }

  /** The text between a token and the one after it. */
  gap(token: number): string {
    if (token < 0 || token + 1 >= this.count) return '\n';
    const [from, to] = [this.ends[token]!, this.starts[token + 1]!];
    return to - from > 8 ? '\n\n' : this.plain.slice(from, to);
  }

  /**
   * Context before a token: bits of all words near enough in its sentence, and of the nearest that says anything.
   * Behind a full stop or an empty line another matter begins.
   */
  before(token: number, wanted: number, words = 9): { readonly seen: number; readonly near: number } {
    let seen = 0;
    let near = 0;
    const from = this.starts[token]!;
    for (let t = token - 1; t >= 0 && t >= token - words && from - this.ends[t]! < 90; t -= 1) {
      if (this.endsSentence(t)) break;
      const bits = this.contexts(t) & wanted;
      if (near === 0) near = bits;
      seen |= bits;
    }
    return { seen, near };
  }

  /** Whether a sentence ends between a token and the next. */
  endsSentence(token: number): boolean {
    const from = this.ends[token]!;
    const to = token + 1 < this.count ? this.starts[token + 1]! : this.size;
    let lines = 0;
    for (let i = from; i < to && i < from + 12; i += 1) {
      const c = this.codes[i]!;
      if (c === 33 || c === 63) return true;
      // An abbreviation of one to four letters keeps its stop: « tél. », « n° », « réf. ».
      if (c === 46 && this.isSpace(i + 1) && from - this.starts[token]! > 4 && !this.is(token, NUMBER)) return true;
      if (c === 46 && this.isSpace(i + 1) && this.is(token, NUMBER)) return true;
      if (c === 10) lines += 1;
    }
    return lines > 1;
  }

  /** What was found, with offsets into the text as given: the surest where several overlap, the longer where equal. */
  settle(): readonly Found[] {
    const { at } = this.folded;
    const order = this.candidates.toSorted(
      (a, b) => rank(b) - rank(a) || b.end - b.start - (a.end - a.start) || a.start - b.start,
    );
    const taken = new Uint8Array(this.size);
    const kept = order.filter(({ start, end }) => {
      for (let i = start; i < end; i += 1) if (taken[i] === 1) return false;
      taken.fill(1, start, end);
      return true;
    });
    return kept
      .toSorted((a, b) => a.start - b.start)
      .map(({ kind, start, end, score, checked, gender, plural }) => ({
        kind,
        start: at[start]!,
        end: this.#endOf(end),
        score,
        checked,
        ...(gender !== undefined && { gender }),
        ...(plural && { plural }),
      }));
  }

  /** Marks that were dropped behind the last character belong to it; a letter that became two ends as one. */
  #endOf(end: number): number {
    const { at } = this.folded;
    const last = at[end - 1]!;
    return Math.max(at[end]!, last + 1);
  }
}

/** What a checksum proves stands above what only looks right; an address on the net keeps all that is inside it. */
function rank({ kind, score, checked }: Candidate): number {
  if (kind === 'SECRET') return 1.3;
  if (kind === 'URL') return 1.2;
  return checked ? score + 0.1 : score;
}

function countTokens(bits: Uint8Array, size: number): number {
  let count = 0;
  let before = 0;
  for (let i = 0; i < size; i += 1) {
    const kind = bits[i]! & ALNUM;
    if (kind !== 0 && kind !== before) count += 1;
    before = kind;
  }
  return count;
}
