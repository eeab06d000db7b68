import { open, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { newId } from '../../base/index.ts';

const heartbeatMs = 2000;
const staleMs = 15_000;

/** A lock that is held. */
export interface HeldLock extends AsyncDisposable {
  /** True when another process held it before us: what it was for may be done. */
  readonly waited: boolean;
}

/**
 * Takes a lock file that several processes agree on, waiting for its holder to end.
 * The holder touches it every 2 s; one that died is found by its process id on this host, or by 15 s of silence.
 */
export async function takeLock(
  path: string,
  options: { readonly signal: AbortSignal; readonly onWait: () => Promise<void> | void },
): Promise<HeldLock> {
  let waited = false;
  for (;;) {
    options.signal.throwIfAborted();
    if (await create(path)) return held(path, waited);
    if (await isStale(path)) {
      await putAside(path);
      continue;
    }
    waited = true;
    await options.onWait();
    await sleep(100, undefined, { signal: options.signal }).catch(() => {
      throw options.signal.reason;
    });
  }
}

async function create(path: string): Promise<boolean> {
  try {
    await using file = await open(path, 'wx');
    await file.writeFile(JSON.stringify({ pid: process.pid, host: hostname() }));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function held(path: string, waited: boolean): HeldLock {
  const beat = setInterval(() => {
    const now = new Date();
    void utimes(path, now, now).catch(() => clearInterval(beat));
  }, heartbeatMs);
  beat.unref();
  return {
    waited,
    async [Symbol.asyncDispose]() {
      clearInterval(beat);
      await rm(path, { force: true });
    },
  };
}

async function isStale(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  if (!found) return false; // let go just now
  if (Date.now() - found.mtimeMs > staleMs) return true;
  const holder = await readHolder(path);
  return holder?.host === hostname() && !isAlive(holder.pid);
}

async function readHolder(path: string): Promise<{ readonly pid: number; readonly host: string } | undefined> {
  try {
    const { pid, host } = JSON.parse(await readFile(path, 'utf8')) as { pid?: unknown; host?: unknown };
    return typeof pid === 'number' && typeof host === 'string' ? { pid, host } : undefined;
  } catch {
    return undefined; // just made and not written yet, or gone: the next look tells
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** By renaming, so that of several who see a dead lock one takes it away and none takes away its successor's. */
async function putAside(path: string): Promise<void> {
  const aside = `${path}.${newId('stale')}`;
  await rename(path, aside).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  await rm(aside, { force: true });
}
