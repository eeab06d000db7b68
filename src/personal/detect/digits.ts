import { ALNUM, DIGIT } from './fold.ts';
import { GLUED, NUMBER, type Page } from './page.ts';

const mostGroups = 14;
const mostDigits = 40;

/** Groups of digits with single separators between them, from one token on: « 1 84 12 76 451 089 46 ». */
export class Digits {
  readonly page: Page;
  token = 0;
  start = 0;
  /** All digits in a row. */
  text = '';
  groups = 0;
  /** Digits up to the end of each group, and where that lies. */
  readonly sums = new Int32Array(mostGroups);
  readonly ends = new Int32Array(mostGroups);
  /** Separators, one character a gap; `-` also for ` - `. */
  separators = '';
  /** Goes on past what was read here. */
  longer = false;
  /** A digit stands before, behind one separator. */
  joined = false;
  /** A letter stands right before. */
  glued = false;
  #context: { readonly seen: number; readonly near: number } | undefined;

  constructor(page: Page) {
    this.page = page;
  }

  read(token: number): void {
    const { page } = this;
    const { codes, bits, starts, ends } = page;
    this.token = token;
    this.start = starts[token]!;
    this.#context = undefined;
    this.glued = page.is(token, GLUED);
    const s = this.start;
    this.joined = s >= 2 && isSeparator(codes[s - 1]!) && (bits[s - 2]! & DIGIT) !== 0;
    let groups = 0;
    let sum = 0;
    let text = '';
    let separators = '';
    let t = token;
    this.longer = false;
    for (;;) {
      const [from, to] = [starts[t]!, ends[t]!];
      if (sum + to - from > mostDigits || groups === mostGroups) {
        this.longer = true;
        break;
      }
      text += page.plain.slice(from, to);
      sum += to - from;
      this.sums[groups] = sum;
      this.ends[groups] = to;
      groups += 1;
      if (t + 1 >= page.count || !page.is(t + 1, NUMBER)) break;
      const gap = starts[t + 1]! - to;
      if (gap === 1 && isSeparator(codes[to]!)) separators += page.plain[to];
      else if (gap === 3 && codes[to] === 32 && codes[to + 2] === 32 && (codes[to + 1] === 45 || codes[to + 1] === 46))
        separators += '-';
      else if (gap === 2 && codes[to] === 32 && codes[to + 1] === 32) separators += ' ';
      else break;
      t += 1;
    }
    this.groups = groups;
    this.text = text;
    this.separators = separators;
  }

  /** Index of the group at whose end so many digits were read, or −1. */
  groupAt(digits: number): number {
    for (let g = 0; g < this.groups; g += 1) {
      if (this.sums[g] === digits) return g;
      if (this.sums[g]! > digits) return -1;
    }
    return -1;
  }

  /** Where a number of so many digits ends, if it ends at a group and no letter follows at once; else −1. */
  endOf(digits: number): number {
    const g = this.groupAt(digits);
    if (g < 0) return -1;
    const end = this.ends[g]!;
    return end < this.page.size && (this.page.bits[end]! & ALNUM) !== 0 ? -1 : end;
  }

  /** Whether further digits follow behind the group, by the same separator as inside. */
  goesOn(group: number): boolean {
    if (group < 0) return false;
    if (group + 1 >= this.groups) return this.longer && group + 1 === this.groups;
    return group === 0 || this.separators[group] === this.separators[group - 1];
  }

  /** Lengths of the groups up to the one given: `1.2.2.2`. */
  shape(group: number): string {
    let shape = String(this.sums[0]);
    for (let g = 1; g <= group; g += 1) shape += `.${this.sums[g]! - this.sums[g - 1]!}`;
    return shape;
  }

  /** Context of the words before. */
  get context(): { readonly seen: number; readonly near: number } {
    this.#context ??= this.page.before(this.token, ~0);
    return this.#context;
  }

  /** Whether the words before speak of this: the nearest that say anything do, or some do and none speaks of things. */
  speaksOf(bit: number, against: number): boolean {
    const { seen, near } = this.context;
    return (near & bit) !== 0 || ((seen & bit) !== 0 && (near & against) === 0);
  }

  /** Context bits of the first words behind. */
  after(end: number, words = 2): number {
    const { page } = this;
    let t = this.token;
    while (t < page.count && page.starts[t]! < end) t += 1;
    let seen = 0;
    for (let n = 0; n < words && t < page.count && page.starts[t]! - end < 24; n += 1, t += 1) seen |= page.contexts(t);
    return seen;
  }
}

const isSeparator = (code: number): boolean => code === 32 || code === 45 || code === 46 || code === 47;
