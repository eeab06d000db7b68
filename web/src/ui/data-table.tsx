import { type ReactNode, useState } from 'react';
import { useFormat, useSay } from './services.ts';

export interface Column<T> {
  readonly title: string;
  readonly cell: (row: T) => ReactNode;
  readonly number?: boolean;
}

const pageRows = 100;

/** Roles said aloud: a phone shows the parts as blocks, and a browser then forgets that they were a table. */
const as = {
  table: { role: 'table' },
  rowgroup: { role: 'rowgroup' },
  row: { role: 'row' },
  columnheader: { role: 'columnheader' },
  rowheader: { role: 'rowheader' },
  cell: { role: 'cell' },
} as const;

/**
 * Rows of like things. The first column names the row. On a phone each row is a card whose cells carry their titles; a long
 * list is drawn a hundred rows at a time, so that 2,000 open as quickly as 20.
 */
export function DataTable<T>({
  label,
  columns,
  rows,
  keyOf,
  empty,
  onMore,
}: {
  readonly label: string;
  readonly columns: readonly Column<T>[];
  readonly rows: readonly T[];
  readonly keyOf: (row: T) => string;
  readonly empty: string;
  /** Set when the server has more. */
  readonly onMore?: (() => void) | undefined;
}) {
  const say = useSay();
  const format = useFormat();
  const [shown, setShown] = useState(pageRows);
  if (rows.length === 0) return <p className="empty">{empty}</p>;
  const left = rows.length - shown;
  return (
    <>
      <table className="data-table" {...as.table} aria-label={label}>
        <thead {...as.rowgroup}>
          <tr {...as.row}>
            {columns.map(({ title, number }) => (
              <th key={title} {...as.columnheader} scope="col" className={number ? 'number' : undefined}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody {...as.rowgroup}>
          {rows.slice(0, shown).map((row) => (
            <tr key={keyOf(row)} {...as.row}>
              {columns.map(({ title, cell, number }, at) =>
                at === 0 ? (
                  <th key={title} {...as.rowheader} scope="row">
                    {cell(row)}
                  </th>
                ) : (
                  <td key={title} {...as.cell} data-title={title} className={number ? 'number' : undefined}>
                    <div>{cell(row)}</div>
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
      {left > 0 ? (
        <p className="table-more">
          <span className="faint">
            {say('table.shown', { shown: format.integer(shown), all: format.integer(rows.length) })}
          </span>
          <button type="button" className="button" onClick={() => setShown(shown + 2 * pageRows)}>
            {say('table.more', { count: Math.min(left, 2 * pageRows) })}
          </button>
        </p>
      ) : onMore ? (
        <p className="table-more">
          <button type="button" className="button" onClick={onMore}>
            {say('table.older')}
          </button>
        </p>
      ) : null}
    </>
  );
}
