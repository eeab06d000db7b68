import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { IntramurosError } from '../../base/index.ts';
import { splitNames } from '../gguf/index.ts';
import { download } from './download.ts';
import { busy, refuseStatus } from './refusals.ts';
import { type Expected, type FetchContext, pullPurpose, type Source } from './source.ts';
import { fileNameOf } from './url.ts';

export interface HuggingFaceLocation {
  /** `owner/name`. */
  readonly repository: string;
  /** File in it; absent: chosen by `quantization`, else the usual one. */
  readonly path?: string | undefined;
  readonly quantization?: string | undefined;
  readonly revision?: string | undefined;
}

/** A GGUF in a model repository of Hugging Face, or of a mirror that speaks the same. */
export function huggingFaceSource(location: HuggingFaceLocation, expected: Expected = {}): Source {
  return {
    name: `Hugging Face ${location.repository}`,
    async fetch(context) {
      const headers = await authorization(context);
      const parts = await chooseFiles(location, context, headers);
      const totalBytes = sumIfKnown(parts.map((part) => part.sizeBytes));
      const fetched = [];
      let doneBytes = 0;
      for (const part of parts) {
        const url = `${repositoryUrl(context, location)}/resolve/${location.revision ?? 'main'}/${encodePath(part.path)}`;
        const known = parts.length === 1 ? { ...part, ...dropUndefined(expected) } : part;
        const base = doneBytes;
        const file = await download(
          { url, headers, name: fileNameOf(part.path), sizeBytes: known.sizeBytes, sha256: known.sha256 },
          {
            ...context,
            report: (progress) =>
              context.report({
                ...progress,
                completedBytes: base + progress.completedBytes,
                totalBytes: totalBytes ?? (parts.length === 1 ? progress.totalBytes : undefined),
              }),
          },
        );
        doneBytes += file.sizeBytes;
        fetched.push(file);
      }
      return {
        files: fetched.map((file) => file.path),
        sha256: fetched.length === 1 ? fetched[0]?.sha256 : undefined,
        origin: { kind: 'huggingface', detail: `${location.repository} ${parts[0]?.path}` },
        inPlace: false,
      };
    },
  };
}

interface RepositoryFile extends Expected {
  readonly path: string;
}

const treeSchema = z.array(
  z.object({
    type: z.string(),
    path: z.string(),
    size: z.number().optional(),
    lfs: z.object({ oid: z.string(), size: z.number() }).optional(),
  }),
);

async function chooseFiles(
  location: HuggingFaceLocation,
  context: FetchContext,
  headers: Readonly<Record<string, string>>,
): Promise<readonly RepositoryFile[]> {
  if (location.path !== undefined && !splitNames(location.path)) return [{ path: location.path }];
  const files = await listFiles(location, context, headers);
  const chosen = location.path ?? chooseByQuantization(files, location);
  const folder = chosen.includes('/') ? chosen.slice(0, chosen.lastIndexOf('/') + 1) : '';
  const names = splitNames(chosen.slice(folder.length))?.map((name) => folder + name) ?? [chosen];
  return names.map((name) => files.find((file) => file.path === name) ?? { path: name });
}

async function listFiles(
  location: HuggingFaceLocation,
  context: FetchContext,
  headers: Readonly<Record<string, string>>,
): Promise<readonly RepositoryFile[]> {
  const { origin, pathname } = new URL(context.huggingFaceUrl);
  const root = `${origin}${pathname.replace(/\/$/, '')}`;
  const url = `${root}/api/models/${location.repository}/tree/${location.revision ?? 'main'}?recursive=true`;
  const response = await context.egress.fetch(url, { purpose: pullPurpose, signal: context.signal, headers });
  const text = await response.text();
  if (response.status === 429 || response.status >= 500) throw busy(new URL(url).host, response.status);
  if (response.status !== 200) throw refuseStatus(response, url);
  const tree = treeSchema.safeParse(parseJson(text));
  if (!tree.success) {
    throw new IntramurosError('pull_failed', `${new URL(url).host} did not answer with a list of files.`, {
      facts: { url },
    });
  }
  return tree.data
    .filter((file) => file.type === 'file')
    .map(({ path, size, lfs }) => ({ path, sizeBytes: lfs?.size ?? size, sha256: lfs?.oid }));
}

/** When none is asked for: the best trade of size and quality that most repositories carry, then what is near it. */
const usualOrder = [
  'Q4_K_M',
  'Q4_K_S',
  'Q5_K_M',
  'Q4_1',
  'Q4_0',
  'Q8_0',
  'Q6_K',
  'IQ4_XS',
  'IQ4_NL',
  'MXFP4',
  'BF16',
  'F16',
];

function chooseByQuantization(files: readonly RepositoryFile[], location: HuggingFaceLocation): string {
  const models = files
    .map((file) => file.path)
    .filter((path) => /\.gguf$/i.test(path) && !/(^|[/._-])(mmproj|imatrix)/i.test(path))
    .filter(
      (path) => splitNames(path.split('/').at(-1) ?? '')?.[0] === undefined || /-00001-of-\d{5}\.gguf$/.test(path),
    );
  const wanted = location.quantization === undefined ? usualOrder : [location.quantization];
  for (const quantization of wanted) {
    const found = models.find((path) => namesQuantization(path, quantization));
    if (found !== undefined) return found;
  }
  const first = models[0];
  if (first !== undefined && location.quantization === undefined) return first;
  const words =
    first === undefined
      ? 'holds no GGUF file. Look for a repository whose name ends in "-GGUF"'
      : `has no file in ${location.quantization}. It has: ${models.map((path) => path.split('/').at(-1)).join(', ')}`;
  throw new IntramurosError('pull_failed', `Hugging Face ${location.repository} ${words}.`, {
    facts: { repository: location.repository, files: models },
  });
}

/** `…-Q4_K_M.gguf` names Q4_K_M; `…-IQ4_K_M` does not. */
function namesQuantization(path: string, quantization: string): boolean {
  const escaped = quantization.replace(/[^\w]/g, '\\$&');
  return new RegExp(`(^|[/._-])${escaped}([/._-]|$)`, 'i').test(path);
}

function repositoryUrl(context: FetchContext, location: HuggingFaceLocation): string {
  return `${context.huggingFaceUrl.replace(/\/$/, '')}/${location.repository}`;
}

/** The person's own token, when there is one: gated repositories need it. The door drops it when a redirect leaves the host. */
async function authorization(context: FetchContext): Promise<Record<string, string>> {
  const { environment } = context;
  const cache = environment.XDG_CACHE_HOME || join(environment.HOME || homedir(), '.cache');
  const home = environment.HF_HOME || join(cache, 'huggingface');
  const file = environment.HF_TOKEN_PATH || join(home, 'token');
  const token = environment.HF_TOKEN || (await readFile(file, 'utf8').catch(() => '')).trim();
  return token ? { authorization: `Bearer ${token}` } : {};
}

function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}

function sumIfKnown(sizes: readonly (number | undefined)[]): number | undefined {
  return sizes.every((size) => size !== undefined) ? sizes.reduce((total, size) => total + size, 0) : undefined;
}

function dropUndefined(expected: Expected): Expected {
  return Object.fromEntries(Object.entries(expected).filter(([, value]) => value !== undefined));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
