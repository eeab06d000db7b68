import type { Span } from './spans.ts';
import type { Vault } from './vault.ts';

// Shorter ones stand for anything.
const leastLength = 3;
const wordsIn = /[\p{L}\p{N}]+/gu;

interface Known extends Pick<Span, 'kind'> {
  readonly text: string;
  /** Where its first word begins in it. */
  readonly lead: number;
}

/**
 * Finds again what the conversation already has a placeholder for, also where nothing around it says what it is, and each part
 * of a name of several words. Case counts: what is a name is written as one.
 */
export class KnownTexts {
  readonly #byFirstWord = new Map<string, Known[]>();

  constructor(vault: Vault) {
    for (const { kind, text } of vault.entries()) {
      if (kind === 'TEXT') continue;
      this.#add(kind, text);
      if (kind === 'PERSON') for (const part of partsOf(text)) this.#add(kind, part);
    }
  }

  /** Those whose first word begins between `from` and `to`. */
  find(text: string, from: number, to: number): readonly Span[] {
    if (this.#byFirstWord.size === 0) return [];
    const spans: Span[] = [];
    let past = 0;
    const words = new RegExp(wordsIn);
    words.lastIndex = from;
    for (let match = words.exec(text); match && match.index < to; match = words.exec(text)) {
      const { 0: word, index } = match;
      if (index < past) continue;
      const known = this.#byFirstWord.get(word)?.find((one) => isThere(one, text, index));
      if (!known) continue;
      const start = index - known.lead;
      past = start + known.text.length;
      spans.push({ kind: known.kind, start, end: past, score: 1 });
    }
    return spans;
  }

  #add(kind: Known['kind'], text: string): void {
    const first = text.match(/[\p{L}\p{N}]+/u);
    if (!first || text.length < leastLength) return;
    const there = this.#byFirstWord.get(first[0]) ?? [];
    if (there.some((one) => one.text === text)) return;
    there.push({ kind, text, lead: first.index ?? 0 });
    there.sort((a, b) => b.text.length - a.text.length);
    this.#byFirstWord.set(first[0], there);
  }
}

function isThere({ text: known, lead }: Known, text: string, index: number): boolean {
  const start = index - lead;
  if (start < 0 || !text.startsWith(known, start)) return false;
  return !isWordAt(text, start + known.length) || !/[\p{L}\p{N}]$/u.test(known);
}

const isWordAt = (text: string, at: number): boolean => /^[\p{L}\p{N}]/u.test(text.slice(at, at + 2));

/** The single words of a name that has several, as written and in capitals. */
function partsOf(name: string): string[] {
  const parts = name.split(/[\s\u00a0]+/u).filter((part) => /^\p{Lu}/u.test(part) && part.length >= leastLength);
  if (parts.length < 2) return [];
  return parts.filter((part) => !part.endsWith('.')).flatMap((part) => [part, part.toUpperCase()]);
}
