import { isNirForm, isSiret, isTaxNumber, luhn, nirKey } from '../checks.ts';
import { context as c } from '../context.ts';
import type { Digits } from '../digits.ts';
import type { EntityKind } from '../types.ts';

/** Reads one kind of number where digits begin, and adds what it finds. */
export type NumberFinder = (digits: Digits) => void;

const against = c.THING | c.VERSION;

function add(digits: Digits, kind: EntityKind, end: number, score: number, checked: boolean): void {
  digits.page.add({ kind, start: digits.start, end, score, checked });
}

/** 13 digits and a key; Corsica's letters are read by `corsicanNir`. */
export const findNir: NumberFinder = (digits) => {
  if (digits.glued) return;
  const { text, page } = digits;
  if (!/^[123478]/.test(text) || text.length < 13) return;
  const nir = text.slice(0, 13);
  if (!isNirForm(nir)) return;
  const spoken = digits.speaksOf(c.NIR, against);
  let end = digits.endOf(15);
  let key = text.slice(13, 15);
  if (end < 0 && digits.endOf(13) > 0) [end, key] = keyBehind(digits, digits.endOf(13));
  if (end > 0 && !digits.goesOn(digits.groupAt(15))) {
    const valid = Number(key) === nirKey(nir);
    const contiguous = digits.groupAt(13) === -1 && digits.groups >= 1 && digits.sums[0] === 15;
    if (valid && !(contiguous && page.before(digits.token, c.THING, 3).near !== 0 && !spoken)) {
      add(digits, 'NIR', end, spoken ? 0.99 : 0.93, true);
    } else if (!valid && spoken) add(digits, 'NIR', end, 0.7, false);
    return;
  }
  const short = digits.endOf(13);
  if (short > 0 && spoken && !page.isDigit(short + 1) && !isTaxContext(digits)) add(digits, 'NIR', short, 0.75, false);
};

const isTaxContext = (digits: Digits): boolean => (digits.context.near & c.TAX) !== 0;

