import { randomBytes } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { IntramurosError } from './errors.ts';

const fileOf = (home: string): string => join(home, 'console.token');
const form = /^imc_[\w-]{43}$/;

/** Whether a text has the form of a console token. */
export const isConsoleToken = (text: string): boolean => text.startsWith('imc_');

/**
 * Writes a new token that only the operating-system user of the server can read: whoever holds it sits at the console of the
 * machine, and stays its owner whatever became of the administrators' passwords. One of a server before this is replaced.
 * @throws {IntramurosError} `data_directory_not_writable`.
 */
export function writeConsoleToken(home: string): string {
  const token = `imc_${randomBytes(32).toString('base64url')}`;
  try {
    rmSync(fileOf(home), { force: true });
    // `wx` and the mode in one call: no moment in which it stands there readable to others, no link followed.
    const file = openSync(fileOf(home), 'wx', 0o600);
    try {
      writeSync(file, `${token}\n`);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unknown';
    const message = `The console token cannot be written to ${home} (${reason}). Correct its rights or choose another INTRAMUROS_HOME.`;
    throw new IntramurosError('data_directory_not_writable', message, { cause: error, facts: { path: home, reason } });
  }
  return token;
}

/** The token of the server that runs on this data directory; undefined where there is none that this user alone may read. */
export function readConsoleToken(home: string): string | undefined {
  let file: number;
  try {
    file = openSync(fileOf(home), constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
  } catch {
    return undefined; // none, or another user's: a key must do
  }
  try {
    if (process.platform !== 'win32' && (fstatSync(file).mode & 0o077) !== 0) return undefined;
    const token = readFileSync(file, 'utf8').trim();
    return form.test(token) ? token : undefined;
  } finally {
    closeSync(file);
  }
}

/** Removes the token, if it is still this one. */
export function removeConsoleToken(home: string, token: string): void {
  if (readConsoleToken(home) === token) rmSync(fileOf(home), { force: true });
}
