import { context as c } from '../context.ts';
import { role } from '../lexicon.ts';
import { GLUED, NUMBER, type Page } from '../page.ts';

const numeric = /^(?:\d{1,2} ?[/.-] ?\d{1,2} ?[/.-] ?(?:\d{4}|\d{2})|\d{4}-\d{2}-\d{2}|\d{1,2} \d{1,2} \d{4})(?!\w)/;

/** Dates behind « né le », « date de naissance ». Any other date is no one's. */
export function findBirthDates(page: Page): void {
  for (let token = 0; token < page.count; token += 1) {
    if ((page.contexts(token) & c.BIRTH) === 0 || !isBirth(page, token)) continue;
    for (let t = token + 1; t < page.count && t <= token + 7 && !page.endsSentence(t - 1); t += 1) {
      const end = dateAt(page, t);
      if (end === 0) continue;
      page.add({ kind: 'BIRTH_DATE', start: page.starts[t]!, end, score: 0.93, checked: false });
      break;
    }
  }
}

/** A date of long ago right behind a name: « DUPONT Jean, 12/04/1961 ». Asked when persons are known. */
export function findDatesOfPersons(page: Page): void {
  const year = new Date().getFullYear();
  for (const { kind, end } of page.candidates.filter((one) => one.kind === 'PERSON')) {
    const gap = /^(?:, | \(| - | : )/.exec(page.plain.slice(end, end + 4));
    if (kind !== 'PERSON' || !gap || !page.isDigit(end + gap[0].length)) continue;
    const token = page.tokenAt(end + gap[0].length);
    const until = dateAt(page, token);
    const given = until > 0 ? /\d{4}/.exec(page.plain.slice(page.starts[token], until)) : null;
    if (given && Number(given[0]) < year - 3 && Number(given[0]) > 1900)
      page.add({ kind: 'BIRTH_DATE', start: page.starts[token]!, end: until, score: 0.6, checked: false });
  }
}

/** « ne » without its accent is a negation, unless « le 12/03/1980 » follows. */
function isBirth(page: Page, token: number): boolean {
  const word = page.word(token);
  if (word !== 'ne' && word !== 'nes') return true;
  const { text, at } = page.folded;
  const given = text.slice(at[page.starts[token]!], at[page.ends[token]!]);
  if (/[éÉ]/.test(given.normalize('NFC'))) return true;
  return page.word(token + 1) === 'le' && dateAt(page, token + 2) > 0;
}

/** The end of a date that begins at a token; 0 where there is none. */
function dateAt(page: Page, token: number): number {
  if (page.is(token, GLUED) || token >= page.count) return 0;
  const start = page.starts[token]!;
  if (!page.is(token, NUMBER)) {
    // March 3, 1980
    if ((page.roles(token) & role.MONTH) === 0) return 0;
    const match = /^[a-z]+ \d{1,2}(?:st|nd|rd|th)?,? \d{4}(?!\w)/.exec(page.plain.slice(start, start + 30));
    return match ? start + match[0].length : 0;
  }
  const match = numeric.exec(page.plain.slice(start, start + 16));
  if (match) return isDate(match[0]) ? start + match[0].length : 0;
  let month = token + 1;
  if (page.is(month, GLUED)) month += 1; // 1er
  if ((page.roles(month) & role.MONTH) === 0) return 0;
  const year = month + 1;
  const length = page.ends[year]! - page.starts[year]!;
  if (!page.is(year, NUMBER) || page.is(year, GLUED) || (length !== 4 && length !== 2)) return 0;
  return page.starts[year]! - page.ends[month]! <= 2 ? page.ends[year]! : 0;
}

function isDate(text: string): boolean {
  const parts = text.split(/[ /.-]+/).map(Number);
  const [day, month] = parts[0]! > 31 ? [parts[2]!, parts[1]!] : [parts[0]!, parts[1]!];
  return day >= 1 && day <= 31 && month >= 1 && (month <= 12 || (day <= 12 && month <= 31));
}
