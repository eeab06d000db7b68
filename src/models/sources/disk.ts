import { statfs } from 'node:fs/promises';
import { formatBytes, IntramurosError } from '../../base/index.ts';

/** @throws {IntramurosError} `disk_insufficient`, with the figures, when `neededBytes` and the reserve do not fit. */
export async function ensureDiskSpace(folder: string, neededBytes: number, reserveBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const freeBytes = bavail * bsize;
  if (freeBytes < neededBytes + reserveBytes) throw diskInsufficient(neededBytes, freeBytes, reserveBytes);
}

function diskInsufficient(neededBytes: number, freeBytes: number, reserveBytes: number): IntramurosError {
  return new IntramurosError(
    'disk_insufficient',
    `The model needs ${formatBytes(neededBytes)} more on the disk, and ${formatBytes(reserveBytes)} must stay free; ` +
      `${formatBytes(freeBytes)} is free. Remove a model ("intramuros list", "intramuros rm") or choose a smaller one.`,
    { facts: { neededBytes, freeBytes, reserveBytes } },
  );
}

/** The failure of a write in words, when it is the disk's. */
export function toDiskFailure(error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error;
  return new IntramurosError(
    'disk_insufficient',
    'The disk became full while the model was written. What came is kept: free some space and pull again to go on.',
    { cause: error },
  );
}
