import type { Queryable } from '../store/index.ts';

/** What a destruction did. */
export interface Destruction {
  /** Keys that were there and are gone; 0 the second time. */
  readonly destroyed: number;
  /** When the subject was destroyed first, as ISO time. */
  readonly at: string;
}

/** A subject that was destroyed; nothing that was sealed for it before then may come back. */
export interface Tombstone {
  readonly subject: string;
  /** ISO time. */
  readonly at: string;
}

/**
 * Keys of people, each wrapped by the house key, which the operator may hold elsewhere.
 *
 * A subject is a person's id, `person id/2026-11` for a month of the record, or `vault/<conversation id>`. What is below
 * a subject (`person id/…`) ends with it.
 *
 * Covers: whoever has the database, its files or a backup alone reads nothing that was sealed; a sealed text that was
 * moved to another row or field, cut or changed does not open; a destroyed key opens nothing again, from a restored
 * backup either. Does not cover: whoever has the house key as well, this process's memory, and what was copied before.
 */
export interface Keyring extends AsyncDisposable {
  /**
   * Makes the subject's key when there is none; then `seal`, `open` and `token` are synchronous for it.
   * @param on transaction to read and write in; give it inside of one.
   * @throws {IntramurosError} `key_destroyed` when it or what it is below was destroyed, `key_unavailable`.
   */
  ready(subject: string, on?: Queryable): Promise<void>;
  /** AES-256-GCM under the subject's own key, bound to `place` (table/row/field). @throws {IntramurosError} `key_unavailable` when not `ready`. */
  seal(subject: string, place: string, text: string): string;
  /** @throws {IntramurosError} `key_destroyed`; `key_unavailable` when the house key is lost or another, or the text is damaged. */
  open(subject: string, place: string, sealed: string): string;
  /** Keyed token of a word, for search over sealed text: HMAC-SHA-256 cut to 48 bits, as a decimal number. */
  token(subject: string, word: string): string;
  /**
   * Destroys the keys of subjects and of all below them. Durable when it resolves, or, in a transaction `on`, when that
   * commits; then call `settle`, which takes the remains out of the files. Twice is no error.
   */
  destroy(subject: string | readonly string[], on?: Queryable): Promise<Destruction>;
  /** Writes the marks of destroyed keys beside the database and takes their remains out of the database's files. */
  settle(): Promise<void>;
  /** A new key for a destroyed subject that goes on: a person who erased all and now writes again. Else as `ready`. */
  renew(subject: string, on?: Queryable): Promise<void>;
  /** Gives a subject's key to another that has none, with what is below it: texts stay sealed as they are. */
  adopt(from: string, to: string, on: Queryable): Promise<void>;
  /** Which of these subjects have a key. */
  existing(subjects: readonly string[], on?: Queryable): Promise<readonly string[]>;
  /** What was destroyed in this installation, by the marks that no backup takes back. */
  readonly destroyed: readonly Tombstone[];
  /** Where the house key comes from, in words that hold nothing of it. */
  readonly source: string;
}
