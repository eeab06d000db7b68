import { open, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { IntramurosError } from '../../base/index.ts';

/** Bytes that can be read at any place: a file, or memory. */
export interface ByteSource extends AsyncDisposable {
  /** For messages. */
  readonly name: string;
  readonly sizeBytes: number;
  /** Fills `into` from `offset`; returns how many bytes there were. */
  read(into: Uint8Array, offset: number): Promise<number>;
}

/** Bytes in memory as a source. */
export function bytesSource(bytes: Uint8Array, name = 'bytes'): ByteSource {
  return {
    name,
    sizeBytes: bytes.length,
    async read(into, offset) {
      const piece = bytes.subarray(offset, offset + into.length);
      into.set(piece);
      return piece.length;
    },
    async [Symbol.asyncDispose]() {},
  };
}

/** Opens a regular file as a source. @throws {IntramurosError} `model_file_invalid` when there is none to read. */
export async function openFileSource(path: string): Promise<ByteSource> {
  const name = basename(path);
  // Looked at before it is opened: opening a pipe would wait for its writer.
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw cannotRead(path, error.code === 'ENOENT' ? 'the file is not there' : error.message, error);
  });
  if (!found.isFile()) throw cannotRead(path, 'it is not a file');
  const handle = await open(path, 'r').catch((error: Error) => {
    throw cannotRead(path, error.message, error);
  });
  return {
    name,
    sizeBytes: found.size,
    async read(into, offset) {
      let length = 0;
      while (length < into.length) {
        const { bytesRead } = await handle.read(into, length, into.length - length, offset + length);
        if (bytesRead === 0) break;
        length += bytesRead;
      }
      return length;
    },
    [Symbol.asyncDispose]: () => handle.close(),
  };
}

function cannotRead(path: string, words: string, cause?: unknown): IntramurosError {
  return new IntramurosError('model_file_invalid', `Cannot read ${path}: ${words}.`, { cause, facts: { path } });
}
