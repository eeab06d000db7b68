import type { Audit } from '../audit/index.ts';
import { IntramurosError, type Logger } from '../base/index.ts';
import { type Database, DatabaseError, type Queryable } from '../store/index.ts';
import type { Book } from './book.ts';
import type { KeptKind } from './rows.ts';

/** One change in the making: the book is exact and nobody else changes anything until it ends. */
export interface Change extends Queryable {
  readonly book: Book;
  /** What every gateway must read again. */
  touch(kind: KeptKind, id: string): void;
  /** Goes into the record together with the change. No secret, no password. */
  record(what: string, data: Readonly<Record<string, unknown>>): void;
}

/**
 * Makes changes one after another over all gateways of the database: each raises the version in one row, which others wait for.
 * So two administrators at once see one another, and checks such as "the last owner" hold. The audit record is on the disk
 * before the change is; when it cannot be written, there is no change.
 */
export interface Changes {
  /** @param actor id of the person, or `system`. */
  make<T>(actor: string, work: (change: Change) => Promise<T>): Promise<T>;
  /** A change stands in the database that could not be read back yet. */
  readonly isBehind: boolean;
}

export function openChanges(options: {
  readonly database: Database;
  readonly book: Book;
  readonly audit: Audit;
  readonly log: Logger;
}): Changes {
  const { database, book, audit, log } = options;
  const attempt = async <T>(actor: string, work: (change: Change) => Promise<T>): Promise<T> => {
    const records: { readonly what: string; readonly data: Readonly<Record<string, unknown>> }[] = [];
    let recorded = 0;
    try {
      return await database.transaction(async (on) => {
        const version = await takeTurn(on);
        await book.follow(on, { below: version });
        const touched: [KeptKind, string][] = [];
        const result = await work({
          book,
          query: (sql, parameters) => on.query(sql, parameters),
          touch: (kind, id) => touched.push([kind, id]),
          record: (what, data) => records.push({ what, data }),
        });
        await writeTouched(on, version, touched);
        for (const { what, data } of records) {
          await audit.append({ kind: 'identity', actor, data: { what, ...data } });
          recorded += 1;
        }
        return result;
      });
    } catch (error) {
      for (const { what } of records.slice(0, recorded)) {
        audit.note({ kind: 'identity', actor, data: { what, undone: true } });
      }
      throw inWords(error);
    }
  };
  let isBehind = false;
  return {
    get isBehind() {
      return isBehind;
    },
    async make(actor, work) {
      const result = await attempt(actor, work);
      try {
        await book.follow(database);
        isBehind = false;
      } catch (error) {
        isBehind = true; // the change stands; upkeep reads it
        log.error({ err: error }, 'a change of identity is written, but was not read back yet');
      }
      return result;
    },
  };
}

async function takeTurn(on: Queryable): Promise<number> {
  const [state] = await on.query<{ version: number }>(
    `INSERT INTO identity_state AS s (one, version) VALUES (1, 1)
     ON CONFLICT (one) DO UPDATE SET version = s.version + 1 RETURNING version`,
  );
  return state?.version ?? 1;
}

async function writeTouched(on: Queryable, version: number, touched: readonly [KeptKind, string][]): Promise<void> {
  if (touched.length === 0) return;
  await on.query(
    `INSERT INTO identity_changes (version, kind, id)
     SELECT DISTINCT $1::bigint, t.kind, t.id FROM unnest($2::text[], $3::text[]) AS t (kind, id)`,
    [version, touched.map(([kind]) => kind), touched.map(([, id]) => id)],
  );
}

function inWords(error: unknown): unknown {
  if (!(error instanceof DatabaseError) || error.sqlState !== '23505') return error;
  return new IntramurosError('conflict', 'Something of that name is there already. Take another one.', {
    cause: error,
    facts: { reason: 'taken' },
  });
}

/** @throws {IntramurosError} `conflict` when the version that somebody saw is not the one that stands. */
export function checkVersion(what: string, seen: number, now: number): void {
  if (seen === now) return;
  throw new IntramurosError(
    'conflict',
    `The ${what} was changed by somebody else meanwhile (version ${now}; yours is ${seen}). Read it again, then change it.`,
    { facts: { reason: 'version', version: now } },
  );
}
