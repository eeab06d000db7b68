import { type Clock, type Logger, systemClock } from '../base/index.ts';
import { type Database, type Queryable, scrub } from '../store/index.ts';
import { type Key, openText, openTokens, sealText } from './cipher.ts';
import { keyDestroyed, keyUnavailable } from './failure.ts';
import { type RunProgram, readHouseKey } from './house-key.ts';
import { keyOfHouse } from './house-row.ts';
import { markDestroyed, renewRow, sweepRestored } from './marks.ts';
import { findKey, insertKey, isAtOrBelow, renameKey } from './rows.ts';
import { openTombstones } from './tombstones.ts';
import type { Keyring } from './types.ts';

export interface OpenKeyringOptions {
  readonly database: Database;
  readonly home: string;
  /** Where the house key is: see `readHouseKey`. */
  readonly settings: { readonly houseKey: string };
  readonly log: Logger;
  readonly clock?: Clock;
  /** Runs the program of `command:`; needed for that form only. */
  readonly run?: RunProgram;
  readonly environment?: NodeJS.ProcessEnv;
}

/** A key in memory. `sure`: its row is known to be durable, not only written in a transaction that may yet be undone. */
interface Held extends Key {
  readonly sure: boolean;
  token?: (word: string) => string;
}

const othersLookMs = 15_000;
const laterMs = [1_000, 30_000];

/**
 * Opens the keys of an installation: checks the house key against the one that wrapped them, and destroys again what an
 * older copy of the database brought back.
 * @throws {IntramurosError} `key_unavailable` when the house key is lost or another; nothing is changed then.
 */
export async function openKeyring(options: OpenKeyringOptions): Promise<Keyring> {
  const { database, home, log, clock = systemClock } = options;
  const house = await keyOfHouse(database, clock, (mayMake) => read(options, mayMake));
  const marks = openTombstones(home);
  const back = await sweepRestored(database, marks.all);
  if (back.length > 0)
    log.warn({ keys: back.length }, 'keys of erased subjects came back with an older database and are destroyed again');
  const keyring = new OpenKeyring({ database, log, clock, house, marks, source: options.settings.houseKey });
  await keyring.settle();
  return keyring;
}

/**
 * Whether the house key is there and is the one that sealed; false where nothing was sealed yet. Makes and changes nothing.
 * @throws {IntramurosError} `key_unavailable`.
 */
export async function checkHouseKey(options: Omit<OpenKeyringOptions, 'log' | 'clock'>): Promise<boolean> {
  const [known] = await options.database.query('SELECT id FROM house_keys');
  if (known === undefined) return false;
  await keyOfHouse(options.database, systemClock, () => read(options, false));
  return true;
}

function read(options: Omit<OpenKeyringOptions, 'log' | 'clock'>, mayMake: boolean): ReturnType<typeof readHouseKey> {
  const { home, settings, environment = process.env, run = cannotRun } = options;
  return readHouseKey({ home, mayMake, source: settings.houseKey, environment, run });
}

const cannotRun: RunProgram = () =>
  Promise.reject(new TypeError('This program cannot run another to get the house key.'));

interface Parts extends Pick<OpenKeyringOptions, 'database' | 'log'> {
  readonly clock: Clock;
  readonly house: Key;
  readonly marks: ReturnType<typeof openTombstones>;
  readonly source: string;
}

class OpenKeyring implements Keyring {
  readonly source: string;
  readonly #parts: Parts;
  readonly #held = new Map<string, Held>();
  readonly #gone = new Map<string, string>();
  #settling: Promise<void> = Promise.resolve();
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(parts: Parts) {
    this.#parts = parts;
    this.source = parts.source;
    // Gateways beside this one destroy keys too: what they destroyed must not live on in this memory.
    if (parts.database.kind === 'postgres') {
      this.#timers.add(setInterval(() => void this.#dropDestroyed(), othersLookMs).unref());
    }
  }

  get destroyed(): Parts['marks']['all'] {
    return this.#parts.marks.all;
  }

  async ready(subject: string, on?: Queryable): Promise<void> {
    if (this.#held.get(subject)?.sure) return;
    const { database, house, clock } = this.#parts;
    const queryable = on ?? database;
    const found = await findKey(queryable, house, subject);
    if (found !== undefined) return this.#hold(subject, found, on === undefined);
    const made = this.#held.get(subject) ?? undefined;
    const kept = await insertKey(queryable, house, subject, made, new Date(clock.now()).toISOString());
    this.#hold(subject, kept, on === undefined);
  }

  #hold(subject: string, key: Key, sure: boolean): void {
    const before = this.#held.get(subject);
    this.#gone.delete(subject);
    if (before?.id === key.id && before.sure) return;
    this.#held.set(subject, { ...key, sure });
  }

