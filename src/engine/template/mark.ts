/**
 * Following message text through a template.
 *
 * Each piece of a message is put between two marks made of characters that occur nowhere in the messages or the template,
 * so that after rendering everything between a pair is known to come from a message, wherever the template moved it.
 * Marks lie inside a text's outer whitespace (a template that trims still trims) and never inside a text that the template
 * looks for (`'</think>' in content` still finds it).
 *
 * Covers: trimming, splitting at sought texts, reordering, dropping, repeating, tests for presence.
 * Does not cover: slices by position, changes of letters. `readMarks` or the comparison with a plain render then fails, and
 * the caller must take the safe way. Whitespace around a message counts as the template's.
 */
export interface Marker {
  /** `text` with its pieces between marks. `owner` names the message in what `readMarks` returns. */
  mark(text: string, owner: number): string;
  /** The spans of a marked render, or undefined when the marks did not come through in pairs. */
  read(rendered: string): readonly MarkedSpan[] | undefined;
}

export interface MarkedSpan {
  readonly text: string;
  /** Message that the span came from; undefined for the template's own text. */
  readonly owner: number | undefined;
}

/**
 * How to treat sought texts at the start or end of a message: with empty marks at their outer side (`guarded`: where there
 * is only whitespace beyond, next to the sought text; `guarded-outside`: beyond that whitespace), bare, or not at all.
 */
export type MarkStyle = 'guarded' | 'guarded-outside' | 'bare-ends' | 'whole';

interface Region {
  readonly owner: number;
  /** Unmarked text of the message between the region before and this one. */
  readonly before: string;
  after: string;
}

const digitsPerMark = 4;
const base = 16;

/** A marker whose characters occur in none of `texts`; undefined when they use up all private characters. */
export function openMarker(texts: readonly string[], sought: readonly string[], style: MarkStyle): Marker | undefined {
  const alphabet = unusedCharacters(texts, base + 2);
  if (!alphabet) return undefined;
  const [open, close, ...digits] = alphabet as [string, string, ...string[]];
  const regions: Region[] = [];
  let lost = false; // a message that is nothing but a sought text, and left bare, cannot be followed
  const solid = style === 'whole' ? [] : sought.filter((text) => texts.some((other) => other.includes(text)));
  const splitter = solid.length === 0 ? undefined : new RegExp(`(${alternatives(solid)})`);

  const number = (id: number): string =>
    Array.from({ length: digitsPerMark }, (_, at) => digits[Math.floor(id / base ** at) % base]).join('');

  function mark(text: string, owner: number): string {
    const parts = splitter ? text.split(splitter) : [text]; // pieces at even places, sought texts at odd ones
    let marked = '';
    let unmarked = '';
    let previous: Region | undefined;
    for (const [at, part] of parts.entries()) {
      const core = part.trim();
      const inner = at > 0 && at < parts.length - 1;
      const guard = at % 2 === 0 && parts.length > 1 && (style.startsWith('guarded') || inner);
      if (at % 2 === 1 || (core === '' && !guard)) {
        marked += part;
        unmarked += part;
        continue;
      }
      // With an empty pair, either a trim of the message or one of the piece still finds its whitespace.
      const spaceFirst = (at === 0) === (style === 'guarded');
      const leading = core !== '' ? part.slice(0, part.indexOf(core)) : spaceFirst ? part : '';
      const region: Region = { owner, before: unmarked + leading, after: '' };
      if (previous) previous.after = region.before;
      const id = regions.push(region) - 1;
      previous = region;
      unmarked = part.slice(leading.length + core.length);
      marked += `${leading}${open}${number(id)}${core}${close}${number(id)}${unmarked}`;
    }
    if (previous) previous.after = unmarked;
    else if (text.trim() !== '') lost = true;
    return marked;
  }

  const pattern = new RegExp(`([${open}${close}])([${digits.join('')}]{${digitsPerMark}})`);

  function read(rendered: string): readonly MarkedSpan[] | undefined {
    if (lost || regions.length > base ** digitsPerMark) return undefined;
    const parts = rendered.split(pattern); // text, mark, number, text, mark, number, text …
    const spans: { text: string; owner: number | undefined }[] = [];
    let inside: number | undefined;
    let last: number | undefined; // region that the text since the last closing mark follows
    for (let at = 0; at < parts.length; at += 3) {
      const text = parts[at] ?? '';
      const kind = parts[at + 1];
      const id = kind === undefined ? undefined : numberOf(parts[at + 2] ?? '', digits);
      if (inside !== undefined) {
        if (kind !== close || id !== inside) return undefined;
        spans.push({ text, owner: regions[inside]?.owner });
        last = inside;
        inside = undefined;
      } else {
        if (kind === close) return undefined;
        spans.push(...betweenRegions(text, regions, last, id));
        inside = id;
      }
    }
    return inside === undefined ? spans : undefined;
  }
  return { mark, read };
}

/**
 * Text between two regions is the template's, but for what stood at that side of the region in the message itself: a
 * sought text that was left unmarked. Whitespace alone stays with the template.
 */
function betweenRegions(
  text: string,
  regions: readonly Region[],
  left: number | undefined,
  right: number | undefined,
): readonly MarkedSpan[] {
  const from = left === undefined ? undefined : regions[left];
  const to = right === undefined ? undefined : regions[right];
  const tail = from?.after.trimEnd() ?? '';
  const after = text.startsWith(tail) ? tail.length : 0;
  const head = to?.before.trimStart() ?? '';
  const before = text.slice(after).endsWith(head) ? head.length : 0;
  const end = text.length - before;
  const spans: MarkedSpan[] = [
    { text: text.slice(0, after), owner: from?.owner },
    { text: text.slice(after, end), owner: undefined },
    { text: text.slice(end), owner: to?.owner },
  ];
  return spans.filter((span) => span.text !== '');
}

function numberOf(digitsText: string, digits: readonly string[]): number {
  return [...digitsText].reduce((sum, digit, at) => sum + digits.indexOf(digit) * base ** at, 0);
}

/** Characters of Unicode's private use area that no text holds. */
function unusedCharacters(texts: readonly string[], count: number): readonly string[] | undefined {
  const used = new Set<string>();
  for (const text of texts) for (const [character] of text.matchAll(/[\uE000-\uF8FF]/g)) used.add(character);
  const free: string[] = [];
  for (let code = 0xe000; code <= 0xf8ff && free.length < count; code += 1) {
    const character = String.fromCharCode(code);
    if (!used.has(character)) free.push(character);
  }
  return free.length === count ? free : undefined;
}

/** A regular expression for any of `texts`, the longest first. */
function alternatives(texts: readonly string[]): string {
  return [...texts]
    .sort((a, b) => b.length - a.length)
    .map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('|');
}
