import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Clock, isIntramurosError, type Logger } from './base/index.ts';
import { type Engine, type OptimizeEvent, optimizeModel } from './engine/index.ts';
import type { DiskLibrary, InstalledModel } from './models/index.ts';

/** Makes tuned copies: when asked, and by itself while nobody waits for an answer. */
export interface Tuner extends AsyncDisposable {
  /** Tunes one model now; its copy is served from the next load on. */
  optimize(model: InstalledModel, options: { readonly signal: AbortSignal }): AsyncIterable<OptimizeEvent>;
}

export interface TunerOptions {
  readonly home: string;
  readonly library: DiskLibrary;
  readonly engine: Engine;
  readonly threads: number;
  readonly log: Logger;
  readonly clock: Clock;
  /** Look for models without a copy; off when the person is to be asked. */
  readonly automatic: boolean;
  /** How long the engine must have been idle. */
  readonly idleMs?: number;
}

/** Opens the tuner. Models that no copy helps are remembered, so that they are not measured at every start. */
export function openTuner(options: TunerOptions): Tuner {
  const stop = new AbortController();
  const work = options.automatic ? tuneWhenIdle(options, stop.signal) : Promise.resolve();
  return {
    optimize: (model, { signal }) => tune(options, model, signal),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await work;
    },
  };
}

async function* tune(options: TunerOptions, model: InstalledModel, signal: AbortSignal): AsyncGenerator<OptimizeEvent> {
  const { library, engine, threads, clock } = options;
  const directory = await library.folderOf(model.id);
  for await (const event of optimizeModel({ model, directory, threads, clock, signal })) {
    if (event.type === 'done' && event.tuned) {
      await library.setTuned(model.id, event.tuned);
      const loaded = engine.list().find(({ id }) => id === model.id);
      if (loaded && loaded.activeRequests + loaded.queuedRequests === 0) await engine.unload(model.id);
    }
    yield event;
  }
}

async function tuneWhenIdle(options: TunerOptions, signal: AbortSignal): Promise<void> {
  const { log, idleMs = 20_000 } = options;
  try {
    for (;;) {
      await idle(options.engine, idleMs, signal);
      const model = await nextModel(options);
      if (!model) continue;
      log.info({ model: model.id }, 'making a copy tuned to this machine');
      await tuneOne(options, model, signal);
    }
  } catch (error) {
    if (!signal.aborted) log.error({ err: error }, 'automatic tuning ended');
  }
}

async function tuneOne(options: TunerOptions, model: InstalledModel, signal: AbortSignal): Promise<void> {
  try {
    for await (const event of tune(options, model, signal)) {
      if (event.type !== 'done') continue;
      remember(options.home, model, event.words);
      options.log.info({ model: model.id, result: event.words }, 'tuning is done');
    }
  } catch (error) {
    if (signal.aborted) throw error;
    remember(options.home, model, isIntramurosError(error) ? error.message : 'failed');
    options.log.warn({ model: model.id, err: error }, 'tuning failed; the pulled file is served');
  }
}

/** Waits until no model has had work for `idleMs`. */
async function idle(engine: Engine, idleMs: number, signal: AbortSignal): Promise<void> {
  for (let quietMs = 0; quietMs < idleMs; ) {
    const stepMs = Math.min(1_000, idleMs);
    await delay(stepMs, undefined, { signal, ref: false });
    const busy = engine
      .list()
      .some((model) => model.activeRequests + model.queuedRequests > 0 || model.state === 'loading');
    quietMs = busy ? 0 : quietMs + stepMs;
  }
}

async function nextModel({ library, home }: TunerOptions): Promise<InstalledModel | undefined> {
  const tried = readTried(home);
  return (await library.list()).find(
    (model) =>
      !model.tuned &&
      model.problem === undefined &&
      tried[model.id] === undefined &&
      model.capabilities.includes('chat'),
  );
}

const fileOf = (home: string): string => join(home, 'tuning.json');

function readTried(home: string): Readonly<Record<string, string>> {
  try {
    return JSON.parse(readFileSync(fileOf(home), 'utf8')) as Record<string, string>;
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
}

function remember(home: string, model: InstalledModel, words: string): void {
  writeFileSync(fileOf(home), `${JSON.stringify({ ...readTried(home), [model.id]: words }, null, 2)}\n`);
}