  #key(subject: string): Held {
    const held = this.#held.get(subject);
    if (held !== undefined) return held;
    const gone = this.#gone.get(subject);
    if (gone !== undefined) throw keyDestroyed(gone);
    throw keyUnavailable(`The key of "${subject}" was not asked for`, 'not_ready');
  }

  seal(subject: string, place: string, text: string): string {
    return sealText(this.#key(subject), place, text);
  }

  open(subject: string, place: string, sealed: string): string {
    const text = openText(this.#key(subject), place, sealed);
    if (typeof text !== 'string') return text.toString('utf8');
    const what = {
      form: `The text of ${place} has an unknown form`,
      other_key: `The text of ${place} was sealed under another key`,
      damaged: `The text of ${place} is damaged or belongs elsewhere`,
    }[text];
    throw keyUnavailable(what, 'damaged', { place });
  }

  token(subject: string, word: string): string {
    const held = this.#key(subject);
    held.token ??= openTokens(held);
    return held.token(word);
  }

  async destroy(subject: string | readonly string[], on?: Queryable) {
    const { database, clock } = this.#parts;
    const subjects = typeof subject === 'string' ? [subject] : subject;
    const at = new Date(clock.now()).toISOString();
    const done = await (on === undefined
      ? database.transaction((inner) => markDestroyed(inner, subjects, at))
      : markDestroyed(on, subjects, at));
    // If the transaction is undone after all, `ready` reads them again.
    for (const gone of [...subjects, ...done.subjects]) this.#forget(gone, done.at);
    for (const held of [...this.#held.keys()]) {
      if (subjects.some((root) => isAtOrBelow(held, root))) this.#forget(held, done.at);
    }
    if (on === undefined) await this.settle();
    else this.#settleLater();
    return { destroyed: done.subjects.length, at: done.at };
  }

  #forget(subject: string, at: string): void {
    this.#held.get(subject)?.bytes.fill(0);
    this.#held.delete(subject);
    this.#gone.set(subject, at);
  }

  settle(): Promise<void> {
    this.#settling = this.#settling.catch(() => undefined).then(() => this.#settleNow());
    return this.#settling;
  }

  /** For a transaction whose end nobody tells: once soon, once when also a long one has ended; else at the next start. */
  #settleLater(): void {
    for (const delayMs of laterMs) {
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        this.settle().catch((error: unknown) => this.#parts.log.warn({ err: error }, 'remains of destroyed keys stay'));
      }, delayMs).unref();
      this.#timers.add(timer);
    }
  }

  async #settleNow(): Promise<void> {
    const { database, marks, log } = this.#parts;
    const rows = await database.query<{ subject: string; at: string }>(
      'SELECT subject, destroyed_at AS at FROM subject_keys WHERE destroyed_at IS NOT NULL',
    );
    marks.add(rows);
    const tables = await database.query<{ name: string }>('SELECT table_name AS name FROM unscrubbed ORDER BY 1');
    if (tables.length === 0) return;
    const names = tables.map(({ name }) => name);
    await scrub(database, names, log);
    await database.query('DELETE FROM unscrubbed WHERE table_name = ANY ($1::text[])', [names]);
  }

  async renew(subject: string, on?: Queryable): Promise<void> {
    const { database, house, clock } = this.#parts;
    if (this.#held.get(subject)?.sure) return;
    const work = (inner: Queryable): Promise<void> =>
      renewRow(inner, house, subject, new Date(clock.now()).toISOString());
    await (on === undefined ? database.transaction(work) : work(on));
    return this.ready(subject, on);
  }

  async existing(subjects: readonly string[], on: Queryable = this.#parts.database): Promise<readonly string[]> {
    const rows = await on.query<{ subject: string }>(
      'SELECT subject FROM subject_keys WHERE subject = ANY ($1::text[]) AND wrapped IS NOT NULL',
      [subjects],
    );
    return rows.map(({ subject }) => subject);
  }

  async adopt(from: string, to: string, on: Queryable): Promise<void> {
    await renameKey(on, this.#parts.house, from, to);
    this.#held.delete(from);
    this.#held.delete(to);
  }

  async #dropDestroyed(): Promise<void> {
    const { database, log } = this.#parts;
    try {
      const rows = await database.query<{ subject: string; at: string }>(
        'SELECT subject, destroyed_at AS at FROM subject_keys WHERE destroyed_at IS NOT NULL AND subject = ANY ($1::text[])',
        [[...this.#held.keys()]],
      );
      for (const { subject, at } of rows) this.#forget(subject, at);
    } catch (error) {
      log.debug({ err: error }, 'destroyed keys could not be looked for');
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    await this.#settling.catch(() => undefined);
    for (const { bytes } of this.#held.values()) bytes.fill(0);
    this.#held.clear();
  }
}
