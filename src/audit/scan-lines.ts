import { closeSync, openSync, readSync } from 'node:fs';

const newline = 10;
const chunkBytes = 1 << 20;

/** Hands over each whole line of a part of a file with its offset. The line is only good until `take` returns. */
export function scanLines(
  path: string,
  { from, to }: { readonly from: number; readonly to: number },
  take: (line: Buffer, offset: number) => void,
): void {
  const file = openSync(path, 'r');
  try {
    let held: Buffer = Buffer.alloc(0);
    for (let at = from; at < to; ) {
      const chunk = Buffer.allocUnsafe(Math.min(chunkBytes, to - at));
      const read = readSync(file, chunk, 0, chunk.length, at);
      if (read === 0) return;
      const begin = at - held.length;
      const text = held.length === 0 ? chunk.subarray(0, read) : Buffer.concat([held, chunk.subarray(0, read)]);
      let start = 0;
      for (let end = text.indexOf(newline); end !== -1; end = text.indexOf(newline, start)) {
        take(text.subarray(start, end), begin + start);
        start = end + 1;
      }
      held = text.subarray(start);
      at += read;
    }
  } finally {
    closeSync(file);
  }
}
