import { IntramurosError, toProblem } from '../../base/index.ts';
import {
  likeliest,
  type NativeContext,
  type NativeModel,
  openContext,
  openLibrary,
  openModel,
  predictMemory,
} from '../native/index.ts';
import { contextOptions, keptTokens, storeBytes } from './context-options.ts';
import { Embedding } from './embedding.ts';
import { Generation } from './generation.ts';
import type { FromProcess, ProcessState, StartOptions, ToProcess } from './protocol.ts';

/** The way back to the gateway. `exit` first sends what is on its way. */
export interface Channel {
  send(message: FromProcess): void;
  exit(code: number): void;
}

type Request = Exclude<ToProcess, { type: 'start' | 'stop' }>;

/** Progress is reported in steps of this, not at each of the library's hundreds of calls. */
const PROGRESS_STEP = 0.02;
const ALIVE_MS = 1000;
const WARM_TOKENS = 3;
/** After some calls the runtime compiles the search for the likeliest token: not while someone waits for it. */
const WARM_CALLS = 5;

/** One process's life: opens its model, serves requests, ends when told to or when the gateway is gone. */
export class EngineProcess {
  readonly #channel: Channel;
  readonly #stopping = new AbortController();
  #model: NativeModel | undefined;
  #context: NativeContext | undefined;
  #generation: Generation | undefined;
  #embedding: Embedding | undefined;
  #loading: Promise<void> | undefined;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  receive(message: ToProcess): void {
    if (message.type === 'start') this.#loading = this.#start(message.options);
    else if (message.type === 'stop') void this.stop();
    else this.#answer(message);
  }

  /** Interrupts what runs, gives all memory back and ends the process. */
  async stop(): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    this.#stopping.abort();
    await this.#loading;
    await this.#generation?.scheduler.close();
    await this.#embedding?.close();
    this.#context?.close();
    this.#model?.close();
    this.#channel.exit(0);
  }

  async #start(options: StartOptions): Promise<void> {
    try {
      if (options.dryRun) await this.#predict(options);
      else await this.#load(options);
    } catch (error) {
      if (this.#stopping.signal.aborted) return;
      this.#channel.send({ type: 'fatal', problem: loadProblem(error, options.file) });
      this.#channel.exit(1);
    }
  }

  async #predict(start: StartOptions): Promise<void> {
    const context = (model: NativeModel) => contextOptions(start, model);
    const memory = await predictMemory(openLibrary(), { file: start.file, context });
    this.#channel.send({ type: 'predicted', memory });
    this.#channel.exit(0);
  }

  async #load(start: StartOptions): Promise<void> {
    this.#channel.send({ type: 'loading', phase: 'starting', progress: 0 });
    const library = openLibrary();
    let reported = -1;
    const model = await openModel(library, {
      file: start.file,
      signal: this.#stopping.signal,
      onProgress: (progress) => {
        if (progress < reported + PROGRESS_STEP && progress < 1) return;
        reported = progress;
        this.#channel.send({ type: 'loading', phase: 'reading', progress });
      },
    });
    this.#model = model;
    checkUsable(model, start);
    this.#channel.send({ type: 'loading', phase: 'warming', progress: 0 });
    const options = contextOptions(start, model);
    const context = await openContext(model, options);
    this.#context = context;
    const tokenMs = await warm(model, context, start);
    this.#stopping.signal.throwIfAborted();
    const kept = keptTokens(model, context.contextTokens, tokenMs);
    const sizes = {
      sequences: options.sequences,
      keptTokens: kept,
      storeBytes: kept < context.contextTokens ? storeBytes(context.buffers.kvBytes) : 0,
    };
    const contextTokensPerRequest = this.#serve(start, model, context, sizes);
    const { contextTokens, buffers: memory } = context;
    this.#channel.send({ type: 'ready', contextTokens, contextTokensPerRequest, memory });
    setInterval(() => this.#sayAlive(), ALIVE_MS).unref();
  }

  /** Opens the part that serves requests; returns how long one may be. */
  #serve(
    start: StartOptions,
    model: NativeModel,
    context: NativeContext,
    sizes: { readonly sequences: number; readonly keptTokens: number; readonly storeBytes: number },
  ): number {
    const ends = {
      failed: (id: number, error: unknown) => this.#fail(id, error),
      cancelled: (id: number) => {
        this.#channel.send({ type: 'cancelled', id });
        this.#channel.send({ type: 'step', events: [], state: this.#state() });
      },
    };
    if (start.purpose === 'embedding') {
      this.#embedding = new Embedding(model, context, sizes.sequences, {
        ...ends,
        embedded: (id, result) => {
          this.#channel.send({ type: 'embedded', id, result });
          this.#channel.send({ type: 'step', events: [], state: this.#state() });
        },
      });
      return context.batchTokens;
    }
    this.#generation = new Generation(model, context, start, sizes, {
      ...ends,
      step: (events) => this.#channel.send({ type: 'step', events, state: this.#state() }),
    });
    return this.#generation.requestTokens;
  }

  #answer(message: Request): void {
    if (this.#stopping.signal.aborted) return;
    try {
      this.#dispatch(message);
    } catch (error) {
      this.#fail(message.id, error);
    }
  }

  #dispatch(message: Request): void {
    const { id } = message;
    switch (message.type) {
      case 'generate':
        this.#generating().submit(id, message.request);
        break;
      case 'embed':
        this.#embeds().submit(id, message);
        break;
      case 'cancel':
        this.#generation?.scheduler.cancel(id);
        this.#embedding?.cancel(id);
        break;
      case 'tokenize': {
        const { vocabulary } = this.#loaded();
        const tokens = vocabulary.tokenize(message.text, message).map((token) => {
          const bytes = vocabulary.spelling(token);
          return { token, text: Buffer.from(bytes).toString(), bytes: Array.from(bytes) };
        });
        this.#channel.send({ type: 'tokenized', id, tokens });
        break;
      }
      case 'detokenize':
        this.#channel.send({ type: 'detokenized', id, text: this.#loaded().vocabulary.detokenize(message.tokens) });
        break;
      case 'render':
        this.#channel.send({ type: 'rendered', id, ...this.#generating().render(message.messages) });
        break;
      default:
        message satisfies never;
    }
  }

  #loaded(): NativeModel {
    if (this.#model && this.#context) return this.#model;
    throw new IntramurosError('engine_unavailable', 'The model is not loaded yet. Ask again when it is ready.');
  }

  #generating(): Generation {
    this.#loaded();
    if (this.#generation) return this.#generation;
    throw new IntramurosError(
      'invalid_request',
      'This model makes vectors, it does not generate text. Choose a chat model.',
    );
  }

  #embeds(): Embedding {
    this.#loaded();
    if (this.#embedding) return this.#embedding;
    throw new IntramurosError(
      'invalid_request',
      'This model generates text, it does not make vectors. Choose an embedding model.',
    );
  }

  #fail(id: number, error: unknown): void {
    const problem = toProblem(error);
    if (problem.code === 'internal') console.error(error); // the gateway keeps what a process writes here in its log
    this.#channel.send({ type: 'failed', id, problem });
  }

  #sayAlive(): void {
    if (this.#stopping.signal.aborted) return;
    const { activeRequests, queuedRequests, counters } = this.#state();
    if (activeRequests + queuedRequests > 0) this.#channel.send({ type: 'alive', steps: counters.decodeCalls });
  }

  #state(): ProcessState {
    const scheduler = this.#generation?.scheduler;
    if (scheduler === undefined) {
      const activeRequests = this.#embedding?.openRequests ?? 0;
      return { contextUsedTokens: 0, activeRequests, queuedRequests: 0, counters: this.#embedding!.counters };
    }
    const { contextUsedTokens, activeRequests, queuedRequests, counters } = scheduler;
    return { contextUsedTokens, activeRequests, queuedRequests, counters };
  }
}

