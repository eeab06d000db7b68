import { mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { IntramurosError } from '../base/index.ts';

/** Held by the one process that may write a data directory. */
export interface DirectoryLock extends Disposable {
  readonly home: string;
  release(): void;
}

/**
 * Takes the exclusive lock of a data directory, and creates the directory when it is missing.
 *
 * The lock is the operating system's own, on the file `lock`, taken through SQLite because Node has no call for it: it
 * ends with its process, also after a kill -9, so a stale one cannot exist. `lock.pid` only says who holds it.
 * Not covered: network file systems without locks.
 *
 * @throws {IntramurosError} `data_directory_in_use`, naming the process; `data_directory_not_writable`; `disk_full`.
 */
export function lockDataDirectory(home: string): DirectoryLock {
  prepareDirectory(home);
  const path = join(realpathSync(home), 'lock');
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path);
    database.exec('PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE');
  } catch (error) {
    database?.close();
    throw lockFailure(home, error);
  }
  const held = database;
  writeFileSync(join(home, 'lock.pid'), `${process.pid}\n`);
  let released = false;
  const release = (): void => {
    if (released) return;
    released = true;
    rmSync(join(home, 'lock.pid'), { force: true });
    held.close();
  };
  return { home, release, [Symbol.dispose]: release };
}

/** Process that holds the lock of a data directory, as it said itself; undefined when it did not. */
export function lockHolder(home: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(join(home, 'lock.pid'), 'utf8'), 10);
    return Number.isSafeInteger(pid) ? pid : undefined;
  } catch {
    return undefined; // no file: nobody said
  }
}

function prepareDirectory(home: string): void {
  try {
    mkdirSync(home, { recursive: true, mode: 0o700 });
    const probe = join(home, `.probe-${process.pid}`);
    writeFileSync(probe, 'x');
    rmSync(probe);
  } catch (error) {
    throw directoryFailure(home, error);
  }
}

function directoryFailure(home: string, error: unknown): IntramurosError {
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new IntramurosError('disk_full', `No space is left on the disk of ${home}. Free some and start again.`, {
      cause: error,
      facts: { path: home },
    });
  }
  return new IntramurosError(
    'data_directory_not_writable',
    `The data directory ${home} cannot be written (${code}). Give this user the right to write there, or choose another with INTRAMUROS_HOME.`,
    { cause: error, facts: { path: home, reason: code } },
  );
}

function lockFailure(home: string, error: unknown): IntramurosError {
  if ((error as { errcode?: number }).errcode !== 5) return directoryFailure(home, error);
  const pid = lockHolder(home);
  return new IntramurosError(
    'data_directory_in_use',
    `The data directory ${home} is in use by ${pid === undefined ? 'another process' : `process ${pid}`}. Stop that one, or choose another directory with INTRAMUROS_HOME.`,
    { cause: error, facts: { path: home, pid: pid ?? null } },
  );
}
