import { IntramurosError } from '../../base/index.ts';
import { placeholderOf } from './placeholder.ts';
import { type MaskedKind, words } from './words.ts';

/** What is known of somebody's name, so that the sentences around it agree with it. */
export interface Hint {
  readonly gender?: 'f' | 'm' | undefined;
  readonly plural?: boolean | undefined;
}

export interface Entry extends Hint {
  readonly kind: MaskedKind;
  readonly number: number;
  readonly text: string;
}

type Kept = readonly [kind: MaskedKind, text: string, hint?: string];

/**
 * What the placeholders of one conversation stand for. The same text always has the same placeholder, and a number once given
 * never means anything else.
 */
export class Vault {
  readonly #byKind = new Map<MaskedKind, Entry[]>();
  readonly #numbers = new Map<string, number>();
  #grown = false;
  #size = 0;

  /** Whether something was added since it was read. */
  get grown(): boolean {
    return this.#grown;
  }
  get size(): number {
    return this.#size;
  }

  /** The placeholder of a text, made when it has none yet. */
  take(kind: MaskedKind, text: string, hint: Hint = {}): string {
    const key = keyOf(kind, text);
    const number = this.#numbers.get(key);
    if (number !== undefined) {
      this.#learn(kind, number, hint);
      return placeholderOf(kind, number);
    }
    const entries = this.#byKind.get(kind) ?? [];
    this.#byKind.set(kind, entries);
    const { gender, plural } = hint;
    entries.push({ kind, number: entries.length + 1, text, gender, plural });
    this.#numbers.set(key, entries.length);
    this.#size += 1;
    this.#grown = true;
    return placeholderOf(kind, entries.length);
  }

  lookUp(kind: MaskedKind, number: number): string | undefined {
    return this.#byKind.get(kind)?.[number - 1]?.text;
  }

  entry(kind: MaskedKind, number: number): Entry | undefined {
    return this.#byKind.get(kind)?.[number - 1];
  }

  *entries(): Generator<Entry> {
    for (const entries of this.#byKind.values()) yield* entries;
  }

  toText(): string {
    const kept = [...this.entries()].map(({ kind, text, gender = '', plural }): Kept => {
      const hint = `${gender}${plural ? 'p' : ''}`;
      return hint === '' ? [kind, text] : [kind, text, hint];
    });
    return JSON.stringify({ vault: 1, kept });
  }

  /** @throws {IntramurosError} `internal` for a text that no vault was written as. */
  static fromText(text: string): Vault {
    const { vault: format, kept } = JSON.parse(text) as { vault: unknown; kept: readonly Kept[] };
    if (format !== 1 || !Array.isArray(kept) || !kept.every(([kind]) => Object.hasOwn(words, kind)))
      throw new IntramurosError('internal', 'A vault of placeholders has a form that this version does not know.');
    const vault = new Vault();
    for (const [kind, original, hint = ''] of kept) {
      const gender = hint.startsWith('f') ? 'f' : hint.startsWith('m') ? 'm' : undefined;
      vault.take(kind, original, { gender, plural: hint.endsWith('p') || undefined });
    }
    vault.#grown = false;
    return vault;
  }

  #learn(kind: MaskedKind, number: number, { gender, plural }: Hint): void {
    const entries = this.#byKind.get(kind);
    const entry = entries?.[number - 1];
    if (!entries || !entry || (!gender && !plural) || entry.gender || entry.plural) return;
    entries[number - 1] = { ...entry, gender, plural };
    this.#grown = true;
  }
}

const keyOf = (kind: MaskedKind, text: string): string => `${kind}\u0000${text}`;
