import { IntramurosError } from '../../base/index.ts';
import type { NativeContext, NativeModel } from '../native/index.ts';
import { contextExceeded, FairQueue } from '../scheduler/index.ts';
import type { EmbedResult, EngineCounters } from '../types.ts';

interface Job {
  readonly id: number;
  readonly fairKey: string;
  readonly inputs: readonly (readonly number[])[];
  readonly vectors: Float32Array[];
  cancelled: boolean;
}

/** What becomes of a request for vectors. */
export interface EmbeddingSink {
  embedded(id: number, result: EmbedResult): void;
  failed(id: number, error: unknown): void;
  cancelled(id: number): void;
}

/** A loaded encoder: as many inputs as fit go into one computation, requests take turns by who asks. */
export class Embedding {
  readonly #model: NativeModel;
  readonly #context: NativeContext;
  readonly #sequences: number;
  readonly #sink: EmbeddingSink;
  readonly #queue = new FairQueue<Job>();
  readonly #jobs = new Map<number, Job>();
  #running: Promise<void> | undefined;
  #closed = false;
  readonly #counts = { requests: 0, promptTokens: 0, decodeCalls: 0, cancelled: 0 };

  constructor(model: NativeModel, context: NativeContext, sequences: number, sink: EmbeddingSink) {
    this.#model = model;
    this.#context = context;
    this.#sequences = sequences;
    this.#sink = sink;
  }

  get openRequests(): number {
    return this.#jobs.size;
  }
  get counters(): EngineCounters {
    const { promptTokens } = this.#counts;
    return { ...this.#counts, cachedPromptTokens: 0, computedPromptTokens: promptTokens, generatedTokens: 0 };
  }

  /** Starts a request. Throws `context_exceeded` for an input that is longer than the encoder reads. */
  submit(
    id: number,
    request: { readonly inputs: readonly (string | readonly number[])[]; readonly fairKey: string },
  ): void {
    const inputs = request.inputs.map((input, index) => this.#toTokens(input, index));
    const job: Job = { id, fairKey: request.fairKey, inputs, vectors: [], cancelled: false };
    this.#counts.requests += 1;
    this.#jobs.set(id, job);
    this.#queue.push(job);
    this.#running ??= this.#work().finally(() => {
      this.#running = undefined;
    });
  }

  cancel(id: number): void {
    const job = this.#jobs.get(id);
    if (job === undefined || job.cancelled) return;
    job.cancelled = true;
    this.#counts.cancelled += 1;
    this.#jobs.delete(id);
    this.#queue.remove(job);
    this.#sink.cancelled(id);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#context.abort();
    await this.#running;
  }

  #toTokens(input: string | readonly number[], index: number): readonly number[] {
    const { vocabulary } = this.#model;
    const most = this.#context.batchTokens;
    if (typeof input === 'string' && input.length / vocabulary.longestTokenBytes > most) {
      throw contextExceeded(Math.floor(input.length / vocabulary.longestTokenBytes), most);
    }
    const tokens =
      typeof input === 'string' ? vocabulary.tokenize(input, { addSpecial: true, parseSpecial: false }) : input;
    if (tokens.length === 0)
      throw new IntramurosError('invalid_request', `Input ${index} is empty: there is nothing to embed.`);
    const wrong = tokens.find((token) => !Number.isInteger(token) || token < 0 || token >= vocabulary.size);
    if (wrong !== undefined)
      throw new IntramurosError(
        'invalid_request',
        `Input ${index} has a token ${wrong} that does not exist in this model.`,
      );
    if (tokens.length > most) throw contextExceeded(tokens.length, most);
    return tokens;
  }

  async #work(): Promise<void> {
    while (!this.#closed) {
      const job = this.#queue.shift();
      if (job === undefined) return;
      try {
        await this.#step(job);
      } catch (error) {
        if (this.#jobs.delete(job.id)) this.#sink.failed(job.id, error);
      }
      this.#queue.done(job);
      if (!this.#jobs.has(job.id)) continue;
      if (job.vectors.length < job.inputs.length) this.#queue.unshift(job);
      else this.#finish(job);
    }
  }

  #finish(job: Job): void {
    this.#jobs.delete(job.id);
    const promptTokens = job.inputs.reduce((sum, { length }) => sum + length, 0);
    this.#sink.embedded(job.id, { vectors: job.vectors, promptTokens });
  }

  /** Computes as many of a request's next inputs as one batch holds. */
  async #step(job: Job): Promise<void> {
    this.#context.clear();
    let count = 0;
    let length = 0;
    for (const tokens of job.inputs.slice(job.vectors.length)) {
      if (count === this.#sequences || length + tokens.length > this.#context.batchTokens) break;
      for (const [position, token] of tokens.entries()) this.#context.add(token, position, count, true);
      count += 1;
      length += tokens.length;
    }
    const status = await this.#context.decode();
    if (status !== 0)
      throw new IntramurosError(
        'engine_crashed',
        `The inference library could not embed a text (status ${status}). Try again.`,
      );
    this.#counts.decodeCalls += 1;
    this.#counts.promptTokens += length;
    for (let at = 0; at < count; at += 1) job.vectors.push(toUnit(this.#context.embedding(at)));
  }
}

function toUnit(vector: Float32Array): Float32Array {
  let square = 0;
  for (const value of vector) square += value * value;
  const length = Math.sqrt(square);
  return length === 0 ? Float32Array.from(vector) : vector.map((value) => value / length);
}
