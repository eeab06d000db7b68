import { type ChildProcess, fork } from 'node:child_process';
import { fromProblem, IntramurosError, type Problem } from '../../base/index.ts';
import type { FromProcess, MemoryParts, ProcessState, StartOptions, ToProcess } from '../process/protocol.ts';
import type { EngineEvent, LoadPhase } from '../types.ts';
import { childEnvironment } from './child-environment.ts';
import { crashCause } from './crash-cause.ts';
import { EventQueue } from './event-queue.ts';
import { Watchdog } from './watchdog.ts';

export interface ModelProcessOptions {
  /** Model that the process serves, for messages. */
  readonly model: string;
  /** The program that an engine process runs. */
  readonly entry: string;
  /** How long it may be silent while it has work, once it is ready; absent: for ever. */
  readonly timeoutMs?: number;
  readonly onLoading?: (phase: LoadPhase, progress: number) => void;
  readonly onState?: (state: ProcessState) => void;
  /** A line that the process wrote to its error output. */
  readonly onLine?: (line: string) => void;
  /** Called once, when the process is gone without having been asked to. */
  readonly onCrash?: (error: IntramurosError) => void;
}

type Ready = Extract<FromProcess, { type: 'ready' }>;
type Reply = Extract<FromProcess, { type: 'embedded' | 'tokenized' | 'detokenized' | 'rendered' }>;
type WithoutId<T> = T extends { readonly id: number } ? Omit<T, 'id'> : never;
/** A request that is answered once, with everything but the number that the process will answer to. */
export type Call = WithoutId<Extract<ToProcess, { type: 'embed' | 'tokenize' | 'detokenize' | 'render' }>>;

interface Pending {
  readonly settle: (reply: Reply) => void;
  readonly fail: (error: unknown) => void;
}

const stopWithinMs = 3000;

/**
 * One engine process, seen from the gateway: starts it, sends requests, hands each answer to its own reader, and turns the
 * end of the process into an error for all of them. The process inherits no secret and no open file but the channel, and
 * ends by itself when the channel does.
 */
export class ModelProcess {
  readonly #child: ChildProcess;
  readonly #options: ModelProcessOptions;
  readonly #streams = new Map<number, EventQueue>();
  readonly #calls = new Map<number, Pending>();
  /** Cancelled by us and not yet acknowledged: the process still works on them. */
  readonly #cancelling = new Set<number>();
  readonly #ended = Promise.withResolvers<void>();
  readonly #ready = Promise.withResolvers<Ready>();
  readonly #predicted = Promise.withResolvers<MemoryParts>();
  #end: IntramurosError | undefined;
  #fatal: Problem | undefined;
  #stopReason: IntramurosError | undefined;
  #watchdog: Watchdog | undefined;
  #hung: string | undefined;
  #lastLine: string | undefined;
  #nextId = 1;

