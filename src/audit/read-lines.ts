import { type FileHandle, open } from 'node:fs/promises';

const newline = 10;
const chunkBytes = 128 << 10;

/** The whole lines of the first `bytes` of a file, one chunk in memory at a time. */
export async function* readLines(path: string, bytes: number): AsyncGenerator<Buffer, void, undefined> {
  await using file = await open(path, 'r');
  let rest: Buffer = Buffer.alloc(0);
  for (let at = 0; at < bytes; ) {
    const chunk = await readChunk(file, at, Math.min(chunkBytes, bytes - at));
    if (chunk.length === 0) return;
    at += chunk.length;
    const text = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let from = 0;
    for (let end = text.indexOf(newline); end !== -1; end = text.indexOf(newline, from)) {
      yield text.subarray(from, end);
      from = end + 1;
    }
    rest = text.subarray(from);
  }
}

/** The same lines from the last to the first. */
export async function* readLinesBackwards(path: string, bytes: number): AsyncGenerator<Buffer, void, undefined> {
  await using file = await open(path, 'r');
  let rest: Buffer = Buffer.alloc(0);
  for (let to = bytes; to > 0; ) {
    const from = Math.max(0, to - chunkBytes);
    const chunk = await readChunk(file, from, to - from);
    const text = rest.length === 0 ? chunk : Buffer.concat([chunk, rest]);
    let end = text.length > 0 && text[text.length - 1] === newline ? text.length - 1 : text.length;
    for (let start = text.lastIndexOf(newline, end - 1); start !== -1 && end > 0; ) {
      yield text.subarray(start + 1, end);
      end = start;
      start = end === 0 ? -1 : text.lastIndexOf(newline, end - 1);
    }
    rest = text.subarray(0, end);
    to = from;
  }
  if (rest.length > 0) yield rest;
}

async function readChunk(file: FileHandle, at: number, length: number): Promise<Buffer> {
  const chunk = Buffer.allocUnsafe(length);
  let read = 0;
  while (read < length) {
    const { bytesRead } = await file.read(chunk, read, length - read, at + read);
    if (bytesRead === 0) break;
    read += bytesRead;
  }
  return chunk.subarray(0, read);
}
