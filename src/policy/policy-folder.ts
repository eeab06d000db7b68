import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { inOrder, type PolicyFile, readFolder, versionOf } from './cedar/files.ts';

/** The copy of what came into force last, beside the files that a person may edit. */
const InForce = z.object({
  version: z.string(),
  since: z.string(),
  by: z.string(),
  files: z.array(z.object({ name: z.string(), text: z.string() })),
});
export type InForce = z.infer<typeof InForce>;

const inForceName = '.in-force.json';

/** The organisation's own policy on the disk, in `policy/` of the data directory. */
export interface PolicyFolder {
  /** Rules and cases as they lie there now; undefined when the organisation has none of its own. */
  files(): readonly PolicyFile[] | undefined;
  /** What came into force last; undefined when unknown or damaged. */
  inForce(): InForce | undefined;
  /** Puts a whole policy there. A kill at any moment leaves all of the old one or all of the new one. */
  replace(next: Omit<InForce, 'version'>): InForce;
  /** Remembers that the files as they lie there are in force. */
  confirm(next: Omit<InForce, 'version'>): InForce;
}

/** Opens the folder, and finishes or takes back a change that a killed process left. */
export function openPolicyFolder(home: string): PolicyFolder {
  const folder = join(home, 'policy');
  const [next, old] = [`${folder}.next`, `${folder}.old`];
  if (!existsSync(folder) && existsSync(old)) renameSync(old, folder);
  for (const left of [next, old]) rmSync(left, { recursive: true, force: true });
  return {
    files: () => {
      const files = readFolder(folder);
      return files.length === 0 ? undefined : files;
    },
    inForce: () => readInForce(join(folder, inForceName)),
    replace(wanted) {
      const whole = complete(wanted);
      rmSync(next, { recursive: true, force: true });
      mkdirSync(next, { mode: 0o700, recursive: true });
      for (const { name, text } of whole.files) writeDurably(join(next, name), text);
      writeDurably(join(next, inForceName), JSON.stringify(whole));
      flush(next);
      if (existsSync(folder)) renameSync(folder, old);
      renameSync(next, folder);
      flush(home);
      rmSync(old, { recursive: true, force: true });
      return whole;
    },
    confirm(wanted) {
      const whole = complete(wanted);
      const path = join(folder, inForceName);
      writeDurably(`${path}.next`, JSON.stringify(whole));
      renameSync(`${path}.next`, path);
      flush(folder);
      return whole;
    },
  };
}

function complete({ files, since, by }: Omit<InForce, 'version'>): InForce {
  return { version: versionOf(files), since, by, files: [...inOrder(files)] };
}

function readInForce(path: string): InForce | undefined {
  if (!existsSync(path)) return undefined;
  let found: unknown;
  try {
    found = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined; // the caller says that the previous policy is unknown
  }
  const read = InForce.safeParse(found);
  return read.success && versionOf(read.data.files) === read.data.version ? read.data : undefined;
}

function writeDurably(path: string, text: string): void {
  const file = openSync(path, 'w', 0o600);
  try {
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function flush(folder: string): void {
  if (process.platform === 'win32') return;
  const file = openSync(folder, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
