import { spawn } from 'node:child_process';
import { readdirSync, renameSync, rmdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Logger } from '../base/index.ts';

const program = fileURLToPath(new URL('./create-cluster-main.ts', import.meta.url));

/**
 * Makes the embedded database where there is none, in a process of its own: making one takes some 500 MiB, of which a
 * thread would leave most behind in this process. It is there whole or not at all. Where that process cannot be, nothing is made, and whoever
 * opens the folder makes the database then.
 */
export async function createCluster(directory: string, log: Logger): Promise<void> {
  if (readdirSync(directory).length > 0) return;
  const making = `${directory}.making-${process.pid}`;
  try {
    for (const name of readdirSync(dirname(directory)))
      if (name.startsWith(`${basename(directory)}.making-`))
        rmSync(join(dirname(directory), name), { recursive: true });
    await run(making);
    rmdirSync(directory);
    renameSync(making, directory);
  } catch (error) {
    log.debug({ err: error, directory }, 'the database is made in this process');
    rmSync(making, { recursive: true, force: true });
  }
}

async function run(directory: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const child = spawn(process.execPath, [program, directory], { stdio: ['pipe', 'ignore', 'ignore'] });
  child.once('error', reject);
  child.once('exit', (code, signal) =>
    code === 0 ? resolve() : reject(new Error(`The process that makes the database ended with ${code ?? signal}.`)),
  );
  await promise;
}
