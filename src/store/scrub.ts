import type { Logger } from '../base/index.ts';
import { DatabaseError } from './failures.ts';
import type { Database } from './types.ts';

/**
 * Takes what was deleted from tables out of the files: PostgreSQL leaves deleted rows in their pages, and copies of pages
 * in its write-ahead log. The tables are written anew, and the old files unlinked. In the embedded database the log is cut
 * too: afterwards no file of the data directory holds the deleted bytes. On a server the log, its archives and replicas
 * are the operator's.
 */
export async function scrub(database: Database, tables: readonly string[], log: Logger): Promise<void> {
  for (const table of tables) {
    if (!/^[a-z_]+$/.test(table)) throw new TypeError(`"${table}" is not the name of a table.`);
    await database.query(`VACUUM (FULL, ANALYZE) ${table}`);
  }
  await database.query('VACUUM (FULL) pg_statistic').catch((error: unknown) => passOver(error, log));
  if (database.kind === 'postgres') {
    await database.query('CHECKPOINT').catch((error: unknown) => passOver(error, log));
    return;
  }
  // A log file is removed at the checkpoint after the one that no longer needs it; not kept to be written over.
  for (const step of ['SET wal_recycle = off', ...cut, ...cut]) await database.query(step);
}

const cut = ['SELECT pg_switch_wal()', 'CHECKPOINT'];

/** On a server this needs rights that the product's role need not have. */
function passOver(error: unknown, log: Logger): void {
  if (!(error instanceof DatabaseError)) throw error;
  log.debug({ err: error }, 'a step of scrubbing needs more rights on the database server');
}
