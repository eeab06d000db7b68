import { access } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { IntramurosError } from '../../base/index.ts';
import { readGgufFile } from './read.ts';
import type { GgufHeader } from './types.ts';

const partName = /^(.*)-(\d{5})-of-(\d{5})\.gguf$/;

/** Names of all parts of a split GGUF, in order, when `name` is one of them; undefined for a whole file. */
export function splitNames(name: string): readonly string[] | undefined {
  const match = partName.exec(name);
  const count = Number(match?.[3]);
  if (!match || count < 1) return undefined;
  return Array.from({ length: count }, (_, index) => {
    return `${match[1]}-${String(index + 1).padStart(5, '0')}-of-${match[3]}.gguf`;
  });
}

/**
 * Finds, reads and checks all files of a model, given any of them.
 * @throws {IntramurosError} `model_file_invalid`, naming the part that is missing or belongs to another model.
 */
export async function readModelFiles(
  path: string,
  options: { readonly signal?: AbortSignal } = {},
): Promise<{ readonly files: readonly string[]; readonly headers: readonly GgufHeader[] }> {
  const names = splitNames(basename(path));
  const files = names?.map((name) => join(dirname(path), name)) ?? [path];
  for (const file of files.length > 1 ? files : []) await mustExist(file, files.length);
  const headers: GgufHeader[] = [];
  for (const file of files) headers.push(await readGgufFile(file, options));
  checkParts(files, headers);
  return { files, headers };
}

function checkParts(files: readonly string[], headers: readonly GgufHeader[]): void {
  const claimed = headers[0]?.metadata.get('split.count') ?? 1;
  if (claimed !== files.length && !(claimed === 0 && files.length === 1)) {
    const name = basename(files[0] ?? '');
    const words = `it is part of ${claimed} files, and ${files.length} of them can be found by its name`;
    throw invalidSplit(name, `${words}. Keep the names "…-00001-of-${String(claimed).padStart(5, '0')}.gguf"`);
  }
  for (const [index, header] of headers.entries()) {
    const number = header.metadata.get('split.no') ?? index;
    if (number !== index) throw invalidSplit(basename(files[index]!), `it says that it is part ${Number(number) + 1}`);
  }
  const wanted = headers[0]?.metadata.get('split.tensors.count');
  const found = headers.reduce((total, header) => total + header.tensors.length, 0);
  if (files.length > 1 && typeof wanted === 'number' && wanted !== found) {
    throw invalidSplit(basename(files[0]!), `${wanted} tensors were wanted and ${found} found: parts of two models`);
  }
}

async function mustExist(file: string, count: number): Promise<void> {
  await access(file).catch((cause: unknown) => {
    throw new IntramurosError(
      'model_file_invalid',
      `${basename(file)} is missing: the model is split in ${count} files, and all must lie in one folder.`,
      { cause, facts: { file: basename(file), parts: count } },
    );
  });
}

function invalidSplit(name: string, words: string): IntramurosError {
  return new IntramurosError('model_file_invalid', `${name} does not fit its other parts: ${words}.`, {
    facts: { file: name },
  });
}
