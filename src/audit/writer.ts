import { close, constants, fdatasync, fstat, fsync, ftruncate, open, write } from 'node:fs';
import { promisify } from 'node:util';
import { damage } from './damage.ts';
import type { Shard } from './shards.ts';

const files = {
  open: promisify(open),
  close: promisify(close),
  fdatasync: promisify(fdatasync),
  fstat: promisify(fstat),
  fsync: promisify(fsync),
  ftruncate: promisify(ftruncate),
  write: promisify(write) as (
    file: number,
    from: Buffer,
    at: number,
    length: number,
  ) => Promise<{ bytesWritten: number }>,
};

/**
 * With O_DSYNC a write comes back once it is on the disk: one call and one wait where `write` and `fdatasync` are two, about
 * a third less processor time a flush. Systems without the flag flush by hand.
 */
const durableWrites = constants.O_DSYNC ?? 0;
const openFlags = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | durableWrites;

/** Writes lines at the end of a shard so that they are on the disk, or not there at all. */
export interface ShardWriter {
  /** Appends and flushes. After a failure the file is as before, at the latest when the next call begins. */
  append(shard: Shard, lines: Buffer): Promise<void>;
  close(): Promise<void>;
}

/** A file is opened anew after each failure: what a failed flush left in the system's cache may not be trusted. */
export function openShardWriter(folder: string): ShardWriter {
  let path: string | undefined;
  let file: number | undefined;
  const letGo = async (): Promise<void> => {
    const held = file;
    file = undefined;
    path = undefined;
    if (held !== undefined) await files.close(held);
  };
  const hold = async (shard: Shard): Promise<number> => {
    if (file !== undefined && path === shard.path) return file;
    await letGo();
    file = await files.open(shard.path, openFlags, 0o600);
    path = shard.path;
    const { size } = await files.fstat(file);
    if (size < shard.bytes) throw damage(shard.path, `it has ${size} bytes where ${shard.bytes} were written`);
    if (size > shard.bytes) await files.ftruncate(file, shard.bytes);
    if (shard.bytes === 0) await flushFolder(folder);
    return file;
  };
  return {
    async append(shard, lines) {
      try {
        const held = await hold(shard);
        let written = 0;
        while (written < lines.length)
          written += (await files.write(held, lines, written, lines.length - written)).bytesWritten;
        if (durableWrites === 0) await files.fdatasync(held);
      } catch (error) {
        await cutBack(file, shard.bytes);
        await letGo().catch(() => undefined); // the failure that matters is thrown
        throw error;
      }
    },
    close: letGo,
  };
}

/** Takes an unflushed tail away at once; where even that fails, the next `hold` does it. */
async function cutBack(file: number | undefined, bytes: number): Promise<void> {
  if (file === undefined) return;
  await files.ftruncate(file, bytes).catch(() => undefined);
}

/** A new file survives a power cut only when its folder is flushed too. */
async function flushFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const file = await files.open(folder, 'r');
  try {
    await files.fsync(file);
  } finally {
    await files.close(file);
  }
}
