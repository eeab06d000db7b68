import { stat } from 'node:fs/promises';
import { readModelFiles } from '../gguf/index.ts';
import type { ModelOrigin } from '../types.ts';
import { sha256OfFile } from './hash.ts';
import type { Source } from './source.ts';

/** A file on this disk, used where it lies. Its SHA-256 is computed unless it is known. */
export function localFileSource(
  path: string,
  options: { readonly name?: string; readonly origin?: ModelOrigin; readonly sha256?: string | undefined } = {},
): Source {
  return {
    name: options.name ?? path,
    async fetch({ signal, report }) {
      const { files } = await readModelFiles(path, { signal });
      const only = files.length === 1 ? files[0] : undefined;
      let { sha256 } = options;
      if (only !== undefined && sha256 === undefined) {
        const totalBytes = (await stat(only)).size;
        const onBytes = (completedBytes: number) => report({ phase: 'verifying', completedBytes, totalBytes });
        sha256 = await sha256OfFile(only, { signal, onBytes });
      }
      return { files, sha256, origin: options.origin ?? { kind: 'file', detail: path }, inPlace: true };
    },
  };
}
