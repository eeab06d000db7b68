import { AsyncLocalStorage } from 'node:async_hooks';
import { join } from 'node:path';
import { IntramurosError, type Logger } from '../base/index.ts';
import type { Driver, Session } from './driver.ts';
import { EmbeddedDriver } from './embedded.ts';
import { lockDataDirectory } from './lock.ts';
import { type Migration, migrate, readMigrations } from './migrate.ts';
import { ServerDriver } from './server.ts';
import type { Database, Queryable, Row } from './types.ts';

export interface OpenDatabaseOptions {
  /** Data directory of the installation; locked until the database is closed. */
  readonly home: string;
  /** Address of a PostgreSQL server; absent: embedded, in the folder `database` of the data directory. */
  readonly databaseUrl?: string | undefined;
  readonly log: Logger;
  readonly signal?: AbortSignal;
  /** Steps to know instead of the program's own: for tests of migration itself. */
  readonly migrations?: readonly Migration[];
}

/**
 * Opens the database of an installation and brings it to this program's shape.
 * What a query acknowledged survives a kill -9.
 *
 * @throws {IntramurosError} `data_directory_in_use`, `data_directory_not_writable`, `disk_full`, `database_unavailable`,
 *   `database_newer`, `database_altered`.
 */
export async function openDatabase(options: OpenDatabaseOptions): Promise<Database> {
  options.signal?.throwIfAborted();
  const lock = lockDataDirectory(options.home);
  let driver: Driver | undefined;
  try {
    driver = openDriver(options);
    await migrate(driver, options.migrations ?? readMigrations(), options.signal ? { signal: options.signal } : {});
    return new OpenDatabase(driver, lock);
  } catch (error) {
    await driver?.close();
    lock.release();
    throw error;
  }
}

/** The bare database, neither locked nor migrated. */
export function openDriver(options: Pick<OpenDatabaseOptions, 'home' | 'databaseUrl' | 'log'>): Driver {
  return options.databaseUrl
    ? new ServerDriver({ url: options.databaseUrl, log: options.log })
    : new EmbeddedDriver({ directory: join(options.home, 'database'), log: options.log });
}

/** Transaction that the running code is in, so that asking past it fails at once instead of waiting for itself. */
const inside = new AsyncLocalStorage<{ open: boolean }>();

class OpenDatabase implements Database {
  readonly kind: Database['kind'];
  readonly #driver: Driver;
  readonly #lock: Disposable;

  constructor(driver: Driver, lock: Disposable) {
    this.kind = driver.kind;
    this.#driver = driver;
    this.#lock = lock;
  }

  async query<R = Row>(sql: string, parameters: readonly unknown[] = []): Promise<readonly R[]> {
    refuseInside();
    return this.#driver.query<R>(sql, parameters);
  }

  async transaction<T>(work: (transaction: Queryable) => Promise<T>): Promise<T> {
    refuseInside();
    const state = { open: true };
    return this.#driver.transaction(async (session) => {
      try {
        return await inside.run(state, () => work(guarded(session, state)));
      } finally {
        state.open = false;
      }
    });
  }

  async close(): Promise<void> {
    await this.#driver.close();
    this.#lock[Symbol.dispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function refuseInside(): void {
  if (!inside.getStore()?.open) return;
  throw new IntramurosError('internal', 'A query inside a transaction must go through that transaction.');
}

function guarded(session: Session, state: { readonly open: boolean }): Queryable {
  return {
    query: async <R>(sql: string, parameters: readonly unknown[] = []) => {
      if (!state.open) throw new IntramurosError('internal', 'This transaction has ended.');
      return session.query<R>(sql, parameters);
    },
  };
}
