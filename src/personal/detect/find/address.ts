import { role } from '../lexicon.ts';
import { CAPITAL, GLUED, NUMBER, type Page } from '../page.ts';
import { communeAt } from './places.ts';

/** Street types that mean nothing else behind a number; the others need a name with a capital. */
const certain = new Set(
  'rue r av ave avenue bd bld blvd boulevard impasse imp allee allees chemin che quai faubourg fbg square venelle ruelle lotissement hameau esplanade sentier'.split(
    ' ',
  ),
);
const small = new Set(
  'de du des la le les l d a et aux au sur sous en lieu dit saint sainte st ste bis ter general marechal docteur dr president colonel'.split(
    ' ',
  ),
);
const english = new Set('street road lane drive court terrace close crescent'.split(' '));

/** « 12 bis, rue des Lilas, 75011 Paris », and « 69003 Lyon » alone. */
export function findAddresses(page: Page): void {
  let done = 0;
  for (let token = 0; token < page.count; token += 1) {
    if ((token & 4095) === 0) page.onTime();
    if (!page.is(token, NUMBER) || page.is(token, GLUED) || page.starts[token]! < done) continue;
    const digits = page.ends[token]! - page.starts[token]!;
    const end = digits <= 4 ? street(page, token) : digits === 5 ? postcode(page, token) : 0;
    if (end === 0) continue;
    page.add({ kind: 'ADDRESS', start: page.starts[token]!, end, score: digits <= 4 ? 0.92 : 0.86, checked: false });
    done = end;
  }
}

const closeGap = (gap: string): boolean =>
  gap === ' ' || gap === ', ' || gap === ',' || gap === ' , ' || gap === '. ' || gap === '  ';

function street(page: Page, number: number): number {
  let t = number;
  if (/^(?:bis|ter|quater|b|t|a|c)$/.test(page.word(t + 1)) && (page.gap(t) === ' ' || page.gap(t) === '')) t += 1;
  else if (page.gap(t) === '-' && page.is(t + 1, NUMBER)) t += 1;
  if (!closeGap(page.gap(t))) return 0;
  const type = t + 1;
  if ((page.roles(type) & role.STREET) === 0) return englishStreet(page, number);
  const isCertain = certain.has(page.word(type));
  const last = streetName(page, type, isCertain);
  return last === 0 ? 0 : townBehind(page, last);
}

/** The last token of a street's name; 0 where none follows. */
function streetName(page: Page, type: number, isCertain: boolean): number {
  let last = 0;
  for (let t = type + 1; t < page.count && t <= type + 9; t += 1) {
    const gap = page.gap(t - 1);
    if (
      !(
        gap === ' ' ||
        gap === '-' ||
        gap === "'" ||
        (gap === '. ' && page.ends[t - 1]! - page.starts[t - 1]! <= 4 && !page.is(t - 1, NUMBER)) ||
        (gap === '' && page.is(t, GLUED))
      )
    )
      break;
    const word = page.word(t);
    const isNumber = page.is(t, NUMBER);
    if (isNumber && page.ends[t]! - page.starts[t]! === 5) break;
    if (page.is(t, CAPITAL) || isNumber || (gap === '-' && last > 0)) last = t;
    else if (small.has(word) || (page.roles(t) & role.MONTH) !== 0) continue;
    else if (isCertain && last === 0)
      last = t; // a street written small
    else if (!isCertain || page.is(last, CAPITAL) || t - type > 3) break;
    else break;
  }
  return last;
}

/** « 12 Baker Street ». */
function englishStreet(page: Page, number: number): number {
  for (let t = number + 1; t <= number + 4 && t < page.count; t += 1) {
    if (page.gap(t - 1) !== ' ' || !page.is(t, CAPITAL)) return 0;
    if (t > number + 1 && english.has(page.word(t))) return page.ends[t]!;
  }
  return 0;
}

/** Takes in the postcode and the town, on the same line or the next. */
function townBehind(page: Page, last: number): number {
  const gap = page.gap(last);
  const code = last + 1;
  if (!/^[ ,;\n-]{1,4}$/.test(gap)) return page.ends[last]!;
  if (page.is(code, NUMBER) && page.ends[code]! - page.starts[code]! === 5) {
    const end = postcode(page, code);
    return end > 0 ? end : page.ends[last]!;
  }
  const town = gap.includes('\n') ? undefined : communeAt(page, code);
  return town && gap.includes(',') ? page.ends[town.last]! : page.ends[last]!;
}

/** A French postcode with a town behind it. */
function postcode(page: Page, token: number): number {
  const text = page.word(token);
  if (!/^(?:0[1-9]|[1-8]\d|9[0-578])\d{3}$/.test(text)) return 0;
  const gap = page.gap(token);
  if (gap !== ' ' && gap !== ', ' && gap !== '  ' && gap !== ' - ') return 0;
  // « 59000 lille » is written so in haste; « 35000 habitants » is no town.
  const town = communeAt(page, token + 1, true);
  let last = town?.last ?? 0;
  if (!town) {
    if (gap !== ' ' || !page.is(token + 1, CAPITAL) || (page.roles(token + 1) & (role.WORD | role.NEVER)) !== 0)
      return 0;
    last = token + 1;
    while (page.is(last + 1, CAPITAL) && (page.gap(last) === '-' || page.gap(last) === ' ') && last < token + 5)
      last += 1;
  }
  if (page.gap(last) === ' ' && page.word(last + 1) === 'cedex') last += 1;
  if (
    page.word(last) === 'cedex' &&
    page.gap(last) === ' ' &&
    page.is(last + 1, NUMBER) &&
    page.ends[last + 1]! - page.starts[last + 1]! <= 2
  )
    last += 1;
  return page.ends[last]!;
}
