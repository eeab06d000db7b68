import { readFile, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { z } from 'zod';
import type { FoundModel } from './found-model.ts';
import { filesBelow } from './walk.ts';

const manifestSchema = z.object({ layers: z.array(z.object({ mediaType: z.string(), digest: z.string() })) });

/** Models that Ollama pulled: a manifest a name, and blobs named by their SHA-256. */
export async function findOllamaModels(environment: NodeJS.ProcessEnv, home: string): Promise<readonly FoundModel[]> {
  const roots = environment.OLLAMA_MODELS
    ? [environment.OLLAMA_MODELS]
    : [join(home, '.ollama', 'models'), '/usr/share/ollama/.ollama/models', '/var/lib/ollama/models'];
  const found = await Promise.all(roots.map(inRoot));
  return found.flat();
}

async function inRoot(root: string): Promise<readonly FoundModel[]> {
  const manifests = join(root, 'manifests');
  const files = await filesBelow(manifests, 4);
  const found = await Promise.all(files.map((file) => fromManifest(root, relative(manifests, file), file)));
  return found.filter((model) => model !== undefined);
}

async function fromManifest(root: string, name: string, manifest: string): Promise<FoundModel | undefined> {
  const id = idOf(name.split(sep));
  const layer = await modelLayer(manifest);
  const sha256 = /^sha256:([0-9a-f]{64})$/.exec(layer?.digest ?? '')?.[1];
  if (id === undefined || sha256 === undefined) return undefined;
  const file = join(root, 'blobs', `sha256-${sha256}`);
  const size = await stat(file).then(
    (blob) => blob.size,
    () => undefined, // a pull of Ollama's that is not finished
  );
  if (size === undefined) return undefined;
  return { id, title: id, file, sizeBytes: size, sha256, origin: { kind: 'ollama-cache', detail: `${id} in ${root}` } };
}

/** `registry.ollama.ai/library/smollm2/135m` → `smollm2:135m`; other owners and hosts keep their name. */
function idOf(parts: readonly string[]): string | undefined {
  const [host, ...rest] = parts;
  const tag = rest.pop();
  if (host === undefined || tag === undefined || rest.length === 0) return undefined;
  const ofOllama = host === 'registry.ollama.ai';
  const path = ofOllama && rest[0] === 'library' ? rest.slice(1) : ofOllama ? rest : [host, ...rest];
  return path.length === 0 ? undefined : `${path.join('/')}:${tag}`;
}

async function modelLayer(manifest: string) {
  try {
    const { layers } = manifestSchema.parse(JSON.parse(await readFile(manifest, 'utf8')));
    return layers.find(({ mediaType }) => mediaType === 'application/vnd.ollama.image.model');
  } catch {
    return undefined; // another program's broken file is not ours to judge
  }
}
