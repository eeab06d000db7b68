/** One row of a result, by column name. */
export type Row = Readonly<Record<string, unknown>>;

/** Something that answers SQL: the database itself, or one transaction on it. */
export interface Queryable {
  /** Runs one statement with `$1`, `$2` … parameters. */
  query<R = Row>(sql: string, parameters?: readonly unknown[]): Promise<readonly R[]>;
}

/** The one database of an installation; the same SQL on both kinds. */
export interface Database extends Queryable, AsyncDisposable {
  readonly kind: 'pglite' | 'postgres';
  /** Runs `work` in one transaction; rolls back when it throws. Nothing of other callers comes between. */
  transaction<T>(work: (transaction: Queryable) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}