function checkUsable(model: NativeModel, start: StartOptions): void {
  if (start.purpose === 'embedding' || model.hasDecoder) return;
  throw new IntramurosError(
    'model_unusable',
    `${start.file} is an encoder: it makes vectors and cannot generate text.`,
  );
}

/**
 * Computes some tokens, so that the first person who asks does not wait for pages to be read and buffers to be made.
 * @returns the time of one token, milliseconds.
 */
async function warm(model: NativeModel, context: NativeContext, { purpose }: StartOptions): Promise<number> {
  const times: number[] = [];
  for (let position = 0; position < WARM_TOKENS; position += 1) {
    const startedAt = performance.now();
    context.add(model.vocabulary.bos ?? model.vocabulary.eos ?? 0, position, 0, true);
    await context.decode();
    times.push(performance.now() - startedAt);
    if (purpose === 'generation') for (let call = 0; call < WARM_CALLS; call += 1) likeliest(context.logits(0), []);
  }
  context.clear();
  return Math.min(...times);
}

function loadProblem(error: unknown, file: string): ReturnType<typeof toProblem> {
  const problem = toProblem(error);
  if (problem.code !== 'internal') return problem;
  console.error(error);
  const message = `The model file ${file} cannot be loaded: ${error instanceof Error ? error.message : String(error)}.`;
  return { code: 'model_load_failed', message, facts: {} };
}
