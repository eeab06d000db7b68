import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { IntramurosError, type Logger } from '../../base/index.ts';
import { openDriver } from '../database.ts';
import { toStoreFailure, toWireFailure } from '../failures.ts';
import { lockDataDirectory } from '../lock.ts';
import { appliedTo } from '../migrate.ts';
import type { Database, Queryable } from '../types.ts';
import { dumpTables } from './dump.ts';
import { type BackupEntry, type BackupManifest, dumpPath, filesPrefix, manifestPath } from './manifest.ts';
import { tarEnd, tarHeader, tarPadding } from './tar.ts';

export interface BackupOptions {
  readonly home: string;
  /** Database that is open in this process: the backup of a running server. Absent: it is opened, which needs the server down. */
  readonly database?: Database | undefined;
  readonly databaseUrl?: string | undefined;
  readonly log: Logger;
  /** Also the model files themselves. */
  readonly weights?: boolean;
  readonly signal?: AbortSignal;
}

export interface BackupResult {
  readonly path: string;
  readonly sizeBytes: number;
  readonly entries: number;
}

/**
 * Writes one file with the whole installation: database, settings, what is known of the models; with `weights`, the models.
 * The file appears under its name only when it is complete.
 * @throws {IntramurosError} `conflict` when the file exists, `data_directory_in_use` when a server runs and no database is given.
 */
export async function backup(options: BackupOptions & { readonly to: string }): Promise<BackupResult> {
  const to = resolve(options.to);
  if (existsSync(to)) {
    throw new IntramurosError('conflict', `${to} exists already. Choose another name, or remove it.`, {
      facts: { path: to },
    });
  }
  const partial = `${to}.partial-${process.pid}`;
  try {
    await mkdir(dirname(to), { recursive: true });
    const file = await open(partial, 'wx', 0o600);
    let entries = 0;
    const archive = streamBackup({ ...options, onManifest: (manifest) => (entries = manifest.entries.length) });
    await pipeline(Readable.from(archive), file.createWriteStream({ flush: true }));
    await rename(partial, to);
    return { path: to, sizeBytes: (await stat(to)).size, entries };
  } catch (error) {
    await rm(partial, { force: true });
    if (toWireFailure(error).system === undefined || error instanceof IntramurosError) throw error;
    throw toStoreFailure(toWireFailure(error), to, error);
  }
}

/** The same archive as a stream: what a running server sends. */
export async function* streamBackup(
  options: BackupOptions & { readonly onManifest?: (manifest: BackupManifest) => void },
): AsyncGenerator<Buffer> {
  const spool = join(options.home, `.backup-${randomBytes(4).toString('hex')}.jsonl`);
  try {
    const { steps, entry } = await withDatabase(options, (database) => dumpTo(spool, database, options.signal));
    const files = await listFiles(options.home, options.weights === true);
    const sources: { readonly entry: BackupEntry; readonly file: string }[] = [{ entry, file: spool }];
    for (const file of files) {
      options.signal?.throwIfAborted();
      sources.push({ entry: await describe(options.home, file), file });
    }
    const manifest: BackupManifest = {
      format: 'intramuros.backup',
      version: 1,
      createdAt: new Date().toISOString(),
      steps: steps.map(({ number, name, sha256 }) => ({ number, name, sha256 })),
      entries: sources.map((source) => source.entry),
    };
    options.onManifest?.(manifest);
    const zip = createGzip({ level: 6 });
    const filled = pipeline(Readable.from(archive(manifest, sources, options.signal)), zip);
    filled.catch((error: Error) => zip.destroy(error)); // the reader below gets it
    yield* zip as AsyncIterable<Buffer>;
    await filled;
  } finally {
    await rm(spool, { force: true });
  }
}

