import { randomBytes } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type BackupOptions, type BackupResult, backup } from './backup.ts';

const kept = 5;

/**
 * Makes a backup under a new name in the folder `backups` of the data directory, and keeps the five newest there. What a
 * running server does when it is asked: whoever asks never chooses where a server writes.
 */
export async function backupHere(options: BackupOptions): Promise<BackupResult> {
  const folder = join(options.home, 'backups');
  const stamp = new Date().toISOString().replace(/[-:.]/g, '');
  const made = await backup({ ...options, to: join(folder, `${stamp}-${randomBytes(3).toString('hex')}.backup`) });
  const names = (await readdir(folder)).filter((name) => name.endsWith('.backup')).sort();
  for (const name of names.slice(0, -kept)) await rm(join(folder, name), { force: true });
  return made;
}
