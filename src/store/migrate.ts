import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { IntramurosError } from '../base/index.ts';
import type { Driver, Session } from './driver.ts';

/** One step of the database's shape: `migrations/0001-conversations.sql`. */
export interface Migration {
  readonly number: number;
  readonly name: string;
  readonly sql: string;
  readonly sha256: string;
}

/** Reads the migrations of a folder in order; numbers go up by one from 1. */
export function readMigrations(folder: URL = new URL('./migrations/', import.meta.url)): readonly Migration[] {
  const names = readdirSync(folder).filter((name) => /^\d{4}-.+\.sql$/.test(name));
  return names.sort().map((name, index) => {
    const number = Number.parseInt(name, 10);
    if (number !== index + 1) {
      throw new IntramurosError('internal', `Migration ${name} should have the number ${index + 1}.`);
    }
    const sql = readFileSync(new URL(name, folder), 'utf8').replaceAll('\r\n', '\n');
    return { number, name, sql, sha256: createHash('sha256').update(sql).digest('hex') };
  });
}

const ledger = `CREATE TABLE IF NOT EXISTS intramuros_migrations (
  number integer PRIMARY KEY, name text NOT NULL, sha256 text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`;

/**
 * Brings a database to the shape this program knows, one transaction a step; a failed step leaves the one before.
 * Several programs may do so at once on one server: each step takes a lock.
 *
 * @param options.upTo last step to run: a restore loads old data into its own shape first.
 * @throws {IntramurosError} `database_newer` when it has steps that this program does not know, `database_altered` when
 *   a step it has was another; nothing is changed then.
 */
export async function migrate(
  driver: Driver,
  migrations: readonly Migration[] = readMigrations(),
  options: { readonly upTo?: number; readonly signal?: AbortSignal } = {},
): Promise<void> {
  check(await appliedTo(driver), migrations, driver.where);
  for (const migration of migrations) {
    options.signal?.throwIfAborted();
    if (migration.number > (options.upTo ?? Number.POSITIVE_INFINITY)) break;
    await driver.transaction(async (session) => {
      if (driver.kind === 'postgres') await session.query('SELECT pg_advisory_xact_lock(4910420)');
      await apply(session, migration, migrations, driver.where);
    });
  }
}

async function apply(
  session: Session,
  migration: Migration,
  known: readonly Migration[],
  where: string,
): Promise<void> {
  const applied = await appliedTo(session);
  check(applied, known, where);
  if (applied.some(({ number }) => number === migration.number)) return;
  await session.script(ledger);
  await session.script(migration.sql);
  await session.query('INSERT INTO intramuros_migrations (number, name, sha256) VALUES ($1, $2, $3)', [
    migration.number,
    migration.name,
    migration.sha256,
  ]);
}

type Applied = Pick<Migration, 'number' | 'name' | 'sha256'>;

/** Steps that a database has had, in order; none for an empty one. */
export async function appliedTo(session: Pick<Session, 'query'>): Promise<readonly Applied[]> {
  const [found] = await session.query<{ there: boolean }>(
    `SELECT to_regclass('intramuros_migrations') IS NOT NULL AS there`,
  );
  if (!found?.there) return [];
  return session.query<Applied>('SELECT number, name, sha256 FROM intramuros_migrations ORDER BY number');
}

function check(applied: readonly Applied[], known: readonly Migration[], where: string): void {
  const newest = applied.at(-1)?.number ?? 0;
  if (newest > known.length) {
    throw new IntramurosError(
      'database_newer',
      `The database ${where} was made by a newer version (step ${newest}; this program knows ${known.length}). It was not touched. Install the newer version, or restore a backup made with this one.`,
      { facts: { found: newest, known: known.length } },
    );
  }
  for (const step of applied) {
    const ours = known[step.number - 1];
    if (ours !== undefined && ours.sha256 === step.sha256) continue;
    throw new IntramurosError(
      'database_altered',
      `Step "${step.name}" of the database ${where} is not the one this program has. It was not touched. Use the version that made it, or restore a backup.`,
      { facts: { step: step.number } },
    );
  }
}
