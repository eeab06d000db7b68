import { open, rm } from 'node:fs/promises';
import { basename } from 'node:path';
import { type Entry, openPromise } from 'yauzl';
import { IntramurosError, isIntramurosError } from '../../base/index.ts';
import { toDiskFailure } from './disk.ts';

/**
 * Unpacks the wanted entries of a wheel (a ZIP archive), each to its own path, as streams: nothing is held in memory and
 * no name in the archive decides where a byte goes.
 */
export async function extractFromWheel(
  wheel: string,
  targets: Readonly<Record<string, string>>,
  options: { readonly signal: AbortSignal; readonly report: (completedBytes: number, totalBytes: number) => void },
): Promise<void> {
  const archive = await openPromise(wheel, { autoClose: false, lazyEntries: true }).catch((cause: unknown) => {
    throw notUsable(wheel, (cause as Error).message, cause);
  });
  try {
    const wanted: Entry[] = [];
    for await (const entry of archive.eachEntry()) if (targets[entry.fileName] !== undefined) wanted.push(entry);
    const missing = Object.keys(targets).find((name) => !wanted.some((entry) => entry.fileName === name));
    if (missing !== undefined) throw notUsable(wheel, `it does not hold ${missing}`);
    const totalBytes = wanted.reduce((total, entry) => total + entry.uncompressedSize, 0);
    let doneBytes = 0;
    for (const entry of wanted) {
      const base = doneBytes;
      const stream = await archive.openReadStreamPromise(entry);
      const report = (bytes: number) => options.report(base + bytes, totalBytes);
      doneBytes += await writeOut(stream, targets[entry.fileName]!, { signal: options.signal, report });
    }
  } catch (error) {
    if (options.signal.aborted) throw options.signal.reason;
    if (isIntramurosError(error) || typeof (error as NodeJS.ErrnoException).syscall === 'string') throw error;
    throw notUsable(wheel, (error as Error).message, error); // a broken archive, or a name in it that points outside
  } finally {
    archive.close();
  }
}

async function writeOut(
  stream: AsyncIterable<Buffer>,
  path: string,
  options: { readonly signal: AbortSignal; readonly report: (completedBytes: number) => void },
): Promise<number> {
  await using file = await open(path, 'w');
  let bytes = 0;
  try {
    for await (const piece of stream) {
      options.signal.throwIfAborted();
      await file.appendFile(piece);
      bytes += piece.length;
      options.report(bytes);
    }
    await file.sync();
    return bytes;
  } catch (error) {
    await rm(path, { force: true });
    throw toDiskFailure(error);
  }
}

function notUsable(wheel: string, words: string, cause?: unknown): IntramurosError {
  return new IntramurosError('pull_failed', `The package ${basename(wheel)} cannot be unpacked: ${words}.`, { cause });
}
