import { type BigIntStats, type Stats, statSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { z } from 'zod';
import { formatBytes, type Logger } from '../../base/index.ts';
import type { InstalledModel } from '../types.ts';
import { type Places, writeDurably } from './places.ts';

const speeds = { prefillTokensPerSecond: z.number(), decodeTokensPerSecond: z.number() };
const tunedSchema = z.object({
  file: z.string(),
  quantization: z.string(),
  sizeBytes: z.number(),
  sha256: z.string(),
  kld: z.number(),
  sameTopToken: z.number(),
  ...speeds,
  original: z.object(speeds),
  measuredOn: z.string(),
  madeAt: z.string(),
  enabled: z.boolean(),
});
const capability = z.enum(['chat', 'completion', 'embedding', 'thinking', 'tools', 'vision']);
const originKind = z.enum([
  'huggingface',
  'registry',
  'python-package',
  'file',
  'url',
  'ollama-cache',
  'lm-studio-cache',
  'huggingface-cache',
]);
const manifestSchema = z.object({
  version: z.literal(1),
  id: z.string().min(1),
  title: z.string(),
  files: z.array(z.string()).min(1),
  sizeBytes: z.number(),
  sha256: z.string().optional(),
  architecture: z.string(),
  family: z.string().optional(),
  parameterCount: z.number(),
  quantization: z.string(),
  bitsPerWeight: z.number(),
  contextTokens: z.number(),
  embeddingLength: z.number(),
  chatTemplate: z.string().optional(),
  capabilities: z.array(capability),
  licence: z.string().optional(),
  languages: z.array(z.string()),
  origin: z.object({ kind: originKind, detail: z.string() }),
  tuned: tunedSchema.optional(),
  installedAt: z.string(),
  inPlace: z.boolean().default(false),
});

type ParsedManifest = z.output<typeof manifestSchema>;

/**
 * The installed models as JSON files, one each, so that one that breaks takes no other with it. Every question asks for its
 * model several times: an entry is read again only when its file changed, and files are looked at without leaving the thread
 * (0.01 ms for both, where reading and parsing took 0.6).
 */
export class Manifests {
  readonly #places: Places;
  readonly #log: Logger;
  readonly #parsed = new Map<string, { readonly mark: string; readonly manifest: ParsedManifest }>();

  constructor(places: Places, log: Logger) {
    this.#places = places;
    this.#log = log;
  }

  async list(): Promise<{ readonly models: readonly InstalledModel[]; readonly problems: readonly string[] }> {
    const names = await readdir(this.#places.manifests).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
    const models: InstalledModel[] = [];
    const problems: string[] = [];
    for (const name of names.filter((item) => item.endsWith('.json')).sort()) {
      const read = await this.#read(join(this.#places.manifests, name));
      if (typeof read === 'object') models.push(read);
      else if (read !== undefined) problems.push(read);
    }
    return { models, problems };
  }

  async find(id: string): Promise<InstalledModel | undefined> {
    const read = await this.#read(this.#places.manifest(id));
    return typeof read === 'object' && read.id === id ? read : undefined;
  }

  async save(model: InstalledModel): Promise<void> {
    const { problem: _, ...kept } = model;
    const files = model.files.map((file) => this.#toStored(file));
    const tuned = model.tuned && { ...model.tuned, file: this.#toStored(model.tuned.file) };
    const text = JSON.stringify({ version: 1, ...kept, files, tuned }, null, 2);
    await writeDurably(this.#places.manifest(model.id), `${text}\n`);
  }

  async remove(id: string): Promise<void> {
    await rm(this.#places.manifest(id), { force: true });
  }

  /** The model, a sentence about what is wrong with its entry, or undefined when there is none. */
  async #read(path: string): Promise<InstalledModel | string | undefined> {
    let manifest: ParsedManifest | undefined;
    try {
      manifest = await this.#parse(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      return this.#broken(path, (error as Error).message);
    }
    if (!manifest) return this.#broken(path, 'it is not an entry this version can read');
    const { version: _, tuned, ...stored } = manifest;
    const model: InstalledModel = {
      ...stored,
      family: stored.family,
      sha256: stored.sha256,
      chatTemplate: stored.chatTemplate,
      licence: stored.licence,
      files: stored.files.map((file) => resolve(this.#places.root, file)),
      tuned: tuned && { ...tuned, file: resolve(this.#places.root, tuned.file) },
    };
    const problem = problemOf(model);
    return problem === undefined ? model : { ...model, problem };
  }

  /** The entry at `path`, undefined when it cannot be read; throws as the file system does. */
  async #parse(path: string): Promise<ParsedManifest | undefined> {
    const mark = markOf(statSync(path, { bigint: true }));
    const known = this.#parsed.get(path);
    if (known?.mark === mark) return known.manifest;
    const parsed = manifestSchema.safeParse(tryJson(await readFile(path, 'utf8')));
    if (!parsed.success) return undefined;
    // Written meanwhile: the next question reads it again.
    this.#parsed.set(path, { mark, manifest: parsed.data });
    return parsed.data;
  }

  #broken(path: string, words: string): string {
    const sentence = `The model entry ${path} cannot be used: ${words}. Pull the model again, or delete that file.`;
    this.#log.warn({ path }, sentence);
    return sentence;
  }

  /** Own files by their place below ours, so that a data directory can be moved; others by their full path. */
  #toStored(file: string): string {
    const inside = relative(this.#places.root, file);
    return inside.startsWith('..') || isAbsolute(inside) ? file : inside.split(sep).join('/');
  }
}

/** Changes whenever a file is written or replaced. */
function markOf({ ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return `${ino} ${size} ${mtimeNs} ${ctimeNs}`;
}

function problemOf(model: InstalledModel): string | undefined {
  let sizeBytes = 0;
  for (const file of model.files) {
    const found = statOf(file);
    if (!found) return `Its file ${file} is missing. Pull it again or remove it ("intramuros rm ${model.id}").`;
    sizeBytes += found.size;
  }
  if (sizeBytes === model.sizeBytes) return undefined;
  const sizes = `${formatBytes(sizeBytes)} (${sizeBytes} bytes) instead of ${model.sizeBytes} bytes`;
  return `Its file has ${sizes}: it was cut or changed. Remove it ("intramuros rm ${model.id}") and pull it again.`;
}

/** Undefined when there is no such file, or none that we may look at. */
function statOf(file: string): Stats | undefined {
  try {
    return statSync(file, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
