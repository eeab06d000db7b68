import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { contextWords } from './context.ts';
import { foldWord } from './fold.ts';

/** What a word may be in a name, an address or an organisation, as bits. */
export const role = {
  FIRST_F: 1,
  FIRST_M: 1 << 1,
  SURNAME: 1 << 2,
  /** A word of the language, also where it is a name too. */
  WORD: 1 << 3,
  TITLE_F: 1 << 4,
  TITLE_M: 1 << 5,
  TITLE_PLURAL: 1 << 6,
  PARTICLE: 1 << 7,
  STREET: 1 << 8,
  /** Before a name, makes it a place or an institution: `lycée Jules Ferry`. */
  HONOUR: 1 << 9,
  /** Begins the name of an organisation: `société`, `association`. */
  BODY: 1 << 10,
  LEGAL: 1 << 11,
  /** Says that a name follows: `s’appelle`, `signé`. */
  NAMING: 1 << 12,
  MONTH: 1 << 13,
  /** Begins the name of a commune. */
  COMMUNE: 1 << 14,
  ORGANISATION: 1 << 15,
  /** Never part of a name, though it begins with a capital: days, greetings, functions. */
  NEVER: 1 << 16,
  /** Says, behind a name, that it was a person: `habite`, `a signé`. */
  DOING: 1 << 17,
} as const;

export const FIRST = role.FIRST_F | role.FIRST_M;
export const TITLE = role.TITLE_F | role.TITLE_M | role.TITLE_PLURAL;

export interface Lexicon {
  /** Number of an entry by plain word; 0 is none. */
  readonly ids: ReadonlyMap<string, number>;
  readonly roles: Uint32Array;
  readonly contexts: Uint32Array;
  /** Communes by plain name (words parted by one space): 2 for larger ones, 1 for the others; 0 for a mere beginning. */
  readonly communes: ReadonlyMap<string, number>;
  /** Organisations by plain name; 0 for a mere beginning. */
  readonly organisations: ReadonlyMap<string, number>;
  /** Of the lists, for the version. */
  readonly hash: string;
}

const data = (name: string): string => readFileSync(new URL(`./data/${name}.txt`, import.meta.url), 'utf8');

function hashOfLists(): string {
  const hash = createHash('sha256');
  for (const name of ['first-names', 'surnames', 'words', 'communes', 'organisations']) hash.update(data(name));
  return hash.digest('hex').slice(0, 12);
}

/** A list, its words plain: one `role: word word …` a line; `#` begins a remark. */
function lists(name: string): readonly (readonly [string, readonly string[]])[] {
  return data(name)
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const at = line.indexOf(':');
      return [
        line.slice(0, at).trim(),
        foldWord(line.slice(at + 1))
          .trim()
          .split(/ +/),
      ] as const;
    });
}

/** Of « Le-Gall » and « N’Diaye », the parts that say something. */
function partsOf(word: string): readonly string[] {
  const parts = word.split(/[-']/);
  return parts.length === 1 ? parts : parts.filter((part) => part.length > 3);
}

let loaded: Lexicon | undefined;

/** Reads the lists, once a process. */
export function lexicon(): Lexicon {
  loaded ??= load();
  return loaded;
}

function load(): Lexicon {
  const roles = new Map<string, number>();
  const give = (plain: string, bits: number): void => {
    roles.set(plain, (roles.get(plain) ?? 0) | bits);
  };
  for (const file of ['first-names', 'surnames', 'words'])
    for (const [name, words] of lists(file)) {
      const bits = name.split('+').reduce((sum, part) => sum | role[part as keyof typeof role], 0);
      for (const word of words) for (const part of partsOf(word)) give(part, bits);
    }
  const communes = names('communes', (first) => give(first, role.COMMUNE));
  const organisations = names('organisations', (first) => give(first, role.ORGANISATION));
  const contexts = contextWords();
  const ids = new Map<string, number>();
  for (const word of [...roles.keys(), ...contexts.keys()]) if (!ids.has(word)) ids.set(word, ids.size + 1);
  const roleBits = new Uint32Array(ids.size + 1);
  const contextBits = new Uint32Array(ids.size + 1);
  for (const [word, id] of ids) {
    roleBits[id] = roles.get(word) ?? 0;
    contextBits[id] = contexts.get(word) ?? 0;
  }
  return { ids, roles: roleBits, contexts: contextBits, communes, organisations, hash: hashOfLists() };
}

/** Names of several words, one a line, `+` behind those that need no words around them; with their beginnings. */
function names(file: string, first: (word: string) => void): ReadonlyMap<string, number> {
  const all = new Map<string, number>();
  for (const line of foldWord(data(file)).split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const sure = line.endsWith('+');
    const words = (sure ? line.slice(0, -1) : line).split(/[ '-]+/);
    first(words[0]!);
    for (let n = 1; n < words.length; n += 1) {
      const beginning = words.slice(0, n).join(' ');
      if (!all.has(beginning)) all.set(beginning, 0);
    }
    const name = words.join(' ');
    all.set(name, Math.max(all.get(name) ?? 0, sure ? 2 : 1));
  }
  return all;
}
