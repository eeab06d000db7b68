import { basename, join, relative, sep } from 'node:path';
import type { FoundModel } from './found-model.ts';
import { isModelFile, repositoryId, sizeOf } from './gguf-folder.ts';
import { filesBelow } from './walk.ts';

/** Models that LM Studio keeps: `models/<publisher>/<repository>/<file>.gguf`. */
export async function findLmStudioModels(home: string): Promise<readonly FoundModel[]> {
  const roots = [join(home, '.lmstudio', 'models'), join(home, '.cache', 'lm-studio', 'models')];
  const found = await Promise.all(roots.map(inRoot));
  return found.flat();
}

async function inRoot(root: string): Promise<readonly FoundModel[]> {
  const files = (await filesBelow(root, 3)).filter(isModelFile);
  const found = await Promise.all(files.map((file) => toFound(root, file)));
  return found.filter((model) => model !== undefined);
}

async function toFound(root: string, file: string): Promise<FoundModel | undefined> {
  const [publisher, repository] = relative(root, file).split(sep);
  const sizeBytes = await sizeOf(file);
  if (publisher === undefined || repository === undefined || sizeBytes === undefined) return undefined;
  return {
    id: repositoryId(`${publisher}/${repository}`, file),
    title: basename(file, '.gguf'),
    file,
    sizeBytes,
    sha256: undefined,
    origin: { kind: 'lm-studio-cache', detail: file },
  };
}
