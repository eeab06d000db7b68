import { isIban, isRib, luhn, vatKey } from '../checks.ts';
import { context as c } from '../context.ts';
import { ALNUM } from '../fold.ts';
import { GLUED, NUMBER, type Page } from '../page.ts';

/** Lengths of IBANs by country, from the registry of ISO 13616. */
const ibanLengths: Readonly<Record<string, number>> = Object.fromEntries(
  'ad24 ae23 al28 at20 az28 ba20 be16 bg22 bh22 br29 by28 ch21 cr22 cy28 cz24 de22 dk18 do28 ee20 eg29 es24 fi18 fo18 fr27 gb22 ge22 gi23 gl18 gr27 gt28 hr21 hu28 ie22 il23 iq23 is26 it27 jo30 kw30 kz20 lb28 lc32 li21 lt20 lu20 lv21 ly25 mc27 md24 me22 mk19 mr27 mt31 mu30 nl18 no15 pk24 pl28 ps29 pt25 qa29 ro24 rs22 sa24 sc31 se24 si19 sk24 sm27 st25 sv28 tl23 tn24 tr26 ua29 va22 vg24 xk20'
    .split(' ')
    .map((word) => [word.slice(0, 2), Number(word.slice(2))]),
);

/** IBAN, RIB and French VAT numbers. */
export function findBank(page: Page): void {
  for (let token = 0; token < page.count; token += 1) {
    if (page.is(token, NUMBER)) {
      if (
        !page.is(token, GLUED) &&
        (page.ends[token]! - page.starts[token]! === 5 || page.ends[token]! - page.starts[token]! >= 10)
      )
        findRib(page, token);
      continue;
    }
    if (page.ends[token]! - page.starts[token]! !== 2 || page.is(token, GLUED)) continue;
    const country = page.word(token);
    if (ibanLengths[country] !== undefined) findIban(page, token, ibanLengths[country]);
    if (country === 'fr') findVat(page, token);
  }
}

interface Signs {
  readonly text: string;
  readonly end: number;
}

/** So many letters and digits, with at most three spaces, hyphens, dots or line ends between two of them. */
function signs(page: Page, from: number, wanted: number): Signs | undefined {
  let text = '';
  let gap = 0;
  for (let i = from; i < page.size; i += 1) {
    if ((page.bits[i]! & ALNUM) !== 0) {
      text += page.plain[i];
      gap = 0;
      if (text.length === wanted) return { text, end: i + 1 };
    } else {
      gap += 1;
      const code = page.codes[i]!;
      if (gap > 3 || !(code === 32 || code === 10 || code === 45 || code === 46 || code === 124 || code === 62))
        return undefined;
    }
  }
  return undefined;
}

function findIban(page: Page, token: number, length: number): void {
  const start = page.starts[token]!;
  const read = signs(page, start, length);
  if (!read || !/^[a-z]{2}\d{2}[0-9a-z]+$/.test(read.text) || !page.isBoundary(read.end)) return;
  if (isIban(read.text)) page.add({ kind: 'IBAN', start, end: read.end, score: 1, checked: true });
  else if ((page.before(token, c.BANK | c.THING, 5).near & c.BANK) !== 0)
    page.add({ kind: 'IBAN', start, end: read.end, score: 0.75, checked: false });
}

/** Bank, branch, account and key; letters only in the account. */
function findRib(page: Page, token: number): void {
  const start = page.starts[token]!;
  const read = signs(page, start, 23);
  if (!read || !page.isBoundary(read.end) || !isRib(read.text)) return;
  const { near, seen } = page.before(token, c.BANK | c.THING);
  const plain = page.plain.slice(start, read.end);
  const formed = /^\d{5}[ -]+\d{5}[ -]+[0-9a-z]{11}[ -]+\d{2}$/.test(plain);
  if (formed || (seen & c.BANK) !== 0) page.add({ kind: 'RIB', start, end: read.end, score: 0.96, checked: true });
  else if ((near & c.THING) === 0) page.add({ kind: 'RIB', start, end: read.end, score: 0.8, checked: true });
}

/** FR, two digits, SIREN; of the other form of key (with letters) the SIREN alone is checked. */
function findVat(page: Page, token: number): void {
  const start = page.starts[token]!;
  const read = signs(page, start, 13);
  if (!read || !page.isBoundary(read.end)) return;
  const [, key, siren] = /^fr([0-9a-z]{2})(\d{9})$/.exec(read.text) ?? [];
  if (key === undefined || siren === undefined || !luhn(siren) || siren === '000000000') return;
  if (/^\d\d$/.test(key) && Number(key) !== vatKey(siren)) return;
  page.add({ kind: 'VAT', start, end: read.end, score: 0.98, checked: true });
}
