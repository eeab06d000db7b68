import { isNirForm, luhn, nirKey } from '../checks.ts';
import { context as c } from '../context.ts';
import { UPPER } from '../fold.ts';
import { ALL_CAPITALS, CAPITAL, GLUED, NUMBER, type Page } from '../page.ts';

/** Numbers with letters inside: plates, passports, cards, students, NINO, and the NIR of Corsica. */
export function findCodes(page: Page): void {
  for (let token = 0; token < page.count; token += 1) {
    if ((token & 4095) === 0) page.onTime();
    if (page.is(token, GLUED)) continue;
    const isNumber = page.is(token, NUMBER);
    const start = page.starts[token]!;
    const length = page.ends[token]! - start;
    if (isNumber) {
      if (length <= 4 || length >= 9) ofDigitsFirst(page, token, page.plain.slice(start, start + 40));
      if (length === 1 || length === 6) corsicanNir(page, token);
    } else if (length <= 2 && (page.forms[token]! & (CAPITAL | ALL_CAPITALS)) !== 0) {
      ofLettersFirst(page, token, page.plain.slice(start, start + 16));
    }
    if (page.is(token + 1, GLUED)) mixed(page, token);
  }
}

const noPlateLetters = /[iou]|^ss|ss$|ww$/;

function ofLettersFirst(page: Page, token: number, text: string): void {
  const start = page.starts[token]!;
  const plate = /^([a-z]{2})([ -]?)(\d{3})\2([a-z]{2})(?![a-z0-9])/.exec(text);
  if (plate) {
    const [whole, first, separator, digits, last] = plate as unknown as [string, string, string, string, string];
    if (
      !noPlateLetters.test(first) &&
      !noPlateLetters.test(last) &&
      digits !== '000' &&
      page.isBoundary(start + whole.length)
    ) {
      const { seen, near } = page.before(token, c.PLATE | c.THING | c.VERSION);
      const continued =
        /^[-/_]/.test(page.plain.slice(start + whole.length, start + whole.length + 1)) ||
        /[-/_]/.test(page.plain[start - 1] ?? '');
      const isUpper = page.forms[token]! & ALL_CAPITALS;
      const spoken = (near & c.PLATE) !== 0 || ((seen & c.PLATE) !== 0 && (near & c.THING) === 0);
      if (spoken) page.add({ kind: 'PLATE', start, end: start + whole.length, score: 0.95, checked: false });
      else if (separator === '-' && isUpper && !continued && (near & (c.THING | c.VERSION)) === 0)
        page.add({ kind: 'PLATE', start, end: start + whole.length, score: 0.75, checked: false });
    }
  }
  const nino = /^[a-ceghj-prstw-z][a-ceghj-nprstw-z] ?\d{2} ?\d{2} ?\d{2} ?[a-d](?![a-z0-9])/.exec(text);
  if (nino && (page.before(token, c.FOREIGN | c.THING).near & c.FOREIGN) !== 0)
    page.add({ kind: 'NIR', start, end: start + nino[0].length, score: 0.85, checked: false });
}

function ofDigitsFirst(page: Page, token: number, text: string): void {
  const start = page.starts[token]!;
  const add = (kind: 'PLATE' | 'PASSPORT' | 'INE' | 'FINESS', length: number, score: number, checked = false): void =>
    page.add({ kind, start, end: start + length, score, checked });
  const spoken = (bit: number): boolean => {
    const { seen, near } = page.before(token, bit | c.THING);
    return (near & bit) !== 0 || ((seen & bit) !== 0 && near !== c.THING);
  };
  const passport = /^\d{2} ?[a-z]{2} ?\d{5}(?!\w)/.exec(text);
  if (passport && spoken(c.PASSPORT)) {
    add('PASSPORT', passport[0].length, 0.93);
    return;
  }
  const old = /^\d{1,4}[ -]?([a-z]{2,3})[ -]?(?:\d{2}|2[ab]|97\d)(?!\w)/.exec(text);
  if (old && !/[iou]/.test(old[1]!) && spoken(c.PLATE)) {
    add('PLATE', old[0].length, 0.88);
    return;
  }
  const student = /^(?:\d{10} ?[a-z]|\d{9} ?[a-z]{2})(?!\w)/.exec(text);
  if (student && spoken(c.INE)) {
    add('INE', student[0].length, 0.93);
    return;
  }
  const finess = /^2[ab] ?\d{3} ?\d{3} ?\d(?!\w)/.exec(text) ?? /^2[ab]\d{7}(?!\w)/.exec(text);
  if (finess && spoken(c.FINESS)) {
    const plain = finess[0].replaceAll(' ', '');
    // Corsica's letter counts as a zero in the sum.
    add('FINESS', finess[0].length, 0.9, luhn(`20${plain.slice(2)}`));
  }
}

/** Nine or more letters and digits in one piece: new identity cards and licences, INE of other forms. */
function mixed(page: Page, token: number): void {
  const start = page.starts[token]!;
  let last = token;
  while (last + 1 < page.count && page.is(last + 1, GLUED) && last - token < 14) last += 1;
  const end = page.ends[last]!;
  if (end - start < 9 || end - start > 14 || page.is(last + 1, GLUED)) return;
  if (!isShouted(page, start, end)) return;
  const { seen, near } = page.before(token, c.ID_CARD | c.LICENCE | c.PASSPORT | c.INE | c.THING);
  const spoken = near & ~c.THING ? near : near & c.THING ? 0 : seen;
  const length = end - start;
  const add = (kind: 'ID_CARD' | 'DRIVING_LICENCE' | 'PASSPORT' | 'INE'): void =>
    page.add({ kind, start, end, score: 0.85, checked: false });
  if (length === 9 && (spoken & c.PASSPORT) !== 0) add('PASSPORT');
  else if (length === 9 && (spoken & c.LICENCE) !== 0) add('DRIVING_LICENCE');
  else if ((length === 9 || length === 12) && (spoken & c.ID_CARD) !== 0) add('ID_CARD');
  else if (length === 11 && (spoken & c.INE) !== 0) add('INE');
}

/** Papers carry capitals; four digits and more are meant as such also in small letters. `Int8Array` is a word of a program. */
function isShouted(page: Page, start: number, end: number): boolean {
  let digits = 0;
  let small = 0;
  for (let i = start; i < end; i += 1) {
    if (page.isDigit(i)) digits += 1;
    else if ((page.bits[i]! & UPPER) === 0) small += 1;
  }
  return small === 0 ? digits > 1 : digits > 3;
}

/** « 1 84 12 2A 451 089 46 ». */
function corsicanNir(page: Page, token: number): void {
  const start = page.starts[token]!;
  const match =
    /^[123478][ .-]?\d{2}[ .-]?\d{2}[ .-]?2[ab][ .-]?\d{3}[ .-]?\d{3}(?:[ .-]?(?:cle ?:? ?)?(\d{2}))?(?!\w)/.exec(
      page.plain.slice(start, start + 40),
    );
  if (!match) return;
  const nir = match[0].replaceAll(/[ .-]|cle|:/g, '');
  if (!isNirForm(nir.slice(0, 13))) return;
  const checked = match[1] !== undefined && Number(match[1]) === nirKey(nir.slice(0, 13));
  const { seen } = page.before(token, c.NIR);
  if (checked || seen !== 0)
    page.add({ kind: 'NIR', start, end: start + match[0].length, score: checked ? 0.97 : 0.7, checked });
}
