import { fileURLToPath } from 'node:url';
import { IntramurosError, isIntramurosError } from '../../base/index.ts';
import type { InstalledModel } from '../../models/index.ts';
import type { Engine, EngineEvent, GenerateRequest, LoadPhase } from '../types.ts';
import type { EngineOptions } from './engine-options.ts';
import { leavable } from './leavable.ts';
import { fitToMemory, type LoadPlan, purposeOf, servedFile, startOptions } from './load-plan.ts';
import { type Machine, thisMachine } from './machine.ts';
import { MemoryLine, throwIfFull } from './memory-line.ts';
import { freeForModels, givenBack, type MemoryRoom } from './memory-room.ts';
import { ModelProcess } from './model-process.ts';
import { ModelSlot, throwIfTooSoon } from './model-slot.ts';
import { Predictions } from './predictions.ts';
import { loadFailed, processOf, unloaded, wrongPurpose } from './refusals.ts';

/**
 * Opens the local engine: one child process a model, started when first asked for, ended when idle too long or when another
 * model needs its memory. A crash of one becomes an error on its own streams; others go on.
 */
export function openEngine(options: EngineOptions): Engine {
  return new Supervisor(options);
}

interface AskOptions {
  readonly signal?: AbortSignal;
  readonly check?: (model: InstalledModel) => void;
}

const longestTimerMs = 2 ** 31 - 1;

