import { context as c } from '../context.ts';
import { GLUED, NUMBER, type Page } from '../page.ts';

const decimal = /^(-?\d{1,3}\.\d{4,})°? ?[,; ] ?(-?\d{1,3}\.\d{4,})(?!\w)/;
const decimalComma = /^(-?\d{1,3},\d{4,})°? ?[; ] ?(-?\d{1,3},\d{4,})(?!\w)/;
const degrees =
  /^\d{1,3} ?° ?\d{1,2} ?['′] ?(?:\d{1,2}(?:[.,]\d+)? ?(?:"|''|″) ?)?[nsewo][ ,;]{1,3}\d{1,3} ?° ?\d{1,2} ?['′] ?(?:\d{1,2}(?:[.,]\d+)? ?(?:"|''|″) ?)?[nsewo](?!\w)/;

/** Pairs of latitude and longitude. */
export function findPositions(page: Page): void {
  for (let token = 0; token < page.count; token += 1) {
    if (!page.is(token, NUMBER) || page.is(token, GLUED) || page.ends[token]! - page.starts[token]! > 3) continue;
    const next = page.plain[page.ends[token]!];
    if (next !== '.' && next !== ',' && next !== '°' && next !== ' ') continue;
    const minus = page.plain[page.starts[token]! - 1] === '-' ? 1 : 0;
    const start = page.starts[token]! - minus;
    const text = page.plain.slice(start, start + 64);
    const match = decimal.exec(text) ?? decimalComma.exec(text);
    if (match) {
      const [latitude, longitude] = [match[1], match[2]].map((part) => Number(part!.replace(',', '.')));
      const isThing = (page.before(token, c.THING | c.AMOUNT, 4).near & c.THING) !== 0;
      if (Math.abs(latitude!) <= 90 && Math.abs(longitude!) <= 180 && !isThing)
        page.add({ kind: 'GPS', start, end: start + match[0].length, score: 0.9, checked: false });
    } else {
      const dms = degrees.exec(text);
      if (dms) page.add({ kind: 'GPS', start, end: start + dms[0].length, score: 0.97, checked: true });
    }
  }
}
