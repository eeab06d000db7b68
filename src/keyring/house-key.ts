import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { isIntramurosError } from '../base/index.ts';
import { besideBackups } from '../store/index.ts';
import { type Key, toKey } from './cipher.ts';
import { keyUnavailable } from './failure.ts';

const header = 'intramuros-house-key-1';
const keyBytes = 32;

/** Name of the key file that is made in the data directory when nothing else is set. */
export const houseKeyFile = besideBackups.houseKey;

/** Runs a program that prints the key. */
export type RunProgram = (program: {
  readonly command: string;
  readonly args: readonly string[];
}) => Promise<{ readonly exitCode: number; readonly stdout: string }>;

export interface HouseKeyOptions {
  readonly home: string;
  /** Setting `houseKey`: `file`, `file:PATH`, `env:NAME` or `command:PROGRAM ARGUMENT…`. */
  readonly source: string;
  /** Whether `file` may make a key that is not there: only where nothing was ever sealed. */
  readonly mayMake: boolean;
  readonly run: RunProgram;
  readonly environment: NodeJS.ProcessEnv;
}

/**
 * Reads the house key from where the operator holds it. A variable is taken out of the environment, so that no program
 * started later inherits it.
 * @throws {IntramurosError} `key_unavailable`, `config_invalid` for a source of an unknown form.
 */
export async function readHouseKey(options: HouseKeyOptions): Promise<Key> {
  const { source, home } = options;
  if (source === 'file') return ownFile(join(home, houseKeyFile), options.mayMake);
  const [kind, rest] = split(source);
  if (kind === 'file' && isAbsolute(rest)) return fromFile(rest, false);
  if (kind === 'env' && /^[A-Za-z_][A-Za-z0-9_]*$/.test(rest)) return fromEnvironment(rest, options.environment);
  if (kind === 'command' && rest.trim() !== '') return fromCommand(rest, options.run);
  throw keyUnavailable(
    `The house key is looked for in "${source}", which has none of the forms "file", "file:/path", "env:NAME" and "command:program argument"`,
    'setting',
  );
}

function split(source: string): readonly [kind: string, rest: string] {
  const colon = source.indexOf(':');
  return colon < 0 ? [source, ''] : [source.slice(0, colon), source.slice(colon + 1)];
}

function ownFile(path: string, mayMake: boolean): Key {
  if (statSync(path, { throwIfNoEntry: false }) === undefined && mayMake) makeFile(path);
  return fromFile(path, true);
}

function fromFile(path: string, own: boolean): Key {
  let bytes: Buffer;
  try {
    if (own && process.platform !== 'win32' && (statSync(path).mode & 0o077) !== 0) {
      throw keyUnavailable(`The house key ${path} may be read by other users`, 'rights', { path });
    }
    bytes = readFileSync(path);
  } catch (error) {
    if (isIntramurosError(error)) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    const what = code === 'ENOENT' ? `The house key ${path} is gone` : `The house key ${path} cannot be read (${code})`;
    throw keyUnavailable(what, code === 'ENOENT' ? 'lost' : code, { path }, error);
  }
  return parse(bytes, `The file ${path}`, { path });
}

function fromEnvironment(name: string, environment: NodeJS.ProcessEnv): Key {
  const value = environment[name];
  delete environment[name];
  if (!value) throw keyUnavailable(`The environment variable ${name} of the house key is not set`, 'lost', { name });
  return parse(Buffer.from(value), `The environment variable ${name}`, { name });
}

async function fromCommand(line: string, run: RunProgram): Promise<Key> {
  const [command = '', ...args] = words(line);
  let ended: Awaited<ReturnType<RunProgram>>;
  try {
    ended = await run({ command, args });
  } catch (error) {
    throw keyUnavailable(`The program ${command} of the house key cannot be run`, 'lost', { command }, error);
  }
  if (ended.exitCode === 0) return parse(Buffer.from(ended.stdout), `What ${command} printed`, { command });
  // Not its words: a program that fails may have printed a part of the key.
  throw keyUnavailable(`The program ${command} of the house key ended with ${ended.exitCode}`, 'lost', { command });
}

/** Words of a command line; quotes keep spaces, nothing else is special: no shell reads it. */
function words(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
    ([, double, single, plain]) => double ?? single ?? plain ?? '',
  );
}

function parse(bytes: Buffer, what: string, facts: Readonly<Record<string, string>>): Key {
  if (bytes.length === keyBytes) return toKey(Buffer.from(bytes));
  const text = bytes.toString('utf8').trim();
  const encoded = text.startsWith(`${header} `) ? text.slice(header.length + 1).trim() : text;
  const key = /^[0-9a-fA-F]{64}$/.test(encoded) ? Buffer.from(encoded, 'hex') : Buffer.from(encoded, 'base64');
  if (key.length === keyBytes && !/\s/.test(encoded)) return toKey(key);
  throw keyUnavailable(`${what} is no house key`, 'form', facts);
}

/** Makes the key durable before anything is wrapped by it; of two programs that make it at once, the first wins. */
function makeFile(path: string): void {
  const draft = `${path}.${process.pid}-${randomBytes(4).toString('hex')}`;
  try {
    const file = openSync(draft, 'wx', 0o600);
    try {
      writeSync(file, `${header} ${randomBytes(keyBytes).toString('base64')}\n`);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    linkSync(draft, path);
    syncFolder(dirname(path));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    if (code !== 'EEXIST')
      throw keyUnavailable(`The house key ${path} cannot be made (${code})`, code, { path }, error);
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Makes the names in a folder durable. */
export function syncFolder(folder: string): void {
  if (process.platform === 'win32') return; // folders cannot be flushed there
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
