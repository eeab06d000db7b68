import { PGlite } from '@electric-sql/pglite';
import { unaccent } from '@electric-sql/pglite/contrib/unaccent';
import { pg_textsearch } from '@electric-sql/pglite-pg_textsearch';
import { vector } from '@electric-sql/pglite-pgvector';
import { valueParsers } from './values.ts';

/** One session and no other process: buffers and tables for a hundred connections would be 140 MiB of nothing. */
const startParameters = [
  ...PGlite.defaultStartParams,
  ...['-c', 'shared_buffers=16MB', '-c', 'wal_buffers=1MB', '-c', 'max_connections=4', '-c', 'max_wal_senders=0'],
];

/** Opens the embedded database in a folder; makes it when there is none. */
export async function openCluster(directory: string): Promise<PGlite> {
  const opened = await PGlite.create({
    dataDir: `file://${directory}`,
    extensions: { vector, pg_textsearch, unaccent },
    parsers: { ...valueParsers },
    startParams: startParameters,
  });
  await opened.exec(`SET TimeZone = 'UTC'`);
  return opened;
}