class Supervisor implements Engine {
  readonly #options: EngineOptions;
  readonly #machine: Machine;
  readonly #entry: string;
  readonly #slots = new Map<string, ModelSlot>();
  readonly #predictions: Predictions;
  readonly #line = new MemoryLine(() => this.#room());
  readonly #timers = new Map<ModelSlot, NodeJS.Timeout>();
  readonly #ending = new Set<Promise<void>>();
  /** Loads pass one at a time from prediction to start, so that two never count on the same free memory. */
  #admission: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#machine = options.machine ?? thisMachine;
    this.#entry = options.entry ?? fileURLToPath(new URL('../process/main.ts', import.meta.url));
    this.#predictions = new Predictions(this.#entry, (process) => this.#track(process));
  }

  generate(request: GenerateRequest, options: { readonly signal?: AbortSignal } = {}): AsyncIterable<EngineEvent> {
    return leavable((signal) => this.#generate(request, signal), options.signal);
  }

  async *#generate({ model, ...request }: GenerateRequest, signal: AbortSignal): AsyncGenerator<EngineEvent> {
    signal.throwIfAborted();
    yield* this.#turn(model, signal);
    const { slot, release } = await this.#hold(model, (found) => {
      if (purposeOf(found) === 'embedding') throw wrongPurpose(found, 'makes embeddings; it cannot answer');
    });
    try {
      for await (const { ahead, ...state } of this.#untilReady(slot, signal))
        yield ahead === undefined ? { type: 'loading', ...state } : { type: 'queued', ahead };
      yield* processOf(slot).generate(request, signal);
      slot.failures = 0;
    } finally {
      release();
    }
  }

  async embed(
    { model, inputs, fairKey }: Parameters<Engine['embed']>[0],
    { signal }: { readonly signal?: AbortSignal } = {},
  ) {
    const call = { type: 'embed', inputs, fairKey } as const;
    const reply = await this.#ask(model, (process) => process.call(call, 'embedded', signal), {
      ...(signal && { signal }),
      check: (found) => {
        if (!found.capabilities.includes('embedding')) throw wrongPurpose(found, 'does not make embeddings');
      },
    });
    return reply.result;
  }

  async tokenize({ model, text, addSpecial = true, parseSpecial = false }: Parameters<Engine['tokenize']>[0]) {
    const call = { type: 'tokenize', text, addSpecial, parseSpecial } as const;
    return (await this.#ask(model, (process) => process.call(call, 'tokenized'))).tokens;
  }

  async detokenize({ model, tokens }: Parameters<Engine['detokenize']>[0]) {
    const call = { type: 'detokenize', tokens } as const;
    return (await this.#ask(model, (process) => process.call(call, 'detokenized'))).text;
  }

  async render({ model, messages }: Parameters<Engine['render']>[0]) {
    const call = { type: 'render', messages } as const;
    const { text, tokens } = await this.#ask(model, (process) => process.call(call, 'rendered'));
    return { text, tokens };
  }

  load(id: string, options: { readonly signal?: AbortSignal; readonly pin?: boolean } = {}) {
    return leavable((signal) => this.#load(id, options.pin, signal), options.signal);
  }

  async *#load(id: string, pin: boolean | undefined, signal: AbortSignal) {
    signal.throwIfAborted();
    const { slot, release } = await this.#hold(id);
    try {
      slot.pinned = pin ?? slot.pinned;
      for await (const { phase, progress } of this.#untilReady(slot, signal)) yield { phase, progress };
    } finally {
      release();
    }
  }

  async unload(id: string): Promise<void> {
    const slot = this.#slots.get(id);
    if (slot) await this.#end(slot, `Model "${id}" was unloaded while it was in use. Ask again to load it.`);
  }

  list() {
    return [...this.#slots.values()].map((slot) => slot.view(this.#machine));
  }

  async close(): Promise<void> {
    this.#closed = true;
    const slots = [...this.#slots.values()];
    await Promise.all(slots.map((slot) => this.#end(slot, 'Intramuros is stopping.')));
    await Promise.all(this.#ending);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** The slot of a model, its load begun. Call `#hold` to use it. */
  async #slot(id: string, check?: (model: InstalledModel) => void): Promise<ModelSlot> {
    this.#throwIfClosed();
    const model = await this.#options.library.get(id);
    check?.(model);
    for (let old = this.#slots.get(model.id); old?.state === 'unloading'; old = this.#slots.get(model.id)) {
      await old.changed(new AbortController().signal);
    }
    const outdated = this.#slots.get(model.id);
    if (outdated?.isIdle && outdated.file !== servedFile(model).file) {
      await this.#end(outdated, `Model "${model.id}" was unloaded: another file is served now. Ask again.`);
    }
    this.#throwIfClosed();
    let slot = this.#slots.get(model.id);
    if (!slot) {
      slot = new ModelSlot(model, this.#options.clock);
      this.#slots.set(model.id, slot);
      this.#begin(slot);
    } else if (slot.state === 'failed') {
      throwIfTooSoon(slot, this.#options.clock.now());
      slot.model = model;
      this.#begin(slot);
    }
    return slot;
  }

  #throwIfClosed(): void {
    if (this.#closed) throw new IntramurosError('engine_unavailable', 'Intramuros is stopping. Start it again.');
  }

  /** Starts a load that all who ask share; its end shows in the slot's state. */
  #begin(slot: ModelSlot): void {
    slot.update({ state: 'loading', phase: 'starting', progress: 0 });
    const begunAt = this.#options.clock.monotonic();
    const { log, clock } = this.#options;
    this.#loadInto(slot).then(
      () => {
        slot.update({ state: 'ready', progress: 1 });
        if (slot.holders === 0) this.#expireLater(slot);
        log.info(
          { model: slot.id, pid: slot.process?.pid, ms: Math.round(clock.monotonic() - begunAt) },
          'model loaded',
        );
      },
      (thrown: unknown) => {
        if (slot.state !== 'loading') return; // unloaded meanwhile
        const error = isIntramurosError(thrown) ? thrown : loadFailed(slot.id, thrown);
        log.warn(
          { model: slot.id, code: error.code, err: error.code === 'internal' ? thrown : undefined },
          error.message,
        );
        slot.noteFailure(error, clock.now());
      },
    );
  }

  async #loadInto(slot: ModelSlot): Promise<void> {
    const process = this.#spawn(slot); // it boots while the memory is predicted
    slot.process = process;
    try {
      let victims: readonly ModelSlot[] | undefined = [];
      for (;;) {
        if (!this.#line.isBehind(slot)) victims = await this.#admit(() => this.#tryStart(slot, process));
        if (victims === undefined) break;
        await this.#line.wait(slot, victims);
        if (slot.state !== 'loading') throw unloaded(slot.id);
        if (slot.holders === 0) this.#giveUp(slot);
      }
      this.#line.leave(slot);
    } catch (error) {
      this.#line.leave(slot);
      await process.stop(isIntramurosError(error) ? error : loadFailed(slot.id, error));
      throw error;
    }
    const ready = await process.ready;
    slot.contextTokens = ready.contextTokens;
  }

  /** Starts a load that there is memory for; otherwise gives the models in use that have to go first. */
  async #tryStart(slot: ModelSlot, process: ModelProcess): Promise<readonly ModelSlot[] | undefined> {
    let plan: LoadPlan;
    try {
      plan = await this.#plan(slot);
    } catch (error) {
      const { code, facts } = error as IntramurosError;
      const victims = code === 'memory_insufficient' && this.#line.victims(slot, Number(facts.neededBytes));
      if (victims) return victims;
      throw error;
    }
    const { contextTokens } = plan.start;
    Object.assign(slot, servedFile(slot.model), { predictedBytes: plan.predictedBytes, contextTokens });
    slot.update({ phase: 'starting' });
    if (slot.state !== 'loading') throw unloaded(slot.id);
    process.start(plan.start);
    return undefined;
  }

  /** Whoever wanted the load has left while it waited. */
  #giveUp(slot: ModelSlot): never {
    const error = unloaded(slot.id);
    this.#slots.delete(slot.id);
    slot.update({ state: 'unloading', error });
    throw error;
  }

  /** Waits while a model makes place for another; tells how many are before. */
  async *#turn(id: string, signal: AbortSignal): AsyncGenerator<{ readonly type: 'queued'; readonly ahead: number }> {
    if (![...this.#slots.values()].some(({ waysFor }) => waysFor)) return;
    const { id: model } = await this.#options.library.get(id);
    for (let slot = this.#slots.get(model); slot?.waysFor !== undefined; slot = this.#slots.get(model)) {
      throwIfFull(slot, this.#options.settings.queueLimit);
      yield { type: 'queued', ahead: slot.holders + slot.waysFor.holders + slot.parked };
      slot.parked += 1;
      try {
        await slot.changed(signal);
      } finally {
        slot.parked -= 1;
      }
    }
  }

  async #admit<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#admission.then(work);
    this.#admission = turn.catch(() => {}); // its own caller has the error; the next in line does not care
    return turn;
  }

  #spawn(slot: ModelSlot): ModelProcess {
    const process: ModelProcess = new ModelProcess({
      model: slot.id,
      entry: this.#entry,
      timeoutMs: this.#options.settings.engineTimeout,
      onLoading: (phase, progress) => slot.update({ phase, progress }),
      onState: (state) => {
        slot.processState = state;
        if (slot.waysFor !== undefined && slot.isIdle) this.#line.freed();
      },
      onLine: (line) => this.#options.log.debug({ model: slot.id, line }, 'engine process'),
      onCrash: (error) => {
        if (slot.process !== process || slot.state !== 'ready') return;
        this.#options.log.error({ model: slot.id, cause: error.facts.cause }, 'engine process crashed');
        slot.noteFailure(error, this.#options.clock.now());
      },
    });
    this.#track(process);
    return process;
  }

  #track(process: ModelProcess): void {
    this.#ending.add(process.ended);
    void process.ended.then(() => this.#ending.delete(process.ended));
  }

  /** Predicts the memory of a load, chooses the context, and makes place. */
  async #plan(slot: ModelSlot): Promise<LoadPlan> {
    const { settings } = this.#options;
    const wanted = startOptions(slot.model, settings, this.#machine.computeThreads);
    const memory = await this.#predictions.of(slot.id, wanted);
    const idle = [...this.#slots.values()].filter((other) => other !== slot && other.isIdle && !other.pinned);
    const reclaimable = idle.reduce((sum, other) => sum + givenBack(this.#room(), other), 0);
    const plan = fitToMemory(slot.model, wanted, memory, {
      roomBytes: freeForModels(this.#room()) + reclaimable,
      fixedContext: settings.contextTokens > 0,
    });
    for (const oldest of idle.sort((a, b) => a.lastUsedAt - b.lastUsedAt)) {
      if (plan.predictedBytes <= freeForModels(this.#room())) break;
      if (!oldest.isIdle) continue;
      slot.update({ phase: 'evicting' });
      this.#options.log.info({ model: oldest.id, for: slot.id }, 'model evicted to make room');
      await this.#end(oldest, `Model "${oldest.id}" was unloaded to make room for "${slot.id}". Ask again to load it.`);
    }
    return plan;
  }

  #room(): MemoryRoom {
    return { slots: [...this.#slots.values()], machine: this.#machine, limitBytes: this.#options.settings.memoryLimit };
  }

  async *#untilReady(slot: ModelSlot, signal: AbortSignal) {
    let last: { readonly phase: LoadPhase; readonly progress: number; readonly ahead: number | undefined } | undefined;
    while (slot.state === 'loading') {
      const { phase = 'starting', progress, ahead } = slot;
      if (phase !== last?.phase || progress !== last.progress || ahead !== last.ahead) {
        last = { phase, progress, ahead };
        yield last;
        continue;
      }
      await slot.changed(signal);
    }
    if (slot.state !== 'ready') throw slot.error ?? unloaded(slot.id);
  }

  async #ask<T>(
    id: string,
    ask: (process: ModelProcess) => Promise<T>,
    { signal = new AbortController().signal, check }: AskOptions = {},
  ): Promise<T> {
    signal.throwIfAborted();
    for await (const _ of this.#turn(id, signal));
    const { slot, release } = await this.#hold(id, check);
    try {
      for await (const _ of this.#untilReady(slot, signal));
      const answer = await ask(processOf(slot));
      slot.failures = 0;
      return answer;
    } finally {
      release();
    }
  }

  /** Takes a model into use: it is neither unloaded for idleness nor evicted until `release` is called. */
  async #hold(
    id: string,
    check?: (model: InstalledModel) => void,
  ): Promise<{ readonly slot: ModelSlot; readonly release: () => void }> {
    const slot = await this.#slot(id, check);
    if (slot.state === 'unloading') return this.#hold(id, check); // it was taken away in this very moment
    throwIfFull(slot, this.#options.settings.queueLimit);
    slot.holders += 1;
    slot.expiresAt = undefined;
    clearTimeout(this.#timers.get(slot));
    const release = (): void => {
      slot.holders -= 1;
      slot.lastUsedAt = this.#options.clock.now();
      if (slot.holders === 0) this.#expireLater(slot);
      this.#line.freed();
    };
    return { slot, release };
  }

  #expireLater(slot: ModelSlot): void {
    clearTimeout(this.#timers.get(slot));
    const { keepAlive } = this.#options.settings;
    if (slot.pinned || slot.state !== 'ready' || !Number.isFinite(keepAlive)) return;
    slot.expiresAt = this.#options.clock.now() + keepAlive;
    this.#timers.set(slot, setTimeout(() => this.#expire(slot), Math.min(keepAlive, longestTimerMs)).unref());
  }

  #expire(slot: ModelSlot): void {
    if (!slot.isIdle || this.#options.settings.keepAlive > longestTimerMs) {
      this.#expireLater(slot);
      return;
    }
    this.#options.log.info({ model: slot.id }, 'model unloaded after its keep-alive');
    void this.#end(slot, `Model "${slot.id}" was unloaded after its keep-alive. Ask again to load it.`);
  }

  /** Ends the process of a model and forgets it. Who asks meanwhile gets a process of its own. */
  async #end(slot: ModelSlot, why: string): Promise<void> {
    clearTimeout(this.#timers.get(slot));
    this.#timers.delete(slot);
    const error = new IntramurosError('engine_unavailable', why, { facts: { model: slot.id } });
    const process = slot.process;
    slot.update({ state: 'unloading', error });
    await process?.stop(error);
    if (this.#slots.get(slot.id) === slot) this.#slots.delete(slot.id);
    slot.update({});
    this.#line.freed();
  }
}
