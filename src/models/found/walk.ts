import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Files below a folder, at most `depth` folders down; a folder that is missing or closed to us holds none. */
export async function filesBelow(folder: string, depth: number): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(ignoreUnreadable);
  const found: string[] = [];
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) found.push(...(depth > 0 ? await filesBelow(path, depth - 1) : []));
    else found.push(path);
  }
  return found;
}

function ignoreUnreadable(error: NodeJS.ErrnoException): never[] {
  if (['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'ELOOP'].includes(error.code ?? '')) return [];
  throw error;
}
