import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, existsSync, readdirSync } from 'node:fs';
import { copyFile, mkdir, open, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, normalize, resolve, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { IntramurosError, isIntramurosError, type Logger } from '../../base/index.ts';
import { openDriver } from '../database.ts';
import type { Driver } from '../driver.ts';
import { toStoreFailure, toWireFailure } from '../failures.ts';
import { lockDataDirectory } from '../lock.ts';
import { appliedTo, migrate, readMigrations } from '../migrate.ts';
import { loadTables } from './dump.ts';
import { type BackupManifest, backupManifest, besideBackups, dumpPath, filesPrefix, manifestPath } from './manifest.ts';
import { damaged, TarReader } from './tar.ts';

export interface RestoreOptions {
  /** The backup. */
  readonly from: string;
  readonly home: string;
  /** Server to restore the database into; it must be empty. Absent: the embedded database. */
  readonly databaseUrl?: string | undefined;
  /** Replace an installation: it is set aside, not deleted. */
  readonly force?: boolean;
  readonly log: Logger;
  readonly signal?: AbortSignal;
}

export interface RestoreResult {
  readonly home: string;
  readonly createdAt: string;
  /** Rows, by table. */
  readonly rows: Readonly<Record<string, number>>;
  readonly files: number;
  /** Where the installation before is kept, when there was one. */
  readonly setAside: string | undefined;
}

/**
 * Makes an installation from a backup. Everything is unpacked, checked and loaded in a new directory beside `home`; only
 * then that takes its place. Until then nothing that was there has changed.
 * @throws {IntramurosError} `backup_invalid`, `conflict` when `home` is not empty, `data_directory_in_use`, `database_newer`.
 */
export async function restore(options: RestoreOptions): Promise<RestoreResult> {
  const home = resolve(options.home);
  const occupied = existsSync(home) && readdirSync(home).some((name) => !name.startsWith('lock'));
  if (occupied && !options.force) {
    throw new IntramurosError(
      'conflict',
      `${home} is not empty. Restore into another directory, or with --force: what is there is set aside then.`,
      { facts: { path: home } },
    );
  }
  if (existsSync(home)) lockDataDirectory(home).release(); // refuses while a server runs on it
  const staging = `${home}.restoring-${randomBytes(4).toString('hex')}`;
  try {
    await mkdir(staging, { recursive: true, mode: 0o700 });
    const manifest = await unpack(options, staging);
    const rows = await loadDatabase(options, staging, manifest);
    await rm(join(staging, dumpPath));
    await tellTheRecord(staging, manifest);
    if (occupied) await keepBeside(home, staging);
    options.signal?.throwIfAborted();
    const setAside = await takePlace(home, staging, occupied);
    return { home, createdAt: manifest.createdAt, rows, files: manifest.entries.length - 1, setAside };
  } catch (error) {
    await rm(staging, { recursive: true, force: true });
    if (isIntramurosError(error) || toWireFailure(error).system === undefined) throw error;
    throw toStoreFailure(toWireFailure(error), staging, error);
  }
}

/** The record of decisions says of itself that it was restored, and up to when it goes. */
async function tellTheRecord(staging: string, { createdAt }: BackupManifest): Promise<void> {
  const folder = join(staging, 'audit');
  if (!existsSync(folder)) return;
  const told = { createdAt, restoredAt: new Date().toISOString() };
  await writeFile(join(folder, 'restored.json'), `${JSON.stringify(told)}\n`, { mode: 0o600 });
}

/**
 * What no backup holds and the installation before had: the key that opens what is sealed, and the marks of what was
 * erased, without which an older copy would bring that back.
 */
async function keepBeside(home: string, staging: string): Promise<void> {
  for (const name of Object.values(besideBackups)) {
    if (existsSync(join(home, name))) await copyFile(join(home, name), join(staging, name));
  }
}

/** Unpacks into `staging`; every file must be one of the manifest, with its size and hash, and none may be missing. */
async function unpack(options: RestoreOptions, staging: string): Promise<BackupManifest> {
  const file = createReadStream(options.from);
  const unzip = createGunzip();
  const fed = pipeline(file, unzip);
  fed.catch(() => {}); // the reader gets the same failure from `unzip`
  try {
    const tar = new TarReader(unzip as AsyncIterable<Buffer>);
    const manifest = await readManifest(tar);
    const wanted = new Map(manifest.entries.map((entry) => [entry.path, entry]));
    for (let entry = await tar.next(); entry; entry = await tar.next()) {
      options.signal?.throwIfAborted();
      const expected = wanted.get(entry.path);
      if (!expected || expected.sizeBytes !== entry.sizeBytes) throw damaged(`"${entry.path}" is not as announced`);
      wanted.delete(entry.path);
      const sha256 = await write(tar.body(), targetOf(staging, entry.path));
      if (sha256 !== expected.sha256) throw damaged(`"${entry.path}" is not what was saved`);
    }
    const [missing] = wanted.keys();
    if (missing !== undefined) throw damaged(`"${missing}" is missing`);
    return manifest;
  } catch (error) {
    throw readFailure(error, options.from);
  } finally {
    file.destroy();
    unzip.destroy();
  }
}

async function readManifest(tar: TarReader): Promise<BackupManifest> {
  const first = await tar.next();
  if (first?.path !== manifestPath || first.sizeBytes > 64 * 1024 * 1024) throw damaged('it has no manifest');
  const pieces: Buffer[] = [];
  for await (const piece of tar.body()) pieces.push(piece);
  let value: unknown;
  try {
    value = JSON.parse(Buffer.concat(pieces).toString('utf8'));
  } catch (error) {
    throw damaged('its manifest cannot be read', error);
  }
  const parsed = backupManifest.safeParse(value);
  if (!parsed.success) throw damaged('its manifest is not one of this program', parsed.error);
  if (!parsed.data.entries.some(({ path }) => path === dumpPath)) throw damaged('it has no database');
  return parsed.data;
}

/** Where a file of the archive goes: never outside of the directory, whatever its name says. */
function targetOf(staging: string, path: string): string {
  if (path === dumpPath) return join(staging, dumpPath);
  const inside = normalize(join(staging, path.slice(filesPrefix.length)));
  const isSafe = path.startsWith(filesPrefix) && inside.startsWith(staging + sep) && !path.includes('\\');
  if (!isSafe || inside.startsWith(join(staging, 'database'))) throw damaged(`"${path}" has no place here`);
  return inside;
}

async function write(body: AsyncIterable<Buffer>, path: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  const hash = createHash('sha256');
  const file = await open(path, 'wx', 0o600);
  try {
    for await (const piece of body) {
      hash.update(piece);
      await file.write(piece);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  return hash.digest('hex');
}

/** Loads the rows in the shape they were saved in, then brings them to this program's. */
async function loadDatabase(
  options: RestoreOptions,
  staging: string,
  manifest: BackupManifest,
): Promise<Readonly<Record<string, number>>> {
  const migrations = readMigrations();
  const step = assertKnown(manifest);
  const driver = openDriver({ home: staging, databaseUrl: options.databaseUrl, log: options.log });
  try {
    await assertEmpty(driver);
    await migrate(driver, migrations, { upTo: step });
    const rows = await driver.transaction((session) => loadTables(session, linesOf(join(staging, dumpPath))));
    await migrate(driver, migrations);
    return rows;
  } finally {
    await driver.close();
  }
}

/** Not `readline`: it drops the lines that come before its iterator is asked. */
async function* linesOf(path: string): AsyncGenerator<string> {
  let rest = '';
  for await (const piece of createReadStream(path, { encoding: 'utf8' }) as AsyncIterable<string>) {
    const lines = (rest + piece).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') yield rest;
}

function assertKnown({ steps }: BackupManifest): number {
  const known = readMigrations();
  const newest = steps.at(-1)?.number ?? 0;
  if (newest > known.length) {
    throw new IntramurosError(
      'database_newer',
      `This backup was made by a newer version (step ${newest}; this program knows ${known.length}). Nothing was restored. Install the newer version.`,
      { facts: { found: newest, known: known.length } },
    );
  }
  if (steps.some((step) => known[step.number - 1]?.sha256 !== step.sha256)) {
    throw new IntramurosError(
      'database_altered',
      'This backup was made by another version of the program than its number says. Nothing was restored.',
    );
  }
  return newest;
}

async function assertEmpty(driver: Driver): Promise<void> {
  if ((await appliedTo(driver)).length === 0) return;
  throw new IntramurosError(
    'conflict',
    `The database ${driver.where} is not empty. Make a new one on that server and restore into it.`,
    { facts: { database: driver.where } },
  );
}

async function takePlace(home: string, staging: string, occupied: boolean): Promise<string | undefined> {
  let setAside: string | undefined;
  if (existsSync(home)) {
    lockDataDirectory(home).release(); // no server has come meanwhile
    setAside = `${home}.before-${new Date().toISOString().replace(/[-:]/g, '').slice(0, 15)}-${randomBytes(2).toString('hex')}`;
    await rename(home, setAside);
  }
  try {
    await rename(staging, home);
  } catch (error) {
    if (setAside !== undefined) await rename(setAside, home);
    throw error;
  }
  if (setAside === undefined || occupied) return setAside;
  await rm(setAside, { recursive: true, force: true });
  return undefined;
}

function readFailure(error: unknown, from: string): Error {
  if (isIntramurosError(error)) return error;
  const { system, message } = toWireFailure(error);
  if (system?.startsWith('Z_')) return damaged(`it cannot be unpacked (${message})`, error);
  if (system === 'ENOENT') {
    return new IntramurosError('not_found', `There is no backup at ${from}.`, { cause: error, facts: { path: from } });
  }
  return error as Error;
}
