import type { Client } from '../api/client.ts';
import { toProblemBody } from '../api/problem.ts';
import type { CatalogueEntry, InstalledModel, ProblemBody, PullEvent, Status } from '../api/wire.ts';
import { Observable } from './emitter.ts';

/** A long piece of work on a model: getting it, loading it, tuning it. */
export interface ModelTask {
  readonly kind: 'pull' | 'load' | 'optimize';
  readonly reference: string;
  readonly event: PullEvent | undefined;
  /** 0 to 1, when the work can tell. */
  readonly progress: number | undefined;
  readonly problem: ProblemBody | undefined;
  readonly done: boolean;
}
export interface ModelsState {
  readonly status: Status | undefined;
  readonly models: readonly InstalledModel[];
  readonly catalogue: readonly CatalogueEntry[] | undefined;
  readonly loaded: boolean;
  readonly problem: ProblemBody | undefined;
  readonly tasks: ReadonlyMap<string, ModelTask>;
}

/** The models of this installation, what the machine says of itself, and the work going on with models. */
export class ModelsStore {
  readonly state = new Observable<ModelsState>({
    status: undefined,
    models: [],
    catalogue: undefined,
    loaded: false,
    problem: undefined,
    tasks: new Map(),
  });
  readonly #client: Client;
  readonly #stops = new Map<string, AbortController>();

  constructor(client: Client) {
    this.#client = client;
  }

  #patch(patch: Partial<ModelsState>): void {
    this.state.set({ ...this.state.get(), ...patch });
  }

  async refresh(): Promise<void> {
    try {
      const [status, models] = await Promise.all([this.#client.status(), this.#client.models()]);
      this.#patch({ status, models, loaded: true, problem: undefined });
    } catch (error) {
      this.#patch({ loaded: true, problem: toProblemBody(error) });
    }
  }
  async refreshCatalogue(): Promise<void> {
    try {
      this.#patch({ catalogue: await this.#client.catalogue(), problem: undefined });
    } catch (error) {
      this.#patch({ problem: toProblemBody(error) });
    }
  }

  find = (id: string | null | undefined): InstalledModel | undefined =>
    this.state.get().models.find((model) => model.id === id);

  /** Quantisation and tuning of the file that answers, which events do not carry. */
  facts = (id: string): { quantization: string; tuned: boolean } | undefined => {
    const model = this.find(id);
    if (!model) return undefined;
    const tuned = model.runtime?.tuned ?? model.tuned?.enabled ?? false;
    return { quantization: tuned && model.tuned ? model.tuned.quantization : model.quantization, tuned };
  };

  pull = (reference: string): Promise<void> =>
    this.#work('pull', reference, async (signal, tell) => {
      for await (const event of this.#client.fetchModel(reference, { signal }))
        tell({ event, progress: shareOf(event) });
    });
  load = (id: string): Promise<void> =>
    this.#work('load', id, async (signal, tell) => {
      for await (const { progress } of this.#client.loadModel(id, { signal })) tell({ progress });
    });
  optimize = (id: string): Promise<void> =>
    this.#work('optimize', id, async (signal, tell) => {
      for await (const event of this.#client.optimizeModel(id, { signal }))
        tell({ progress: typeof event.progress === 'number' ? event.progress : undefined });
    });
  cancel(key: string): void {
    this.#stops.get(key)?.abort();
  }
  dismiss(key: string): void {
    const tasks = new Map(this.state.get().tasks);
    tasks.delete(key);
    this.#patch({ tasks });
  }
  async unload(id: string): Promise<void> {
    await this.#client.unloadModel(id);
    await this.refresh();
  }
  async remove(id: string): Promise<void> {
    await this.#client.removeModel(id);
    await Promise.all([this.refresh(), this.refreshCatalogue()]);
  }

  async #work(
    kind: ModelTask['kind'],
    reference: string,
    work: (signal: AbortSignal, tell: (patch: Partial<ModelTask>) => void) => Promise<void>,
  ): Promise<void> {
    const key = `${kind} ${reference}`;
    if (this.#stops.has(key)) return;
    const stop = new AbortController();
    this.#stops.set(key, stop);
    let task: ModelTask = { kind, reference, event: undefined, progress: undefined, problem: undefined, done: false };
    const tell = (patch: Partial<ModelTask>): void => {
      task = { ...task, ...patch };
      this.#patch({ tasks: new Map(this.state.get().tasks).set(key, task) });
    };
    tell({});
    try {
      await work(stop.signal, tell);
      this.dismiss(key);
    } catch (error) {
      if (stop.signal.aborted) this.dismiss(key);
      else tell({ problem: toProblemBody(error), done: true });
    } finally {
      this.#stops.delete(key);
      await this.refresh();
      if (this.state.get().catalogue) await this.refreshCatalogue();
    }
  }
}

function shareOf(event: PullEvent): number | undefined {
  if (event.type !== 'progress' || !event.totalBytes) return undefined;
  return Math.min(1, event.completedBytes / event.totalBytes);
}