async function* archive(
  manifest: BackupManifest,
  sources: readonly { readonly entry: BackupEntry; readonly file: string }[],
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer> {
  const text = Buffer.from(`${JSON.stringify(manifest, null, 1)}\n`);
  yield tarHeader({ path: manifestPath, sizeBytes: text.length });
  yield text;
  yield tarPadding(text.length);
  for (const { entry, file } of sources) {
    yield tarHeader(entry);
    let left = entry.sizeBytes;
    for await (const piece of readBeginning(file, entry.sizeBytes)) {
      signal?.throwIfAborted();
      left -= piece.length;
      yield piece;
    }
    if (left !== 0) throw new IntramurosError('conflict', `${file} changed during the backup. Try again.`);
    yield tarPadding(entry.sizeBytes);
  }
  yield tarEnd;
}

/** The first bytes of a file: the record of decisions grows on meanwhile. */
async function* readBeginning(file: string, bytes: number): AsyncGenerator<Buffer> {
  if (bytes > 0) yield* createReadStream(file, { end: bytes - 1 }) as AsyncIterable<Buffer>;
}

async function withDatabase<T>(options: BackupOptions, work: (database: Pick<Database, 'transaction'>) => Promise<T>) {
  if (options.database) return work(options.database);
  if (!options.databaseUrl && !existsSync(join(options.home, 'database'))) {
    throw new IntramurosError('not_found', `There is nothing to back up in ${options.home}: it has no database.`, {
      facts: { path: options.home },
    });
  }
  using _lock = lockDataDirectory(options.home);
  const driver = openDriver(options);
  try {
    return await work(driver);
  } finally {
    await driver.close();
  }
}

async function dumpTo(path: string, database: Pick<Database, 'transaction'>, signal: AbortSignal | undefined) {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  const file = await open(path, 'wx', 0o600);
  try {
    const steps = await database.transaction(async (on: Queryable) => {
      await on.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY');
      for await (const text of dumpTables(on)) {
        signal?.throwIfAborted();
        const bytes = Buffer.from(text);
        hash.update(bytes);
        sizeBytes += bytes.length;
        await file.write(bytes);
      }
      return appliedTo(on);
    });
    return { steps, entry: { path: dumpPath, sizeBytes, sha256: hash.digest('hex') } };
  } finally {
    await file.close();
  }
}

const manifestLimitBytes = 4 * 1024 * 1024;

/** Settings, the organisation's policy and what is known of the models; with weights, all that the models' folder holds. Never `secrets.key` nor
 *  `house.key`: what they open is in the same archive. */
async function listFiles(home: string, weights: boolean): Promise<readonly string[]> {
  return [...(await listRecord(home)), ...(await listOthers(home, weights))];
}

/**
 * The record of decisions: first what was said of it, then the records, so that none is missing that a checkpoint counts; then
 * what is sealed. Its hashes are made anew from the records; the key that signs is never in a backup.
 */
async function listRecord(home: string): Promise<readonly string[]> {
  const folder = join(home, 'audit');
  const names = existsSync(folder) ? (await readdir(folder)).sort() : [];
  const said = names.filter((name) => ['log.json', 'anchors.jsonl', 'checkpoints.jsonl'].includes(name));
  const records = names.filter((name) => /^\d{4}-\d{2}\.jsonl$/.test(name));
  const sealed = join(folder, 'payloads');
  const payloads = existsSync(sealed) ? (await readdir(sealed)).filter((name) => name.endsWith('.jsonl')) : [];
  return [...[...said, ...records].map((name) => join(folder, name)), ...payloads.map((name) => join(sealed, name))];
}

async function listOthers(home: string, weights: boolean): Promise<readonly string[]> {
  const found = existsSync(join(home, 'config.json')) ? [join(home, 'config.json')] : [];
  const policy = join(home, 'policy');
  if (existsSync(policy)) found.push(...(await readdir(policy)).map((name) => join(policy, name)));
  const models = join(home, 'models');
  if (!existsSync(models)) return found;
  const below = await readdir(models, { recursive: true, withFileTypes: true });
  for (const entry of below.filter((each) => each.isFile())) {
    const path = join(entry.parentPath, entry.name);
    const isNote = entry.name.endsWith('.json') && (await stat(path)).size <= manifestLimitBytes;
    if (isNote || (weights && !entry.name.endsWith('.partial'))) found.push(path);
  }
  return found.sort();
}

async function describe(home: string, path: string): Promise<BackupEntry> {
  const { size } = await stat(path);
  const hash = createHash('sha256');
  for await (const piece of readBeginning(path, size)) hash.update(piece);
  return {
    path: filesPrefix + relative(home, path).split(sep).join('/'),
    sizeBytes: size,
    sha256: hash.digest('hex'),
  };
}
