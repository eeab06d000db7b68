import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** How other commands find the server of a data directory. */
export interface ServerRecord {
  readonly pid: number;
  readonly address: string;
  readonly version: string;
}

const pathOf = (home: string): string => join(home, 'server.json');

/** Writes where the server of this data directory listens. */
export function writeServerFile(home: string, record: ServerRecord): void {
  writeFileSync(pathOf(home), `${JSON.stringify(record)}\n`, { mode: 0o600 });
}

/** Removes the record, if it is still that of this process. */
export function removeServerFile(home: string): void {
  if (readServerFile(home)?.pid === process.pid) rmSync(pathOf(home), { force: true });
}

/** The record of a server whose process lives; it may still be starting, or its number be another program's by now. */
export function readServerFile(home: string): ServerRecord | undefined {
  let record: Partial<ServerRecord>;
  try {
    record = JSON.parse(readFileSync(pathOf(home), 'utf8')) as Partial<ServerRecord>;
  } catch {
    return undefined; // no server ever ran here, or one was killed while writing: the same to us
  }
  const { pid, address, version } = record;
  if (typeof pid !== 'number' || typeof address !== 'string' || typeof version !== 'string') return undefined;
  return isAlive(pid) ? { pid, address, version } : undefined;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
