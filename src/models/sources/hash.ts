import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';

/** Feeds a file, or its first bytes, to a hash. */
export async function hashInto(
  hash: Hash,
  path: string,
  options: { readonly signal?: AbortSignal; readonly onBytes?: (completed: number) => void } = {},
): Promise<void> {
  let completed = 0;
  for await (const piece of createReadStream(path, { highWaterMark: 1024 * 1024, signal: options.signal })) {
    hash.update(piece as Buffer);
    completed += (piece as Buffer).length;
    options.onBytes?.(completed);
  }
}

/** SHA-256 of a file, in hexadecimal. */
export async function sha256OfFile(path: string, options: Parameters<typeof hashInto>[2] = {}): Promise<string> {
  const hash = createHash('sha256');
  await hashInto(hash, path, options);
  return hash.digest('hex');
}
