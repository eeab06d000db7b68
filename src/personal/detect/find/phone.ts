import { context as c } from '../context.ts';
import type { NumberFinder } from './numbers.ts';

/** Shapes in which French numbers are written, from their 0 on. */
const shapes = new Set(['10', '2.2.2.2.2', '4.2.2.2', '4.3.3', '2.8', '2.4.4', '4.6', '3.3.4', '2.3.3.2']);
/** The same behind +33: without the 0, or with it in brackets. */
const lengthsAbroad: Readonly<Record<string, readonly [number, number]>> = {
  1: [10, 10],
  7: [10, 10],
  20: [8, 10],
  27: [9, 9],
  30: [10, 10],
  31: [9, 9],
  32: [8, 9],
  33: [9, 9],
  34: [9, 9],
  36: [8, 9],
  39: [8, 11],
  40: [9, 9],
  41: [9, 9],
  43: [7, 13],
  44: [9, 10],
  45: [8, 8],
  46: [7, 10],
  47: [8, 8],
  48: [9, 9],
  49: [6, 12],
  52: [10, 10],
  54: [10, 11],
  55: [10, 11],
  61: [9, 9],
  81: [9, 10],
  82: [8, 10],
  86: [10, 11],
  90: [10, 10],
  91: [10, 10],
  212: [9, 9],
  213: [8, 9],
  216: [8, 8],
  221: [9, 9],
  223: [8, 8],
  225: [8, 10],
  226: [8, 8],
  227: [8, 8],
  228: [8, 8],
  229: [8, 10],
  237: [8, 9],
  241: [7, 8],
  242: [9, 9],
  243: [9, 9],
  261: [9, 10],
  262: [9, 9],
  269: [7, 7],
  351: [9, 9],
  352: [6, 11],
  353: [7, 9],
  356: [8, 8],
  357: [8, 8],
  358: [6, 11],
  359: [8, 9],
  370: [8, 8],
  371: [8, 8],
  372: [7, 8],
  376: [6, 9],
  377: [8, 9],
  380: [9, 9],
  385: [8, 9],
  386: [8, 8],
  420: [9, 9],
  421: [9, 9],
  508: [6, 6],
  590: [9, 9],
  594: [9, 9],
  596: [9, 9],
  681: [6, 6],
  687: [6, 6],
  689: [6, 8],
  961: [7, 8],
  966: [9, 9],
  971: [8, 9],
  972: [8, 9],
};

/** Numbers of the French plan: 01–05 by place, 06 and 07 mobile, 08 special, 09 everywhere; overseas 0262, 0590 … are among them. */
const isFrench = (text: string): boolean => /^0[1-79]\d{8}|^08[0-2589]\d{7}/.test(text) && !/^0\d0{8}/.test(text);

export const findPhone: NumberFinder = (digits) => {
  if (digits.glued) return;
  const { page, start, text } = digits;
  const before = start > 0 ? page.codes[start - 1] : 0;
  if (before === 43 || text.startsWith('00')) return findAbroad(digits, before === 43);
  const end = digits.endOf(10);
  if (end < 0 || text[0] !== '0' || !isFrench(text)) return findGrouped(digits);
  const group = digits.groupAt(10);
  if (!shapes.has(digits.shape(group)) || digits.separators.slice(0, group).includes('/')) return;
  if (new Set(digits.separators.slice(0, group)).size > 1) return;
  const spoken = digits.speaksOf(c.PHONE, c.THING | c.BANK);
  if ((digits.joined || digits.goesOn(group)) && !spoken) return;
  if (group === 0 && (digits.context.near & (c.THING | c.BANK | c.TAX)) !== 0 && !spoken) return;
  if (before === 44 || (before === 46 && page.isDigit(start - 2))) return; // behind a decimal comma
  page.add({ kind: 'PHONE', start, end, score: spoken ? 0.97 : group === 0 ? 0.8 : 0.92, checked: false });
};

/** +33 6 12 …, +33 (0)6 12 …, 0033 6 …, and other countries. */
function findAbroad(digits: Parameters<NumberFinder>[0], plus: boolean): void {
  const { page, start, text } = digits;
  const from = plus ? start - 1 : start;
  if (!plus && digits.groups === 1 && text.length > 6 && !digits.speaksOf(c.PHONE, c.THING)) return;
  // Read by hand: brackets around the 0 part the groups.
  let number = '';
  let end = start;
  let gap = 0;
  for (let i = start; i < page.size && number.length < 18 && gap <= 2; i += 1) {
    if (page.isDigit(i)) {
      number += page.plain[i];
      end = i + 1;
      gap = 0;
    } else if (/[ ().\-/]/.test(page.plain[i]!)) gap += 1;
    else break;
  }
  if (!page.isBoundary(end)) return;
  if (!plus) number = number.slice(2);
  const country = [1, 2, 3].map((length) => number.slice(0, length)).find((code) => code in lengthsAbroad);
  const range = country === undefined ? undefined : lengthsAbroad[country];
  if (country === undefined || range === undefined) return;
  const rest = number.slice(country.length).replace(/^0(?=\d{8})/, '');
  if (rest.length < range[0] || rest.length > range[1]) return;
  page.add({ kind: 'PHONE', start: from, end, score: plus ? 0.95 : 0.85, checked: false });
}

/** Others, where the words say that it is a telephone: (212) 555-0123, 06.12 34 56.78. */
function findGrouped(digits: Parameters<NumberFinder>[0]): void {
  const { page, text } = digits;
  const nearPhone = (digits.context.near & c.PHONE) !== 0;
  if (!nearPhone || digits.joined) return;
  const match = /^\d{3}\)? ?[-. ]?\d{3}[-. ]\d{4}(?!\d)/.exec(page.plain.slice(digits.start, digits.start + 18));
  if (match && text[0] !== '0' && text[0] !== '1') {
    const bracket = page.plain[digits.start - 1] === '(' ? 1 : 0;
    const start = digits.start - bracket;
    page.add({ kind: 'PHONE', start, end: digits.start + match[0].length, score: 0.8, checked: false });
  }
}
