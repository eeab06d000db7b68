import { mrzDigit } from '../checks.ts';
import type { Page } from '../page.ts';
import type { EntityKind } from '../types.ts';

const line = /^[A-Z0-9<]{30,44}$/;

/** Machine-readable zones of passports, cards and licences: lines of 30, 36 or 44 signs with `<` and check digits. */
export function findMachineZones(page: Page): void {
  const { plain } = page;
  let from = plain.indexOf('<<');
  while (from >= 0) {
    let start = from;
    while (start > 0 && from - start < 60 && plain[start - 1] !== '\n') start -= 1;
    from = from - start >= 60 ? plain.indexOf('<<', from + 2) : zoneAt(page, start, from);
  }
}

/** Adds the zone that begins at a line, and tells where to look on. */
function zoneAt(page: Page, start: number, seen: number): number {
  const { plain } = page;
  const lines: string[] = [];
  let end = start;
  let ends = start;
  while (lines.length < 3 && end < page.size) {
    let until = end;
    while (until < page.size && until - end < 61 && plain[until] !== '\n') until += 1;
    if (until - end > 60) break;
    const text = plain.slice(end, until).trim().replaceAll(' ', '').toUpperCase();
    if (!line.test(text) || (lines.length > 0 && text.length !== lines[0]!.length)) break;
    lines.push(text);
    ends = until;
    end = until + 1;
  }
  if (lines.length > 0 && isZone(lines))
    page.add({ kind: kindOf(lines[0]!), start, end: ends, score: 0.99, checked: true });
  return plain.indexOf('<<', Math.max(ends, seen + 2));
}

/** At least one check digit that belongs to a field of its own, and its sum right. */
function isZone(lines: readonly string[]): boolean {
  const check = (text: string | undefined, from: number, to: number): boolean =>
    text !== undefined && /\d/.test(text[to] ?? '') && mrzDigit(text.slice(from, to)) === Number(text[to]);
  const [first, second] = lines;
  if (first?.length === 44) return check(second, 0, 9) && check(second, 13, 19);
  if (first?.length === 30) return lines.length >= 2 && check(first, 5, 14) && check(second, 0, 6);
  return first?.length === 36 && (check(second, 0, 12) || (check(second, 0, 9) && check(second, 13, 19)));
}

function kindOf(first: string): EntityKind {
  return first.startsWith('P') ? 'PASSPORT' : first.startsWith('D') ? 'DRIVING_LICENCE' : 'ID_CARD';
}
