import { IntramurosError } from '../base/index.ts';
import type { Database, Queryable } from '../store/index.ts';
import { parseStored, type StoredUpstream } from './declare.ts';

/** One row, its secret still sealed. */
export interface UpstreamRecord {
  readonly id: string;
  readonly stored: StoredUpstream;
  readonly sealed: string | null;
  readonly version: number;
}

interface Row {
  readonly id: string;
  readonly data: unknown;
  readonly secret: string | null;
  readonly version: number;
}

/** Counts every change of every gateway on this database. */
export async function readRevision(on: Queryable): Promise<number> {
  const [row] = await on.query<{ revision: number }>('SELECT revision FROM upstreams_revision');
  return row?.revision ?? 0;
}

/** All records, and the ids of those that this program cannot read. */
export async function readRecords(database: Database): Promise<{
  readonly revision: number;
  readonly records: readonly UpstreamRecord[];
  readonly unread: readonly string[];
}> {
  return database.transaction(async (on) => {
    const revision = await readRevision(on);
    const rows = await on.query<Row>('SELECT id, data, secret, version FROM upstreams ORDER BY id');
    const records = rows.map(toRecord);
    return {
      revision,
      records: records.filter((record) => record !== undefined),
      unread: rows.filter((_row, at) => records[at] === undefined).map(({ id }) => id),
    };
  });
}

function toRecord({ id, data, secret, version }: Row): UpstreamRecord | undefined {
  const stored = parseStored(data);
  return stored && { id, stored, sealed: secret, version };
}

export async function insertRecord(on: Queryable, record: UpstreamRecord): Promise<void> {
  const made = await on.query(
    `INSERT INTO upstreams (id, data, secret, version) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO NOTHING RETURNING id`,
    [record.id, JSON.stringify(record.stored), record.sealed, record.version],
  );
  if (made.length > 0) return bump(on);
  throw new IntramurosError('conflict', `An upstream "${record.id}" exists already. Choose another id.`, {
    facts: { id: record.id },
  });
}

/** Stores a record that was read at the version before. */
export async function updateRecord(on: Queryable, record: UpstreamRecord): Promise<void> {
  const changed = await on.query(
    'UPDATE upstreams SET data = $2, secret = $3, version = $4, updated_at = now() WHERE id = $1 AND version = $5 RETURNING id',
    [record.id, JSON.stringify(record.stored), record.sealed, record.version, record.version - 1],
  );
  if (changed.length === 0) throw stale(record.id);
  await bump(on);
}

export async function deleteRecord(on: Queryable, id: string, version: number): Promise<void> {
  const gone = await on.query('DELETE FROM upstreams WHERE id = $1 AND version = $2 RETURNING id', [id, version]);
  if (gone.length === 0) throw stale(id);
  await bump(on);
}

async function bump(on: Queryable): Promise<void> {
  await on.query('UPDATE upstreams_revision SET revision = revision + 1');
}

export function stale(id: string): IntramurosError {
  return new IntramurosError(
    'conflict',
    `The upstream "${id}" was changed by somebody else meanwhile. Read it again, then repeat the change.`,
    { facts: { id } },
  );
}
