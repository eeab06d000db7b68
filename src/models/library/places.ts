import { createHash } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { IntramurosError } from '../../base/index.ts';

/** Where the models room keeps its things below the data directory. */
export class Places {
  readonly root: string;
  constructor(home: string) {
    this.root = join(home, 'models');
  }
  get manifests(): string {
    return join(this.root, 'manifests');
  }
  get forgotten(): string {
    return join(this.root, 'forgotten.json');
  }
  manifest(id: string): string {
    return join(this.manifests, `${slug(id)}.json`);
  }
  /** Own files of a model. */
  files(id: string): string {
    return join(this.root, 'files', slug(id));
  }
  /** Files of a pull that is not finished. */
  partial(key: string): string {
    return join(this.root, 'partial', slug(key));
  }
  lock(key: string): string {
    return join(this.root, 'locks', `${slug(key)}.lock`);
  }
  async make(): Promise<void> {
    for (const folder of [
      this.manifests,
      join(this.root, 'files'),
      join(this.root, 'partial'),
      join(this.root, 'locks'),
    ]) {
      await mkdir(folder, { recursive: true }).catch((cause: NodeJS.ErrnoException) => {
        throw new IntramurosError(
          'data_directory_not_writable',
          `Cannot make ${folder}: ${cause.message}. Give write access to it, or choose another INTRAMUROS_HOME.`,
          { cause, facts: { folder } },
        );
      });
    }
  }
}

/** A file name for any id: readable, and different for different ids on file systems that ignore case too. */
export function slug(id: string): string {
  const readable = id
    .toLowerCase()
    .replace(/[^a-z0-9.]+/g, '-')
    .replace(/^[-.]+/, '');
  return `${readable.slice(0, 80)}-${createHash('sha256').update(id).digest('hex').slice(0, 8)}`;
}

/** Replaces a file whole or not at all, also when the machine stops in the middle. */
export async function writeDurably(path: string, text: string): Promise<void> {
  const unfinished = `${path}.${process.pid}.tmp`;
  try {
    {
      await using file = await open(unfinished, 'w');
      await file.writeFile(text);
      await file.sync();
    }
    await rename(unfinished, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}

/** Makes the names in a folder durable. Windows cannot open a folder and needs no such step. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  await using handle = await open(folder, 'r');
  await handle.sync();
}