  constructor(options: ModelProcessOptions) {
    this.#options = options;
    this.#child = fork(options.entry, [], {
      execPath: process.execPath,
      execArgv: ['--disable-warning=ExperimentalWarning'],
      env: childEnvironment(process.env),
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    for (const promise of [this.#ready.promise, this.#predicted.promise]) promise.catch(() => {}); // each has its own waiter, or none
    this.#child.on('message', (message) => this.#receive(message as FromProcess));
    this.#child.on('error', (error) => this.#finish(null, null, error));
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => this.#read(text));
    this.#watchEnd();
  }

  /** Opens the model, or with `dryRun` only predicts its memory. Sent once; the process boots meanwhile. */
  start(options: StartOptions): void {
    this.#send({ type: 'start', options });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Settles when the model can be asked; rejects when it could not be loaded. */
  get ready(): Promise<Ready> {
    return this.#ready.promise;
  }

  /** The answer to a dry run. */
  get predicted(): Promise<MemoryParts> {
    return this.#predicted.promise;
  }

  /** Settles when the process is gone, for whatever reason. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** Requests that the process still works on, cancelled ones included. */
  get openRequests(): number {
    return this.#streams.size + this.#calls.size + this.#cancelling.size;
  }

  /** Sends a generation and yields its events. Leaving, failing or aborting cancels it in the process. */
  async *generate(
    request: Extract<ToProcess, { type: 'generate' }>['request'],
    signal: AbortSignal,
  ): AsyncGenerator<EngineEvent, void, undefined> {
    signal.throwIfAborted();
    if (this.#end) throw this.#end;
    const id = this.#nextId++;
    const queue = new EventQueue();
    this.#streams.set(id, queue);
    this.#send({ type: 'generate', id, request });
    try {
      yield* queue.read(signal);
    } finally {
      if (this.#streams.delete(id)) this.#cancel(id);
    }
  }

  /** Sends a request that has one answer. */
  async call<T extends Reply['type']>(
    request: Call,
    wanted: T,
    signal?: AbortSignal,
  ): Promise<Extract<Reply, { type: T }>> {
    signal?.throwIfAborted();
    if (this.#end) throw this.#end;
    const id = this.#nextId++;
    const { promise, resolve, reject } = Promise.withResolvers<Reply>();
    this.#calls.set(id, { settle: resolve, fail: reject });
    const abort = (): void => {
      reject(signal?.reason);
      if (this.#calls.delete(id)) this.#cancel(id);
    };
    signal?.addEventListener('abort', abort, { once: true });
    this.#send({ ...request, id } as ToProcess);
    try {
      const reply = await promise;
      if (reply.type === wanted) return reply as Extract<Reply, { type: T }>;
      throw new IntramurosError('internal', `The engine process answered ${reply.type} where ${wanted} was asked.`);
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  /** Ends the process; what it still answers fails with `reason`. Settles when it is gone and its memory given back. */
  async stop(reason: IntramurosError): Promise<void> {
    this.#stopReason ??= reason;
    this.#failAll(this.#stopReason);
    if (this.#end) return this.ended;
    this.#send({ type: 'stop' });
    const kill = setTimeout(() => this.#child.kill('SIGKILL'), stopWithinMs);
    await this.ended;
    clearTimeout(kill);
  }

  #cancel(id: number): void {
    if (this.#end) return;
    this.#cancelling.add(id);
    this.#send({ type: 'cancel', id });
  }

  #send(message: ToProcess): void {
    if (!this.#child.connected) return; // its end is on the way to #finish
    this.#child.send(message, (error) => {
      if (error) this.#options.onLine?.(`cannot reach the engine process: ${error.message}`);
    });
  }

  #watch(): void {
    this.#watchdog = new Watchdog({
      timeoutMs: this.#options.timeoutMs ?? 0,
      isBusy: () => this.openRequests > 0,
      onHung: (cause) => {
        this.#hung = cause;
        this.#child.kill('SIGKILL'); // ends a stopped process too
      },
    });
  }

  #receive(message: FromProcess): void {
    this.#watchdog?.heard(message.type === 'alive' ? message.steps : undefined);
    switch (message.type) {
      case 'loading':
        this.#options.onLoading?.(message.phase, message.progress);
        break;
      case 'ready':
        this.#ready.resolve(message);
        this.#watch();
        break;
      case 'alive':
        break;
      case 'predicted':
        this.#predicted.resolve(message.memory);
        break;
      case 'step':
        for (const [id, event] of message.events) this.#deliver(id, event);
        this.#options.onState?.(message.state);
        break;
      case 'embedded':
      case 'tokenized':
      case 'detokenized':
      case 'rendered':
        this.#calls.get(message.id)?.settle(message);
        this.#calls.delete(message.id);
        this.#cancelling.delete(message.id);
        break;
      case 'failed':
        this.#fail(message.id, fromProblem(message.problem));
        break;
      case 'cancelled':
        this.#cancelling.delete(message.id);
        break;
      case 'fatal':
        this.#fatal = message.problem;
        setTimeout(() => this.#child.kill('SIGKILL'), stopWithinMs).unref(); // it should end by itself
        break;
      default:
        message satisfies never;
    }
  }

  #deliver(id: number, event: EngineEvent): void {
    this.#streams.get(id)?.push(event);
    if (event.type !== 'done') return;
    this.#streams.delete(id);
    this.#cancelling.delete(id);
  }

  #fail(id: number, error: IntramurosError): void {
    this.#streams.get(id)?.fail(error);
    this.#calls.get(id)?.fail(error);
    this.#streams.delete(id);
    this.#calls.delete(id);
    this.#cancelling.delete(id);
  }

  #failAll(error: IntramurosError): void {
    for (const id of [...this.#streams.keys(), ...this.#calls.keys()]) this.#fail(id, error);
    this.#cancelling.clear();
    this.#ready.reject(error);
    this.#predicted.reject(error);
  }

  /** What was sent before the end may still be in the channel when `exit` comes: `disconnect` says that all is read. */
  #watchEnd(): void {
    let exited: readonly [number | null, string | null] | undefined;
    const both = (): void => {
      if (exited && !this.#child.connected) this.#finish(...exited);
    };
    this.#child.once('disconnect', () => setImmediate(both));
    this.#child.once('exit', (code, signal) => {
      exited = [code, signal];
      setImmediate(both);
      setTimeout(() => this.#finish(code, signal), 500).unref(); // a grandchild could hold the channel open
    });
  }

  #finish(code: number | null, signal: string | null, failure?: Error): void {
    if (this.#end) return;
    this.#watchdog?.stop();
    const cause = this.#hung ?? this.#fatal?.message ?? failure?.message ?? crashCause(code, signal, this.#lastLine);
    const { model } = this.#options;
    const crashed = new IntramurosError(
      'engine_crashed',
      `The process of model "${model}" ended in the middle of its work: ${cause}. Ask again: it is started anew.`,
      { facts: { model, cause } },
    );
    const notLoaded =
      this.#fatal !== undefined
        ? fromProblem(this.#fatal)
        : new IntramurosError('model_load_failed', `Model "${model}" could not be loaded: ${cause}.`, {
            facts: { model, cause },
          });
    this.#end = this.#stopReason ?? crashed;
    this.#ready.reject(this.#stopReason ?? notLoaded);
    this.#predicted.reject(this.#stopReason ?? notLoaded);
    this.#failAll(this.#end);
    this.#ended.resolve();
    if (!this.#stopReason) this.#options.onCrash?.(crashed);
  }

  #read(text: string): void {
    for (const line of text.split('\n')) {
      if (line.trim() === '') continue;
      this.#lastLine = line.trim();
      this.#options.onLine?.(this.#lastLine);
    }
  }
}
