import { nextBeginning, readPlaceholder } from './placeholder.ts';
import type { Vault } from './vault.ts';

/**
 * Puts back what placeholders stand for, in a text that comes in pieces cut anywhere. Holds back only an end that may be the
 * beginning of a placeholder. One that the vault does not know stays as it is, and is counted. What was put back is not read
 * again.
 */
export class Restorer {
  readonly #vault: Pick<Vault, 'lookUp'>;
  #held = '';
  #restored = 0;
  #unknown = 0;

  constructor(vault: Pick<Vault, 'lookUp'>) {
    this.#vault = vault;
  }

  get restored(): number {
    return this.#restored;
  }
  /** Placeholders that the model made up. */
  get unknown(): number {
    return this.#unknown;
  }

  push(piece: string): string {
    if (this.#held === '' && nextBeginning(piece, 0) < 0) return piece;
    const text = this.#held + piece;
    this.#held = '';
    return this.#read(text, false);
  }

  /** The rest, once nothing more comes. */
  end(): string {
    const text = this.#held;
    this.#held = '';
    return this.#read(text, true);
  }

  #read(text: string, last: boolean): string {
    let out = '';
    let done = 0;
    for (let at = nextBeginning(text, 0); at >= 0; ) {
      const seen = readPlaceholder(text, at);
      if (seen === 'open' && !last) {
        this.#held = text.slice(at);
        return out + text.slice(done, at);
      }
      if (!seen || seen === 'open') {
        at = nextBeginning(text, at + 1);
        continue;
      }
      const there = this.#vault.lookUp(seen.kind, seen.number);
      if (there === undefined) this.#unknown += 1;
      else {
        this.#restored += 1;
        out += text.slice(done, at) + seen.wrap(there);
        done = seen.end;
      }
      at = nextBeginning(text, seen.end);
    }
    return out + text.slice(done);
  }
}