/** A key with a word or sign before it: « clé 46 », « / 46 », « (46) ». */
function keyBehind({ page }: Digits, from: number): [number, string] {
  const match = /^ {0,2}(?:cle ?:? ?|[/|(-] ?)(\d\d)(?!\d)/.exec(page.plain.slice(from, from + 14));
  return match ? [from + match[0].length, match[1]!] : [-1, ''];
}

/** 9 digits of a company and 14 of an establishment: one in ten passes Luhn, so the words or the form must say so too. */
export const findCompany: NumberFinder = (digits) => {
  if (digits.glued || digits.text.length < 9) return;
  const spoken = digits.speaksOf(c.COMPANY, against);
  const siretEnd = digits.endOf(14);
  const siretGroup = digits.groupAt(14);
  if (siretEnd > 0 && isSiret(digits.text.slice(0, 14)) && !digits.goesOn(siretGroup)) {
    const shape = digits.shape(siretGroup);
    const formed = shape === '3.3.3.5' || shape === '9.5' || shape === '3.3.3.2.3';
    const behind = (digits.after(siretEnd) & c.COMPANY) !== 0;
    if (spoken || behind || (formed && (digits.context.near & against) === 0))
      return add(digits, 'SIRET', siretEnd, spoken ? 0.97 : 0.85, true);
  }
  const end = digits.endOf(9);
  const group = digits.groupAt(9);
  if (end < 0 || !luhn(digits.text.slice(0, 9)) || /^0{3}/.test(digits.text)) return;
  if (digits.goesOn(group) || digits.joined) return;
  const after = digits.after(end, 1);
  if ((after & c.AMOUNT) !== 0 || followsMoney(digits, end)) return;
  const formed = digits.shape(group) === '3.3.3' && digits.separators.startsWith('  ');
  const behind = (digits.after(end, 2) & c.COMPANY) !== 0;
  if (spoken || behind) add(digits, 'SIREN', end, 0.95, true);
  else if (formed && (digits.context.near & (against | c.FINESS | c.ID_CARD | c.BANK | c.PHONE)) === 0)
    add(digits, 'SIREN', end, 0.6, true);
};

const followsMoney = ({ page }: Digits, end: number): boolean => /^ ?[€$£%°]/.test(page.plain.slice(end, end + 2));

const cardForms = [
  { iin: /^4/, lengths: [13, 16, 19] },
  { iin: /^(?:5[1-5]|2(?:22[1-9]|2[3-9]|[3-6]|7[01]|720))/, lengths: [16] },
  { iin: /^3[47]/, lengths: [15] },
  { iin: /^(?:6011|64[4-9]|65|35(?:2[89]|[3-8])|62)/, lengths: [16, 19] },
  { iin: /^3(?:0[0-5]|[689])/, lengths: [14] },
  { iin: /^(?:5[06-8]|6[0379])/, lengths: [16, 19, 18] },
];
const cardShapes = new Set(['4.4.4.4', '4.6.5', '4.6.4', '4.4.4.4.3']);

/** 13 to 19 digits of a known issuer with Luhn. */
export const findCard: NumberFinder = (digits) => {
  if (digits.glued || digits.joined || digits.text.length < 13) return;
  const form = cardForms.find(({ iin }) => iin.test(digits.text));
  for (const length of form?.lengths ?? []) {
    const end = digits.endOf(length);
    if (end < 0 || !luhn(digits.text.slice(0, length)) || digits.goesOn(digits.groupAt(length))) continue;
    if (/^(\d)\1+$/.test(digits.text.slice(0, length))) continue;
    const spoken = digits.speaksOf(c.CARD, against);
    const formed = cardShapes.has(digits.shape(digits.groupAt(length)));
    const isThing = (digits.context.near & against) !== 0;
    if (spoken || formed) return add(digits, 'CARD', end, isThing ? 0.85 : 0.97, true);
    if (length >= 15 && !isThing) return add(digits, 'CARD', end, 0.8, true);
  }
};

/** 13 digits of the tax office. */
export const findTaxNumber: NumberFinder = (digits) => {
  if (digits.glued || digits.joined) return;
  const end = digits.endOf(13);
  if (end < 0 || !/^[0-3]/.test(digits.text) || digits.goesOn(digits.groupAt(13))) return;
  const valid = isTaxNumber(digits.text.slice(0, 13));
  const spoken = digits.speaksOf(c.TAX, against);
  const formed = digits.shape(digits.groupAt(13)) === '2.2.3.3.3';
  if (valid && (spoken || formed || (digits.context.near & against) === 0))
    add(digits, 'TAX_NUMBER', end, spoken ? 0.98 : 0.8, true);
  else if (spoken && (digits.context.near & c.TAX) !== 0) add(digits, 'TAX_NUMBER', end, 0.72, false);
};

/** RPPS (11 digits) and FINESS (9): Luhn, and only where the words say so. */
export const findHealth: NumberFinder = (digits) => {
  if (digits.glued || digits.joined) return;
  const rpps = digits.endOf(11);
  if (rpps > 0 && luhn(digits.text.slice(0, 11)) && digits.speaksOf(c.RPPS, against))
    add(digits, 'RPPS', rpps, 0.95, true);
  const finess = digits.endOf(9);
  if (finess > 0 && (digits.context.seen & c.FINESS) !== 0 && luhn(digits.text.slice(0, 9)))
    add(digits, 'FINESS', finess, 0.96, true);
};

/** Numbers of cards and papers whose form alone says nothing. */
export const findPapers: NumberFinder = (digits) => {
  const { page, start, text } = digits;
  if (digits.glued || digits.joined) return;
  const twelve = digits.endOf(12);
  if (twelve > 0 && !digits.goesOn(digits.groupAt(12))) {
    if (digits.speaksOf(c.LICENCE, c.THING)) return add(digits, 'DRIVING_LICENCE', twelve, 0.85, false);
    if (digits.speaksOf(c.ID_CARD, c.THING)) return add(digits, 'ID_CARD', twelve, 0.85, false);
  }
  // US social security numbers are written 3-2-4 and nowhere else so.
  const nine = digits.endOf(9);
  if (
    nine > 0 &&
    digits.shape(digits.groupAt(9)) === '3.2.4' &&
    digits.separators.startsWith('--') &&
    digits.speaksOf(c.FOREIGN | c.NIR, against)
  )
    if (!/^(?:000|666|9)|^\d{3}00|0000$/.test(text.slice(0, 9)))
      page.add({ kind: 'NIR', start, end: nine, score: 0.85, checked: false });
};
