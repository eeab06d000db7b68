import { Pool, type PoolClient } from 'pg';
import { IntramurosError, type Logger } from '../base/index.ts';
import type { Driver, Session } from './driver.ts';
import { toStoreFailure, toWireFailure } from './failures.ts';
import type { Row } from './types.ts';
import { parserOf, toParameter } from './values.ts';

const types = { getTypeParser: (type: number) => parserOf(type) };

/** A PostgreSQL server by its address: a pool of connections, each transaction on one of its own. */
export class ServerDriver implements Driver {
  readonly kind = 'postgres';
  readonly where: string;
  readonly #pool: Pool;

  constructor(options: { readonly url: string; readonly log: Logger }) {
    this.where = describeAddress(options.url);
    this.#pool = new Pool({
      connectionString: options.url,
      max: 10,
      connectionTimeoutMillis: 5_000,
      application_name: 'intramuros',
      options: '-c TimeZone=UTC',
    });
    this.#pool.on('error', (error) => options.log.warn({ reason: error.message }, 'an idle database connection broke'));
  }

  query<R = Row>(sql: string, parameters: readonly unknown[] = []): Promise<readonly R[]> {
    return this.#attempt(() => run<R>(this.#pool, sql, parameters));
  }

  script(sql: string): Promise<void> {
    return this.#attempt(async () => void (await this.#pool.query(sql)));
  }

  async transaction<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const client = await this.#attempt(() => this.#pool.connect());
    let failure: Error | undefined;
    const onError = (error: Error): void => {
      failure = error;
    };
    client.on('error', onError);
    const session: Session = {
      query: <R>(sql: string, parameters: readonly unknown[] = []) =>
        this.#attempt(() => run<R>(client, sql, parameters)),
      script: (sql) => this.#attempt(async () => void (await client.query(sql))),
    };
    try {
      await session.script('BEGIN');
      const result = await work(session);
      await session.script('COMMIT');
      return result;
    } catch (error) {
      await client.query('ROLLBACK').catch((broken: Error) => {
        failure = broken;
      });
      throw error;
    } finally {
      client.removeListener('error', onError);
      client.release(failure);
    }
  }

  async close(): Promise<void> {
    if (!this.#pool.ended) await this.#pool.end();
  }

  async #attempt<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw toStoreFailure(normalised(error), this.where, error);
    }
  }
}

async function run<R>(on: Pool | PoolClient, sql: string, parameters: readonly unknown[]): Promise<readonly R[]> {
  const result = await on.query({ text: sql, values: parameters.map(toParameter), types });
  return result.rows as R[];
}

/** Lost connections come from `pg` as plain errors without a code. */
function normalised(error: unknown): ReturnType<typeof toWireFailure> {
  const failure = toWireFailure(error instanceof AggregateError ? (error.errors[0] ?? error) : error);
  const lost = /connection terminated|timeout exceeded when trying to connect/i.test(failure.message);
  return lost && failure.sqlState === undefined ? { ...failure, system: 'ECONNRESET' } : failure;
}

function describeAddress(url: string): string {
  try {
    const { hostname, port, pathname } = new URL(url);
    return `${pathname.slice(1) || 'postgres'} on ${hostname || 'the local socket'}${port ? `:${port}` : ''}`;
  } catch (error) {
    throw new IntramurosError(
      'config_invalid',
      'The setting "databaseUrl" is no address. Wanted "postgres://user@host:5432/name".',
      { cause: error, facts: { setting: 'databaseUrl' } },
    );
  }
}
