import { formatBytes, IntramurosError } from '../base/index.ts';
import { fold, wordsOf } from './terms.ts';

/** Largest message that is kept. A context of a million tokens is about as much. */
export const messageLimitBytes = 4 * 1024 * 1024;
/** Longest title, in characters. */
export const titleLimitCharacters = 200;
const autoTitleCharacters = 60;

/**
 * A text as the database can hold it: NUL and lone surrogates become U+FFFD.
 * @throws {IntramurosError} `payload_too_large`.
 */
export function storableText(text: string): string {
  const sizeBytes = Buffer.byteLength(text);
  if (sizeBytes > messageLimitBytes) {
    throw new IntramurosError(
      'payload_too_large',
      `This message has ${formatBytes(sizeBytes)}; the most is ${formatBytes(messageLimitBytes)}. Send less text at once.`,
      { facts: { sizeBytes, limitBytes: messageLimitBytes } },
    );
  }
  return text.toWellFormed().replaceAll('\0', '\uFFFD');
}

/** A person's title: one line, trimmed, neither empty nor past the limit. */
export function personTitle(title: string): string {
  const line = storableText(title).replace(/\s+/gu, ' ').trim();
  if (line === '' || [...line].length > titleLimitCharacters) {
    throw new IntramurosError(
      'invalid_request',
      `A title has 1 to ${titleLimitCharacters} characters; this one has ${[...line].length}.`,
      { facts: { characters: [...line].length, limit: titleLimitCharacters } },
    );
  }
  return line;
}

/** Title from a first question: its first line with words, cut between words. */
export function autoTitle(question: string): string {
  const first = question.split('\n').find((line) => /[\p{L}\p{N}]/u.test(line)) ?? question;
  const line = first
    .replace(/^[\s#>*`-]+/u, '')
    .replace(/\s+/gu, ' ')
    .trim();
  const characters = [...line];
  if (characters.length <= autoTitleCharacters) return line;
  const cut = characters.slice(0, autoTitleCharacters).join('');
  const space = cut.lastIndexOf(' ');
  return `${(space > autoTitleCharacters / 2 ? cut.slice(0, space) : cut).replace(/[\s,;:.–—-]+$/u, '')}…`;
}

/** Words of a search as they are indexed: lower case, accents folded, no signs. At most 16. */
export function searchWords(query: string): readonly string[] {
  return wordsOf(fold(query))
    .slice(0, 16)
    .map((word) => word.slice(0, 100));
}
