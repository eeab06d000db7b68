/**
 * A second look for what a checksum proves, sharing nothing with the detectors on purpose: what one of the two misses the
 * other holds back. Reads digits alone, without the words around them.
 */
import type { Found } from '../detect/types.ts';

type Proof = Pick<Found, 'kind'> & { readonly length: number };

const longest = 34;
// A run of digits and capitals with at most one separator between two of them.
const runs = /(?<![\p{L}\p{N}])[0-9A-Z](?:[ \u00a0\u202f.\-/]?[0-9A-Z]){12,}/gu;

/** Identifiers whose control digits are right: social security numbers, bank accounts, cards. */
export function secondScan(text: string): readonly Found[] {
  const found: Found[] = [];
  for (const match of text.matchAll(runs)) found.push(...readRun(match[0], match.index));
  return found;
}

function* readRun(run: string, offset: number): Generator<Found> {
  const at: number[] = [];
  for (let index = 0; index < run.length; index += 1) if (isSign(run.charCodeAt(index))) at.push(index);
  const signs = at.map((index) => run[index]).join('');
  for (let from = 0; from < signs.length; ) {
    const proof = beginsAt(run, at, from) ? prove(signs.slice(from, from + longest)) : undefined;
    const last = proof && at[from + proof.length - 1];
    if (!proof || last === undefined || !endsAt(run, last)) {
      from += 1;
      continue;
    }
    yield { kind: proof.kind, start: offset + (at[from] ?? 0), end: offset + last + 1, score: 1, checked: true };
    from += proof.length;
  }
}

const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39;
const isSign = (code: number): boolean => isDigit(code) || (code >= 0x41 && code <= 0x5a);

/** A number begins where no digit goes before it without something between. */
function beginsAt(run: string, at: readonly number[], from: number): boolean {
  const index = at[from] ?? 0;
  return index === 0 || !isSign(run.charCodeAt(index - 1));
}

const endsAt = (run: string, last: number): boolean => last + 1 >= run.length || !isSign(run.charCodeAt(last + 1));

function prove(signs: string): Proof | undefined {
  if (isNir(signs)) return { kind: 'NIR', length: 15 };
  const iban = ibanLength(signs);
  if (iban > 0) return { kind: 'IBAN', length: iban };
  const card = cardLength(signs);
  return card > 0 ? { kind: 'CARD', length: card } : undefined;
}

/** Sex, year, month, department with Corsica's letters, commune, order, key. */
function isNir(signs: string): boolean {
  const parts = /^([1-478])\d\d(0[1-9]|1[0-2]|[2-3]\d|4[0-2]|[5-9]\d)(\d\d|2[AB])\d{6}(\d\d)/.exec(signs);
  if (!parts) return false;
  const [, , , department = '', key] = parts;
  const letter = department.endsWith('A') ? 19 : department.endsWith('B') ? 18 : undefined;
  const number = letter === undefined ? signs.slice(0, 13) : `${signs.slice(0, 5)}${letter}${signs.slice(7, 13)}`;
  return 97 - Number(BigInt(number) % 97n) === Number(key);
}

const ibanLengths: Readonly<Record<string, number>> = {
  AT: 20, BE: 16, BG: 22, CH: 21, CY: 28, CZ: 24, DE: 22, DK: 18, EE: 20, ES: 24, FI: 18, FR: 27, GB: 22, GR: 27,
  HR: 21, HU: 28, IE: 22, IS: 26, IT: 27, LI: 21, LT: 20, LU: 20, LV: 21, MC: 27, MT: 31, NL: 18, NO: 15, PL: 28,
  PT: 25, RO: 24, SE: 24, SI: 19, SK: 24, SM: 27,
}; // biome-ignore format: one line a dozen countries

function ibanLength(signs: string): number {
  const length = ibanLengths[signs.slice(0, 2)] ?? 0;
  if (length === 0 || signs.length < length || !isDigit(signs.charCodeAt(2)) || !isDigit(signs.charCodeAt(3))) return 0;
  let rest = 0;
  for (const sign of signs.slice(4, length) + signs.slice(0, 4)) {
    const value = isDigit(sign.charCodeAt(0)) ? Number(sign) : sign.charCodeAt(0) - 55;
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest === 1 ? length : 0;
}

/** Visa, Mastercard, American Express and Carte Bancaire's own, by Luhn. */
function cardLength(signs: string): number {
  const begins = /^(?:4\d{15}|5[1-5]\d{14}|2[2-7]\d{14}|3[47]\d{13})/.exec(signs);
  if (!begins) return 0;
  let sum = 0;
  for (const [index, sign] of [...begins[0]].reverse().entries()) {
    const doubled = Number(sign) * (index % 2 === 0 ? 1 : 2);
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0 ? begins[0].length : 0;
}
