import { readFile, stat } from 'node:fs/promises';
import { isIntramurosError, type Logger } from '../../base/index.ts';
import { findBySha256, findInCatalogue } from '../catalogue/index.ts';
import { type FoundModel, findModels } from '../found/index.ts';
import type { InstalledModel } from '../types.ts';
import { describeModel } from './describe.ts';
import { type Places, writeDurably } from './places.ts';
import { forgetKey } from './references.ts';

/** Models of other programs on this disk, as if they were installed; remembers which the person does not want to see. */
export class FoundLibrary {
  readonly #places: Places;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #enabled: boolean;
  readonly #log: Logger;
  /** By file, size and time of change: a header is read once. */
  readonly #described = new Map<string, InstalledModel | undefined>();

  constructor(options: {
    readonly places: Places;
    readonly environment: NodeJS.ProcessEnv;
    readonly enabled: boolean;
    readonly log: Logger;
  }) {
    this.#places = options.places;
    this.#environment = options.environment;
    this.#enabled = options.enabled;
    this.#log = options.log;
  }

  /** All that is there, forgotten or not: for a pull, which is a wish to see it again. */
  async all(): Promise<readonly FoundModel[]> {
    return this.#enabled ? findModels(this.#environment) : [];
  }

  async list(): Promise<readonly InstalledModel[]> {
    const found = await this.all();
    if (found.length === 0) return [];
    const forgotten = await this.#forgotten();
    const models: InstalledModel[] = [];
    for (const item of found) {
      const model = forgotten.has(forgetKey(item)) ? undefined : await this.#describe(item);
      if (model) models.push(model);
    }
    return models;
  }

  async forget(model: Pick<InstalledModel, 'id' | 'files'>): Promise<void> {
    const forgotten = await this.#forgotten();
    forgotten.add(forgetKey({ id: model.id, file: model.files[0] ?? '' }));
    await writeDurably(this.#places.forgotten, JSON.stringify([...forgotten], null, 2));
  }

  /** Brings back what was forgotten of a file: it was pulled again. */
  async recall(files: readonly string[]): Promise<void> {
    const forgotten = await this.#forgotten();
    const kept = [...forgotten].filter((key) => !key.endsWith(files[0] ?? '\0'));
    if (kept.length < forgotten.size) await writeDurably(this.#places.forgotten, JSON.stringify(kept, null, 2));
  }

  async #describe(found: FoundModel): Promise<InstalledModel | undefined> {
    const state = await stat(found.file).catch(() => undefined);
    if (!state) return undefined;
    const key = `${found.file}\n${state.size}\n${state.mtimeMs}`;
    if (!this.#described.has(key)) this.#described.set(key, await this.#read(found, state.mtime));
    const model = this.#described.get(key);
    return model && { ...model, id: found.id };
  }

  async #read(found: FoundModel, changedAt: Date): Promise<InstalledModel | undefined> {
    const fetched = { files: [found.file], sha256: found.sha256, origin: found.origin, inPlace: true };
    const choice =
      found.sha256 === undefined
        ? findInCatalogue(found.id)
        : (findBySha256(found.sha256) ?? findInCatalogue(found.id));
    try {
      return await describeModel(found.id, fetched, { choice, installedAt: changedAt.toISOString() });
    } catch (error) {
      if (!isIntramurosError(error)) throw error;
      this.#log.debug({ file: found.file, code: error.code }, 'a model of another program is left out');
      return undefined;
    }
  }

  async #forgotten(): Promise<Set<string>> {
    try {
      const list: unknown = JSON.parse(await readFile(this.#places.forgotten, 'utf8'));
      return new Set(Array.isArray(list) ? list.filter((item) => typeof item === 'string') : []);
    } catch (error) {
      const harmless = (error as NodeJS.ErrnoException).code === 'ENOENT' || error instanceof SyntaxError;
      if (harmless) return new Set(); // nothing forgotten, or a list that broke: showing too much harms nobody
      throw error;
    }
  }
}
