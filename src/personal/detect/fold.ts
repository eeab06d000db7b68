/** What a character is, as bits. */
export const LETTER = 1;
export const DIGIT = 2;
export const UPPER = 4;
export const SPACE = 8;
export const NEWLINE = 16;
export const ALNUM = LETTER | DIGIT;

/**
 * A text made plain: lower case, without accents, with ASCII digits, spaces, hyphens and apostrophes, whatever form they
 * came in; combining marks and invisible characters are gone. `at` leads back to the text as it was given.
 */
export interface Folded {
  readonly text: string;
  readonly plain: string;
  readonly codes: Uint16Array;
  readonly bits: Uint8Array;
  /** Offset in `text` of each plain character, and of the end. What was dropped belongs to the character before it. */
  readonly at: Int32Array;
  readonly size: number;
}

const DROPPED = 0xffff;
const SEVERAL = 0xfffe;
const code = (character: string): number => character.charCodeAt(0);

interface Table {
  readonly to: Uint16Array;
  readonly bits: Uint8Array;
  readonly several: ReadonlyMap<number, string>;
}

const replaced: Readonly<Record<string, string>> = {
  œ: 'oe',
  Œ: 'oe',
  æ: 'ae',
  Æ: 'ae',
  ß: 'ss',
  ø: 'o',
  Ø: 'o',
  ł: 'l',
  Ł: 'l',
  đ: 'd',
  Đ: 'd',
  ı: 'i',
};

/** One plain character for every character of the basic plane, worked out once. */
function makeTable(): Table {
  const to = new Uint16Array(65_536);
  const bits = new Uint8Array(65_536);
  const several = new Map<number, string>();
  let digit = 0;
  for (let c = 0; c < 65_536; c += 1) {
    to[c] = c;
    if (c >= 0x3400 && c < 0xa000) bits[c] = LETTER; // ideographs fold to themselves
    if ((c >= 0x3400 && c < 0xf900) || (c >= 0xfb50 && c < 0xfe00)) continue;
    const character = String.fromCharCode(c);
    if (/[\n\r\u0085\u2028\u2029\v\f]/u.test(character)) {
      to[c] = code('\n');
      bits[c] = NEWLINE;
    } else if (/[\p{Zs}\t]/u.test(character)) {
      to[c] = code(' ');
      bits[c] = SPACE;
    } else if (/[\p{M}\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/u.test(character)) to[c] = DROPPED;
    else if (/\p{Nd}/u.test(character)) {
      // Decimal digits stand in runs of ten.
      to[c] = code('0') + digit;
      bits[c] = DIGIT;
      digit = (digit + 1) % 10;
    } else if (/[\p{Pd}\u2212\u00af]/u.test(character)) to[c] = code('-');
    else if (/[’‘‛ʼʹ′`´＇]/u.test(character)) to[c] = code("'");
    else if (/\p{L}/u.test(character)) {
      bits[c] = LETTER | (/\p{Lu}/u.test(character) ? UPPER : 0);
      const base = replaced[character] ?? character.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase();
      if (base.length === 1) to[c] = code(base);
      else if (base.length > 1 && /^[a-z]+$/.test(base)) {
        to[c] = SEVERAL;
        several.set(c, base);
      }
    } else if (c > 127) {
      const base = character.normalize('NFKD');
      if (base.length === 1 && code(base) < 128) to[c] = code(base);
    }
  }
  return { to, bits, several };
}

let table: Table | undefined;

/** Makes a text plain. */
export function fold(text: string): Folded {
  table ??= makeTable();
  const { to, bits: kinds, several } = table;
  let room = text.length + 16;
  let codes = new Uint16Array(room);
  let bits = new Uint8Array(room);
  let at = new Int32Array(room + 1);
  let n = 0;
  for (let i = 0; i < text.length; i += 1) {
    const c = text.charCodeAt(i);
    const plain = to[c]!;
    if (plain === DROPPED) continue;
    if (n + 8 > room) {
      room = room * 2 + 16;
      codes = grown(codes, new Uint16Array(room));
      bits = grown(bits, new Uint8Array(room));
      at = grown(at, new Int32Array(room + 1));
    }
    at[n] = i;
    if (plain === SEVERAL) {
      for (const letter of several.get(c)!) {
        codes[n] = code(letter);
        bits[n] = kinds[c]!;
        at[n] = i;
        n += 1;
      }
    } else if (c === 0xd835 && i + 1 < text.length) {
      i += 1; // letters and digits of mathematics, sometimes used to look like text
      const base = String.fromCodePoint(0x1d400 + (text.charCodeAt(i) - 0xdc00)).normalize('NFKD');
      codes[n] = to[base.charCodeAt(0)]!;
      bits[n] = kinds[base.charCodeAt(0)]!;
      n += 1;
    } else {
      codes[n] = plain;
      bits[n] = kinds[c]!;
      n += 1;
    }
  }
  at[n] = text.length;
  const plain = Buffer.from(codes.buffer, 0, n * 2).toString('utf16le');
  return { text, plain, codes, bits, at, size: n };
}

function grown<T extends Uint16Array | Uint8Array | Int32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

/** A word as the lists have it. */
export const foldWord = (word: string): string => fold(word).plain;
