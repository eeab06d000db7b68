import { mkdir, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { basename, join, sep } from 'node:path';
import {
  type Clock,
  IntramurosError,
  isIntramurosError,
  type Logger,
  type Settings,
  systemClock,
} from '../../base/index.ts';
import type { Egress } from '../../egress/index.ts';
import { catalogue, findBySha256, findInCatalogue, similarNames } from '../catalogue/index.ts';
import { sourceDestinations } from '../sources/destinations.ts';
import type { FetchContext, FetchedFiles, Source } from '../sources/source.ts';
import type { CatalogueEntry, DiskLibrary, InstalledModel, PullEvent, TunedCopy } from '../types.ts';
import { describeModel } from './describe.ts';
import { FoundLibrary } from './found-library.ts';
import { takeLock } from './lock.ts';
import { Manifests } from './manifests.ts';
import { Places, syncFolder } from './places.ts';
import { PullJob, type PullReporter } from './pull-job.ts';
import { type PullPlan, planPull } from './references.ts';

export interface ModelLibraryOptions {
  /** Data directory: everything lies in its `models` folder. */
  readonly home: string;
  readonly egress: Egress;
  readonly settings: Pick<Settings, 'huggingFaceUrl' | 'registryUrl' | 'useFoundModels'>;
  readonly log: Logger;
  readonly clock?: Clock;
  /** Where HOME, OLLAMA_MODELS, HF_HOME and HF_TOKEN are read. */
  readonly environment?: NodeJS.ProcessEnv;
  /** Wait before a cut download is tried again; doubles each time. Default 1 s. */
  readonly retryDelayMs?: number;
  /** Disk space that a pull leaves free. Default 512 MiB. */
  readonly reserveBytes?: number;
}

/** Opens the models of a data directory. Several processes may have the same one open. */
export async function openModelLibrary(options: ModelLibraryOptions): Promise<DiskLibrary> {
  const places = new Places(options.home);
  await places.make();
  options.egress.allow('models', sourceDestinations(options.settings));
  return new Library(options, places);
}

class Library implements DiskLibrary {
  readonly #options: ModelLibraryOptions;
  readonly #places: Places;
  readonly #manifests: Manifests;
  readonly #found: FoundLibrary;
  readonly #clock: Clock;
  readonly #jobs = new Map<string, PullJob>();
  /** Changes of manifests, one after the other. */
  #changes: Promise<unknown> = Promise.resolve();

  constructor(options: ModelLibraryOptions, places: Places) {
    this.#options = options;
    this.#places = places;
    this.#clock = options.clock ?? systemClock;
    this.#manifests = new Manifests(places, options.log);
    const { environment = process.env, log, settings } = options;
    this.#found = new FoundLibrary({ places, environment, enabled: settings.useFoundModels, log });
  }

  async list(): Promise<readonly InstalledModel[]> {
    const { models } = await this.#manifests.list();
    const ids = new Set(models.map(({ id }) => id));
    const files = new Set(models.flatMap((model) => model.files));
    const found = (await this.#found.list()).filter((model) => !ids.has(model.id) && !files.has(model.files[0] ?? ''));
    return [...models, ...found];
  }

  async problems(): Promise<readonly string[]> {
    return (await this.#manifests.list()).problems;
  }

  catalogue(): readonly CatalogueEntry[] {
    return catalogue;
  }

  async get(id: string): Promise<InstalledModel> {
    const model = await this.find(id);
    if (!model) throw await this.#notInstalled(id);
    if (model.problem === undefined) return model;
    const message = `Model "${model.id}" cannot be used. ${model.problem}`;
    throw new IntramurosError('model_unusable', message, { facts: { model: model.id } });
  }

  async find(id: string): Promise<InstalledModel | undefined> {
    const direct = await this.#manifests.find(id);
    if (direct) return direct;
    const meant = findInCatalogue(id)?.id;
    const byAlias = meant === undefined ? undefined : await this.#manifests.find(meant);
    if (byAlias) return byAlias;
    const wanted = new Set([id, `${id}:latest`, meant ?? id].map((name) => name.toLowerCase()));
    return (await this.list()).find((model) => wanted.has(model.id.toLowerCase()));
  }

  async folderOf(id: string): Promise<string> {
    const folder = this.#places.files((await this.get(id)).id);
    await mkdir(folder, { recursive: true });
    return folder;
  }

  async setTuned(id: string, tuned: TunedCopy | undefined): Promise<InstalledModel> {
    return this.#change(async () => {
      const model = { ...(await this.get(id)), tuned };
      await this.#manifests.save(model);
      return model;
    });
  }

  async remove(id: string): Promise<void> {
    await this.#change(async () => {
      const model = await this.find(id);
      if (!model) throw await this.#notInstalled(id);
      // The entry first: a stop in the middle leaves files that nothing names, and never a name without files.
      await this.#manifests.remove(model.id);
      if (model.inPlace) await this.#found.forget(model);
      await rm(this.#places.files(model.id), { recursive: true, force: true });
      await rm(this.#places.partial(model.id), { recursive: true, force: true });
      if (model.tuned && this.#isOwn(model.tuned.file)) await rm(model.tuned.file, { force: true });
    });
  }

  async *pull(reference: string, options: { readonly signal?: AbortSignal } = {}): AsyncGenerator<PullEvent, void> {
    options.signal?.throwIfAborted();
    const plan = planPull(reference, await this.#found.all());
    const installed = await this.#manifests.find(plan.id);
    if (installed && installed.problem === undefined && !plan.namedByFile) {
      yield { type: 'done', model: installed };
      return;
    }
    const key = plan.namedByFile ? reference.trim() : plan.id;
    yield* (await this.#jobFor(key, plan)).follow(options.signal);
  }

  async #jobFor(key: string, plan: PullPlan): Promise<PullJob> {
    for (;;) {
      const running = this.#jobs.get(key);
      if (running?.isOpen) return running;
      if (!running) break;
      await running.settled; // it is being stopped: its lock and files are still in use
      if (this.#jobs.get(key) === running) this.#jobs.delete(key);
    }
    const job = new PullJob(this.#clock, (signal, reporter) => this.#work(key, plan, signal, reporter));
    this.#jobs.set(key, job);
    void job.settled.then(() => {
      if (this.#jobs.get(key) === job) this.#jobs.delete(key);
    });
    return job;
  }

  async #work(key: string, plan: PullPlan, signal: AbortSignal, reporter: PullReporter): Promise<InstalledModel> {
    const folder = this.#places.partial(key);
    await using lock = await takeLock(this.#places.lock(key), {
      signal,
      onWait: async () => {
        const completedBytes = await folderBytes(folder);
        reporter.progress('another Intramuros process', {
          phase: 'downloading',
          completedBytes,
          totalBytes: undefined,
        });
      },
    });
    const done = lock.waited ? await this.#manifests.find(plan.id) : undefined;
    if (done && done.problem === undefined && !plan.namedByFile) return done;
    const fetched = await this.#fromFirst(plan.sources, reporter, this.#context(folder, signal)).finally(
      () => rmdir(folder).catch(() => {}), // stays as long as it holds a part to go on with
    );
    const model = await this.#change(() => this.#install(plan, fetched, signal));
    await rm(folder, { recursive: true, force: true });
    return model;
  }

  #context(folder: string, signal: AbortSignal): Omit<FetchContext, 'report'> {
    const {
      egress,
      settings,
      environment = process.env,
      retryDelayMs = 1000,
      reserveBytes = 512 * 2 ** 20,
    } = this.#options;
    const { huggingFaceUrl, registryUrl } = settings;
    return {
      egress,
      huggingFaceUrl,
      registryUrl,
      environment,
      folder,
      signal,
      clock: this.#clock,
      retryDelayMs,
      reserveBytes,
    };
  }

  /** Tries the sources in order and says why each that failed did. */
  async #fromFirst(
    sources: readonly Source[],
    reporter: PullReporter,
    context: Omit<FetchContext, 'report'>,
  ): Promise<FetchedFiles> {
    const failures: { readonly source: string; readonly error: IntramurosError }[] = [];
    await mkdir(context.folder, { recursive: true });
    for (const source of sources) {
      reporter.looking(source.name);
      try {
        const report: FetchContext['report'] = (progress) => reporter.progress(source.name, progress);
        const fetched = await source.fetch({ ...context, report });
        // Read before it becomes visible: what is no model must not be installed, and another source may have it.
        await this.#checked(fetched);
        return fetched;
      } catch (error) {
        if (context.signal.aborted) throw context.signal.reason;
        if (!isIntramurosError(error) || error.code === 'disk_insufficient') throw error;
        failures.push({ source: source.name, error });
        reporter.sourceFailed(source.name, error.message);
        this.#options.log.info({ source: source.name, code: error.code, reason: error.message }, 'source failed');
      }
    }
    throw allFailed(failures);
  }

  async #checked(fetched: FetchedFiles): Promise<void> {
    try {
      await describeModel('', fetched, { installedAt: '' });
    } catch (error) {
      if (!fetched.inPlace) await Promise.all(fetched.files.map((file) => rm(file, { force: true })));
      throw error;
    }
  }

  async #install(plan: PullPlan, fetched: FetchedFiles, signal: AbortSignal): Promise<InstalledModel> {
    const bySha = plan.namedByFile && fetched.sha256 !== undefined ? findBySha256(fetched.sha256) : undefined;
    const choice = plan.choice ?? bySha;
    const id = bySha?.id ?? (await this.#freeId(plan, fetched));
    const files = fetched.inPlace ? fetched.files : await this.#moveIn(id, fetched.files);
    const installedAt = new Date(this.#clock.now()).toISOString();
    const model = await describeModel(id, { ...fetched, files }, { choice, installedAt, signal });
    await this.#manifests.save(model);
    if (model.inPlace) await this.#found.recall(model.files);
    return model;
  }

  /** A second file of one name, from elsewhere, gets a number: it must not replace the first. */
  async #freeId(plan: PullPlan, fetched: FetchedFiles): Promise<string> {
    if (!plan.namedByFile) return plan.id;
    for (let number = 1; ; number += 1) {
      const id = number === 1 ? plan.id : `${plan.id}-${number}`;
      const taken = await this.#manifests.find(id);
      if (!taken || taken.origin.detail === fetched.origin.detail) return id;
    }
  }

  async #moveIn(id: string, files: readonly string[]): Promise<readonly string[]> {
    const folder = this.#places.files(id);
    await mkdir(folder, { recursive: true });
    const moved: string[] = [];
    for (const file of files) {
      const target = join(folder, basename(file));
      await rename(file, target);
      moved.push(target);
    }
    await syncFolder(folder);
    return moved;
  }

  #isOwn(file: string): boolean {
    return file.startsWith(this.#places.root + sep);
  }

  #change<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#changes.then(work);
    this.#changes = done.catch(() => {}); // its caller has the failure
    return done;
  }

  async #notInstalled(id: string): Promise<IntramurosError> {
    const installed = (await this.list()).map((model) => model.id);
    const known =
      findInCatalogue(id)?.id ?? similarNames(id, [...installed, ...catalogue.map((entry) => entry.id)], 1)[0];
    const have = installed.length === 0 ? 'None is installed.' : `Installed: ${installed.slice(0, 20).join(', ')}.`;
    const hint = known === undefined ? '' : ` Get it with "intramuros pull ${known}".`;
    return new IntramurosError('model_not_found', `Model "${id.slice(0, 200)}" is not installed. ${have}${hint}`, {
      facts: { model: id.slice(0, 200), installed: installed.slice(0, 20) },
    });
  }
}

function allFailed(failures: readonly { readonly source: string; readonly error: IntramurosError }[]): IntramurosError {
  const [first] = failures;
  if (first && failures.length === 1) return first.error;
  const codes = new Set(failures.map(({ error }) => error.code));
  const reasons = failures.map(({ source, error }) => `${source}: ${error.message}`);
  const code = first && codes.size === 1 ? first.error.code : 'pull_failed';
  return new IntramurosError(code, `No source could give the model. ${reasons.join(' ')}`, {
    cause: new AggregateError(failures.map(({ error }) => error)),
    facts: { sources: failures.map(({ source }) => source), reasons },
  });
}

async function folderBytes(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => []);
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(folder, name)).then(
        (found) => found.size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((total, size) => total + size, 0);
}
