import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { besideBackups } from '../store/index.ts';
import { syncFolder } from './house-key.ts';
import type { Tombstone } from './types.ts';

/** Name of the file, in the data directory and in no backup, of what was destroyed. */
export const tombstonesFile = besideBackups.destroyed;

/** Marks of what was destroyed, kept beside the database so that an older copy of that cannot take them back. */
export interface Tombstones {
  readonly all: readonly Tombstone[];
  /** Adds those that are not there yet, durably. */
  add(found: readonly Tombstone[]): void;
}

export function openTombstones(home: string): Tombstones {
  const path = join(home, tombstonesFile);
  const all = readTombstones(path);
  const known = new Set(all.map(keyOf));
  return {
    all,
    add(found) {
      const fresh = found.filter((mark) => !known.has(keyOf(mark)));
      if (fresh.length === 0) return;
      append(path, fresh);
      for (const mark of fresh) known.add(keyOf(mark));
      all.push(...fresh);
    },
  };
}

const keyOf = ({ subject, at }: Tombstone): string => `${subject}\n${at}`;

/** Reads the marks of a file; a last line that a killed process left half written is passed over, and written anew later. */
export function readTombstones(path: string): Tombstone[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return text.split('\n').flatMap((line) => {
    try {
      const { subject, at } = JSON.parse(line) as Partial<Tombstone>;
      return typeof subject === 'string' && typeof at === 'string' ? [{ subject, at }] : [];
    } catch {
      return []; // cut by the end of a process; its row in the database is still there and adds it again
    }
  });
}

function append(path: string, marks: readonly Tombstone[]): void {
  const file = openSync(path, 'a', 0o600);
  try {
    // Begins with a new line: the one before may have been cut.
    writeSync(file, `\n${marks.map(({ subject, at }) => JSON.stringify({ subject, at })).join('\n')}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  syncFolder(dirname(path));
}
