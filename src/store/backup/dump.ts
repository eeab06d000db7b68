import type { Session } from '../driver.ts';
import type { Queryable } from '../types.ts';

/** A table with the columns that are stored, without those computed from them. */
interface Table {
  readonly name: string;
  readonly columns: readonly string[];
}

const rowsAtOnce = 500;
const charactersAtOnce = 4_000_000;
const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/**
 * Writes all tables as lines of JSON, which load into either kind of database: an array with a table's name and
 * columns, then an object a row. Give it one transaction on a snapshot, and the dump is of one moment.
 */
export async function* dumpTables(on: Queryable): AsyncGenerator<string> {
  for (const table of await listTables(on)) {
    yield `${JSON.stringify([table.name, table.columns])}\n`;
    const columns = table.columns.map(quote).join(', ');
    await on.query(
      `DECLARE dump NO SCROLL CURSOR FOR SELECT to_jsonb(r)::text AS row FROM (SELECT ${columns} FROM ${quote(table.name)}) r`,
    );
    for (;;) {
      const rows = await on.query<{ row: string }>(`FETCH ${rowsAtOnce} FROM dump`);
      if (rows.length === 0) break;
      yield `${rows.map(({ row }) => row).join('\n')}\n`;
    }
    await on.query('CLOSE dump');
  }
}

async function listTables(on: Queryable): Promise<readonly Table[]> {
  return on.query<Table>(
    `SELECT c.table_name::text AS name, array_agg(c.column_name::text ORDER BY c.ordinal_position) AS columns
     FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
     WHERE c.table_schema = current_schema() AND t.table_type = 'BASE TABLE' AND c.is_generated = 'NEVER'
       AND c.table_name <> 'intramuros_migrations'
     GROUP BY c.table_name ORDER BY c.table_name`,
  );
}

/**
 * Loads a dump into tables of the same shape, in place of what migrations put there; references are checked at the end of the transaction.
 * @returns how many rows each table got.
 */
export async function loadTables(
  session: Session,
  lines: AsyncIterable<string>,
): Promise<Readonly<Record<string, number>>> {
  const counts: Record<string, number> = {};
  let table: Table | undefined;
  let rows: string[] = [];
  let characters = 0;
  const flush = async (): Promise<void> => {
    if (table === undefined || rows.length === 0) return;
    const columns = table.columns.map(quote).join(', ');
    await session.query(
      `INSERT INTO ${quote(table.name)} (${columns}) SELECT ${columns} FROM jsonb_populate_recordset(NULL::${quote(table.name)}, $1::jsonb)`,
      [`[${rows.join(',')}]`],
    );
    counts[table.name] = (counts[table.name] ?? 0) + rows.length;
    rows = [];
    characters = 0;
  };
  await session.script('SET CONSTRAINTS ALL DEFERRED');
  for (const { name } of await listTables(session)) await session.query(`DELETE FROM ${quote(name)}`);
  for await (const line of lines) {
    if (line.startsWith('[')) {
      await flush();
      const [name, columns] = JSON.parse(line) as [string, readonly string[]];
      table = { name, columns };
      counts[name] = 0;
    } else if (line !== '') {
      rows.push(line);
      characters += line.length;
      if (rows.length >= rowsAtOnce || characters >= charactersAtOnce) await flush();
    }
  }
  await flush();
  for (const name of Object.keys(counts)) await advanceCounters(session, name);
  return counts;
}

/** Counters of numbered columns go on after the highest number that was loaded. */
async function advanceCounters(session: Session, table: string): Promise<void> {
  const numbered = await session.query<{ column: string; counter: string }>(
    `SELECT column_name::text AS column, pg_get_serial_sequence(quote_ident($1), column_name) AS counter
     FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = $1
       AND pg_get_serial_sequence(quote_ident($1), column_name) IS NOT NULL`,
    [table],
  );
  for (const { column, counter } of numbered) {
    await session.query(
      `SELECT setval($1::regclass, coalesce((SELECT max(${quote(column)}) FROM ${quote(table)}), 0) + 1, false)`,
      [counter],
    );
  }
}
