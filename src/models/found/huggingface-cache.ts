import { readlink } from 'node:fs/promises';
import { basename, join, relative, sep } from 'node:path';
import type { FoundModel } from './found-model.ts';
import { isModelFile, repositoryId, sizeOf } from './gguf-folder.ts';
import { filesBelow } from './walk.ts';

/** GGUF files in the cache of Hugging Face's own tools: `models--owner--name/snapshots/<revision>/<file>`, links to blobs. */
export async function findHuggingFaceModels(
  environment: NodeJS.ProcessEnv,
  home: string,
): Promise<readonly FoundModel[]> {
  const cache = environment.XDG_CACHE_HOME || join(home, '.cache');
  const root = environment.HF_HUB_CACHE || join(environment.HF_HOME || join(cache, 'huggingface'), 'hub');
  const files = (await filesBelow(root, 5)).filter(isModelFile);
  const found = await Promise.all(files.map((file) => toFound(root, file)));
  const known = new Map<string, FoundModel>();
  for (const model of found) if (model) known.set(model.id, model); // one a name, though there be several revisions
  return [...known.values()];
}

async function toFound(root: string, file: string): Promise<FoundModel | undefined> {
  const [folder, kind] = relative(root, file).split(sep);
  const repository = /^models--(.+)--(.+)$/
    .exec(folder ?? '')
    ?.slice(1)
    .join('/');
  const sizeBytes = await sizeOf(file);
  if (repository === undefined || kind !== 'snapshots' || sizeBytes === undefined) return undefined;
  // A blob of a large file is named by its SHA-256.
  const blob = basename(await readlink(file).catch(() => ''));
  return {
    id: repositoryId(repository, file),
    title: basename(file, '.gguf'),
    file,
    sizeBytes,
    sha256: /^[0-9a-f]{64}$/.test(blob) ? blob : undefined,
    origin: { kind: 'huggingface-cache', detail: file },
  };
}
