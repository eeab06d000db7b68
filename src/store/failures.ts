import { IntramurosError } from '../base/index.ts';

/** A statement that PostgreSQL refused. `sqlState` tells why: `23505` a duplicate, `23503` a missing parent. */
export class DatabaseError extends Error {
  readonly sqlState: string;
  constructor(message: string, sqlState: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = 'DatabaseError';
    this.sqlState = sqlState;
  }
}

/** A failure as it crosses the border of the worker thread. */
export interface WireFailure {
  readonly message: string;
  readonly sqlState: string | undefined;
  /** System error code, such as ENOSPC. */
  readonly system: string | undefined;
  /** The database inside the worker ended with it. */
  readonly fatal: boolean;
}

/** Says a database failure in the product's words. */
export function toStoreFailure(failure: WireFailure, where: string, cause?: unknown): Error {
  if (isDiskFull(failure)) {
    return new IntramurosError('disk_full', `No space is left on the disk of ${where}. Free some, then try again.`, {
      cause,
      facts: { path: where },
    });
  }
  if (failure.fatal || isUnavailable(failure)) {
    return new IntramurosError(
      'database_unavailable',
      `The database ${where} does not answer (${failure.system ?? failure.sqlState ?? failure.message}). See the log; "intramuros doctor" checks it.`,
      { cause, facts: { database: where, reason: failure.system ?? failure.sqlState ?? 'ended' } },
    );
  }
  return new DatabaseError(failure.message, failure.sqlState ?? 'XX000', { cause });
}

function isDiskFull(failure: WireFailure): boolean {
  return (
    failure.sqlState === '53100' ||
    failure.system === 'ENOSPC' ||
    failure.system === 'EDQUOT' ||
    /no space left on device/i.test(failure.message)
  );
}

// 08: connection; 28: authentication; 3D: no such database; 57P: shut down; 53: out of resources.
function isUnavailable(failure: WireFailure): boolean {
  return /^(08|28|3D|57P|53)/.test(failure.sqlState ?? '') || /^E[A-Z]+$/.test(failure.system ?? '');
}

/** What any thrown value tells about a failure. */
export function toWireFailure(error: unknown, fatal = false): WireFailure {
  const code = (error as { code?: unknown }).code;
  const text = typeof code === 'string' ? code : undefined;
  const isSqlState = text !== undefined && /^[0-9A-Z]{5}$/.test(text) && !/^E[A-Z]{4}$/.test(text);
  return {
    message: error instanceof Error ? error.message : String(error),
    sqlState: isSqlState ? text : undefined,
    system: isSqlState ? undefined : text,
    fatal,
  };
}
