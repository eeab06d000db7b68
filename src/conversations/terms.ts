import { stemmer } from '@orama/stemmers/french';

// As much of a message as is searched: an hour's speech, some 40 pages.
const indexedCharacters = 100_000;
// A beginning of this length hardly ever leads to two words; longer words are found by it.
const longestBeginning = 16;
const shortestBeginning = 2;

/** A text in the form in which words are compared: lower case, accents folded. */
export function fold(text: string): string {
  return text
    .toWellFormed()
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
    .replaceAll('œ', 'oe')
    .replaceAll('æ', 'ae');
}

/** Words of a folded text. */
export const wordsOf = (folded: string): readonly string[] => folded.match(/[\p{L}\p{N}]+/gu) ?? [];

const beginning = (letters: string): string => `^${letters.slice(0, longestBeginning)}`;
const form = (word: string): string => `=${stemmer(word)}`;

/** Terms under which a text is found, each once: French forms of its words, and their beginnings. */
export function indexTerms(text: string): readonly string[] {
  const terms = new Set<string>();
  for (const word of new Set(wordsOf(fold(text.slice(0, indexedCharacters))))) {
    terms.add(form(word));
    const least = Math.min(shortestBeginning, word.length);
    for (let end = Math.min(longestBeginning, word.length); end >= least; end -= 1) {
      const term = `^${word.slice(0, end)}`;
      if (terms.has(term)) break; // with it came all its beginnings
      terms.add(term);
    }
  }
  return [...terms];
}

/** Terms of which one must be there for a word of a search to be found. */
export const searchTerms = (word: string): readonly string[] => [form(word), beginning(word)];

/** The passage of a text in which the first word of a search stands, as one line. */
export function passageOf(text: string, words: readonly string[]): string | undefined {
  const wanted = words.map((word) => ({ form: form(word), start: word.slice(0, longestBeginning) }));
  const pieces = [...text.slice(0, indexedCharacters).matchAll(/[\p{L}\p{N}\p{M}]+/gu)];
  const at = pieces.findIndex(([piece]) =>
    wordsOf(fold(piece)).some((word) => {
      const own = form(word);
      return wanted.some(({ form, start }) => own === form || word.startsWith(start));
    }),
  );
  if (at < 0) return undefined;
  const from = pieces[Math.max(0, at - 6)]?.index ?? 0;
  const last = pieces[Math.min(pieces.length - 1, Math.max(0, at - 6) + 23)];
  const to = last === undefined ? text.length : last.index + last[0].length;
  return text.slice(from, to).replace(/\s+/gu, ' ').trim();
}
