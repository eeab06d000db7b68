import { z } from 'zod';
import { IntramurosError } from '../../base/index.ts';
import type { EgressResponse } from '../../egress/index.ts';
import { download } from './download.ts';
import { busy, refuseStatus } from './refusals.ts';
import { type Expected, type FetchContext, pullPurpose, type Source } from './source.ts';

export interface RegistryName {
  /** `library/smollm2`: a name without an owner is in `library`. */
  readonly repository: string;
  readonly tag: string;
}

/** `smollm2`, `smollm2:135m`, `owner/name:tag` → repository and tag; undefined for anything else. */
export function parseRegistryName(text: string): RegistryName | undefined {
  const match = /^([\w.-]+(?:\/[\w.-]+)*)(?::([\w.-]+))?$/.exec(text);
  if (!match?.[1]) return undefined;
  return { repository: match[1].includes('/') ? match[1] : `library/${match[1]}`, tag: match[2] ?? 'latest' };
}

const manifestSchema = z.object({
  layers: z.array(z.object({ mediaType: z.string(), digest: z.string(), size: z.number() })),
});
const manifestType = 'application/vnd.docker.distribution.manifest.v2+json';
const modelLayer = 'application/vnd.ollama.image.model';

/** A model of an Ollama-compatible registry: a manifest, then the blob of its model layer. Its own template layers are left: the GGUF has one. */
export function registrySource(name: RegistryName, expected: Expected = {}): Source {
  return {
    name: `registry ${name.repository.replace(/^library\//, '')}:${name.tag}`,
    async fetch(context) {
      const root = `${context.registryUrl.replace(/\/$/, '')}/v2/${name.repository}`;
      const { headers, layer } = await findModelLayer(`${root}/manifests/${name.tag}`, context);
      const sha256 = layer.digest.replace(/^sha256:/, '');
      if (expected.sha256 !== undefined && expected.sha256 !== sha256) throw otherFile(name, expected.sha256, sha256);
      const file = await download(
        { url: `${root}/blobs/${layer.digest}`, headers, name: `${sha256}.gguf`, sizeBytes: layer.size, sha256 },
        context,
      );
      const detail = `${name.repository}:${name.tag} at ${new URL(root).host}`;
      return { files: [file.path], sha256, origin: { kind: 'registry', detail }, inPlace: false };
    },
  };
}

async function findModelLayer(url: string, context: FetchContext) {
  let headers: Record<string, string> = {};
  let response = await ask(url, context, headers);
  if (response.status === 401) {
    const token = await anonymousToken(response.headers['www-authenticate'], context);
    await response.text();
    if (token !== undefined) {
      headers = { authorization: `Bearer ${token}` };
      response = await ask(url, context, headers);
    }
  }
  const text = await response.text();
  const { host } = new URL(url);
  if (response.status === 429 || response.status >= 500) throw busy(host, response.status);
  if (response.status !== 200) throw refuseStatus(response, url);
  const layer = parseManifest(text)?.layers.find(({ mediaType }) => mediaType.startsWith(modelLayer));
  if (!layer || !/^sha256:[0-9a-f]{64}$/.test(layer.digest)) {
    throw new IntramurosError('pull_failed', `${host} has no model under this name: its manifest names no GGUF.`, {
      facts: { url },
    });
  }
  return { headers, layer };
}

function ask(url: string, context: FetchContext, headers: Record<string, string>): Promise<EgressResponse> {
  const { egress, signal } = context;
  return egress.fetch(url, { purpose: pullPurpose, signal, headers: { accept: manifestType, ...headers } });
}

/** The token that a registry gives to anyone, where its challenge says (the Docker registry's token protocol). */
async function anonymousToken(challenge: string | undefined, context: FetchContext): Promise<string | undefined> {
  const values = new Map([...(challenge ?? '').matchAll(/(\w+)="([^"]*)"/g)].map((match) => [match[1], match[2]]));
  const realm = values.get('realm');
  if (!challenge?.startsWith('Bearer') || realm === undefined || !URL.canParse(realm)) return undefined;
  const url = new URL(realm);
  for (const name of ['service', 'scope']) if (values.get(name)) url.searchParams.set(name, values.get(name)!);
  const response = await context.egress.fetch(url, { purpose: pullPurpose, signal: context.signal });
  const answer = z.object({ token: z.string().optional(), access_token: z.string().optional() });
  const parsed = answer.safeParse(parseJson(await response.text()));
  return parsed.data?.token ?? parsed.data?.access_token;
}

function parseManifest(text: string) {
  return manifestSchema.safeParse(parseJson(text)).data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function otherFile(name: RegistryName, wanted: string, found: string): IntramurosError {
  return new IntramurosError(
    'checksum_mismatch',
    `The registry's ${name.repository}:${name.tag} is another file now (SHA-256 ${found.slice(0, 12)}…, wanted ${wanted.slice(0, 12)}…).`,
    { facts: { wanted, found } },
  );
}
