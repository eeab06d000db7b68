import { isIPv6 } from 'node:net';
import { context as c } from '../context.ts';
import { ALNUM } from '../fold.ts';
import { GLUED, NUMBER, type Page } from '../page.ts';

/** E-mail addresses, URLs and IP addresses: found at their `@`, `://`, `www.`, dots and colons. */
export function findNetwork(page: Page): void {
  findMails(page);
  findUrls(page);
  findIps(page);
}

const isLocal = (page: Page, i: number): boolean => (page.bits[i]! & ALNUM) !== 0 || "._%+-'".includes(page.plain[i]!);

function findMails(page: Page): void {
  const { plain } = page;
  let left = 0;
  for (let at = plain.indexOf('@'); at >= 0; at = plain.indexOf('@', at + 1)) {
    let start = at;
    while (start > left && at - start < 64 && isLocal(page, start - 1)) start -= 1;
    while (start < at && "._-+%'".includes(plain[start]!)) start += 1;
    let end = at + 1;
    let dot = -1;
    while (
      end < page.size &&
      end - at < 254 &&
      ((page.bits[end]! & ALNUM) !== 0 || plain[end] === '.' || plain[end] === '-')
    ) {
      if (plain[end] === '.') dot = end;
      end += 1;
    }
    while (end > at && (plain[end - 1] === '.' || plain[end - 1] === '-')) end -= 1;
    if (dot >= end) dot = at + 1 + plain.slice(at + 1, end).lastIndexOf('.');
    if (start < at && dot > at + 1 && end - dot > 2 && page.isLetter(dot + 1)) {
      page.add({ kind: 'EMAIL', start, end, score: 0.98, checked: false });
      left = end;
    } else left = at + 1;
  }
}

const stops = new Set([...' \n<>"«»“”|\\^`{}']);

function findUrls(page: Page): void {
  const { plain } = page;
  let from = 0;
  for (const [mark, back] of [
    ['://', true],
    ['www.', false],
  ] as const) {
    from = 0;
    for (let at = plain.indexOf(mark, from); at >= 0; at = plain.indexOf(mark, from)) {
      let start = at;
      if (back)
        while (start > from && at - start < 16 && (page.isLetter(start - 1) || page.isDigit(start - 1))) start -= 1;
      let end = at + mark.length;
      while (end < page.size && end - start < 4_096 && !stops.has(plain[end]!)) end += 1;
      while (end > at + mark.length && ".,;:!?)]'*_".includes(plain[end - 1]!)) end -= 1;
      from = Math.max(end, at + mark.length);
      if (!back && !page.isBoundary(start)) continue;
      if (start === at && back) continue;
      if (end - at > mark.length + 2) page.add({ kind: 'URL', start, end, score: 0.9, checked: false });
    }
  }
}

function findIps(page: Page): void {
  const { plain, starts, ends } = page;
  let until = 0;
  for (let token = 0; token < page.count; token += 1) {
    if (starts[token]! < until) continue;
    if (page.is(token, NUMBER) && !page.is(token, GLUED) && plain[ends[token]!] === '.') {
      const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?![\w]|\.\d)(?:\/\d\d?(?!\d))?/.exec(
        plain.slice(starts[token], starts[token]! + 20),
      );
      if (match && plain[starts[token]! - 1] !== '.' && isIpv4(page, token, match)) {
        until = starts[token]! + match[0].length;
        page.add({ kind: 'IP', start: starts[token]!, end: until, score: 0.93, checked: true });
      }
    }
    if (plain.charCodeAt(ends[token]!) !== 58) continue;
    let start = starts[token]!;
    while (start > 0 && ends[token]! - start < 5 && (page.bits[start - 1]! & ALNUM) !== 0) start -= 1;
    if (plain[start - 1] !== ':') until = Math.max(until, ipv6(page, start));
  }
  for (let at = plain.indexOf('::'); at >= 0; at = plain.indexOf('::', at + 2))
    if (at === 0 || page.isSpace(at - 1) || plain[at - 1] === '[') ipv6(page, at);
}

/** Four small numbers are rather a version or a chapter, unless the words say otherwise. */
function isIpv4(page: Page, token: number, match: RegExpExecArray): boolean {
  const parts = match.slice(1, 5);
  if (parts.some((part) => Number(part) > 255 || (part.length > 1 && part.startsWith('0')))) return false;
  // Every machine calls itself so, and nobody is called by a mask.
  if (parts[0] === '127' || parts[0] === '0' || parts[0] === '255') return false;
  const { near, seen } = page.before(token, c.NETWORK | c.VERSION, 6);
  if ((near & c.NETWORK) !== 0) return true;
  if ((near & c.VERSION) !== 0) return false;
  if (page.is(token - 1, GLUED) && page.word(token - 1) === 'v') return false;
  return (
    (seen & c.NETWORK) !== 0 ||
    (parts.every((part) => Number(part) < 256) && parts.some((part) => part.length > 1) && Number(parts[0]) > 0)
  );
}

/** The end of an IPv6 address that begins here; 0 where there is none. */
function ipv6(page: Page, start: number): number {
  let end = start;
  while (end < page.size && end - start < 46 && /[0-9a-f:.]/.test(page.plain[end]!)) end += 1;
  while (end > start && (page.plain[end - 1] === '.' || (page.plain[end - 1] === ':' && page.plain[end - 2] !== ':')))
    end -= 1;
  const text = page.plain.slice(start, end);
  if (text.length < 3 || !/\d/.test(text) || !page.isBoundary(end) || !isIPv6(text)) return 0;
  if (text.replaceAll(':', '').length < 3) return 0;
  page.add({ kind: 'IP', start, end, score: 0.95, checked: true });
  return end;
}
