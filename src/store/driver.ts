import type { Queryable } from './types.ts';

/** One connection or transaction, as migrations and restores need it: scripts of several statements too. */
export interface Session extends Queryable {
  /** Runs a script of several statements without parameters. */
  script(sql: string): Promise<void>;
}

/** A kind of database. What `Database` promises of transactions is added by `openDatabase`. */
export interface Driver extends Session {
  readonly kind: 'pglite' | 'postgres';
  /** Where it is, in words fit for a message: a folder, or host and name, never a password. */
  readonly where: string;
  transaction<T>(work: (session: Session) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}
