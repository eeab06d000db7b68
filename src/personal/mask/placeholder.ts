import { kindOfWord, type MaskedKind, mayBecomeName, words } from './words.ts';

/** A placeholder as it goes out: `[[PERSONNE_2]]`. */
export const placeholderOf = (kind: MaskedKind, number: number): string => `[[${words[kind]}_${number}]]`;

/** A placeholder as a model wrote it, or somebody typed it. */
export interface Seen {
  readonly kind: MaskedKind;
  readonly number: number;
  /** Offset behind it. */
  readonly end: number;
  /** What it stands for, in the writing around it. */
  wrap(text: string): string;
}

interface Form {
  readonly open: string;
  readonly close: string;
  /** Written exactly as it is given out: for brackets that are common elsewhere. */
  readonly strict?: true;
  wrap(text: string): string;
}

const asIs = (text: string): string => text;
const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const inHtml = (text: string): string => text.replace(/[&<>"]/g, (character) => entities[character] ?? character);

const forms: readonly Form[] = [
  { open: '[[', close: ']]', wrap: asIs },
  { open: '[', close: ']', strict: true, wrap: asIs },
  { open: '\\[\\[', close: '\\]\\]', wrap: asIs },
  { open: '%5b%5b', close: '%5d%5d', wrap: encodeURIComponent },
  { open: '&#91;&#91;', close: '&#93;&#93;', wrap: inHtml },
];

/** Characters that a placeholder may begin with. */
export const beginnings: readonly string[] = ['[', '\\', '%', '&'];
const longestName = 48;
const inName = /[\p{L}\p{M}\d_\\ -]/u;
const inStrictName = /[A-Z\d_]/;
const wholeName = /^([A-Z]+(?:_[A-Z]+)*)_(\d{1,6})$/;

/**
 * Reads the placeholder that begins at `at`, in whatever case, with accents, spaces or a model's escaping. `open` when the
 * text ends before it can be told; undefined when there is none.
 */
export function readPlaceholder(text: string, at: number): Seen | 'open' | undefined {
  let open = false;
  for (const form of forms) {
    const seen = readForm(text, at, form);
    if (seen === 'open') open = true;
    else if (seen) return open ? 'open' : seen;
  }
  return open ? 'open' : undefined;
}

function readForm(text: string, at: number, form: Form): Seen | 'open' | undefined {
  const begun = matchLiteral(text, at, form.open);
  if (begun !== 'whole') return begun;
  const from = at + form.open.length;
  const characters = form.strict ? inStrictName : inName;
  let end = from;
  while (end < text.length && end - from <= longestName && isInName(text, end, form, characters)) end += 1;
  if (end - from > longestName) return undefined;
  const raw = text.slice(from, end);
  if (end === text.length) {
    const name = form.strict ? raw : normalName(raw.replace(/\\$/, ''));
    return name === '' || isWhole(name) || mayBecomeName(name) ? 'open' : undefined;
  }
  const [, word = '', digits = ''] = wholeName.exec(form.strict ? raw : normalName(raw)) ?? [];
  const kind = kindOfWord(word);
  if (kind === undefined) return undefined;
  const closed = matchLiteral(text, end, form.close);
  if (closed !== 'whole') return closed;
  return { kind, number: Number(digits), end: end + form.close.length, wrap: form.wrap };
}

/** A backslash belongs to the name only where it escapes something in it, not where it closes. */
function isInName(text: string, at: number, { close }: Form, characters: RegExp): boolean {
  const character = text[at] ?? '';
  if (character === '\\' && close.startsWith('\\')) return text[at + 1] === '_' || at + 1 === text.length;
  return characters.test(character);
}

function matchLiteral(text: string, at: number, literal: string): 'whole' | 'open' | undefined {
  const there = text.slice(at, at + literal.length).toLowerCase();
  if (there === literal) return 'whole';
  return at + there.length === text.length && literal.startsWith(there) ? 'open' : undefined;
}

const isWhole = (name: string): boolean => kindOfWord(wholeName.exec(name)?.[1] ?? '') !== undefined;

function normalName(raw: string): string {
  return raw
    .normalize('NFD')
    .replace(/[\p{M}\\]/gu, '')
    .trim()
    .toUpperCase()
    .replace(/[\s_-]+/g, '_');
}

/** Where the next placeholder may begin; -1 when nowhere. */
export function nextBeginning(text: string, from: number): number {
  for (let at = from; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0x5b || code === 0x5c || code === 0x25 || code === 0x26) return at;
  }
  return -1;
}

/** Every placeholder in a text, known to anybody or not. */
export function* placeholdersIn(text: string): Generator<Seen & { readonly start: number }> {
  for (let at = nextBeginning(text, 0); at >= 0; ) {
    const seen = readPlaceholder(text, at);
    if (seen && seen !== 'open') yield { ...seen, start: at };
    at = nextBeginning(text, seen && seen !== 'open' ? seen.end : at + 1);
  }
}
