import { mkdirSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { IntramurosError, type Logger } from '../base/index.ts';
import { createCluster } from './create-cluster.ts';
import type { Driver, Session } from './driver.ts';
import type { WorkerReply, WorkerRequest } from './embedded-worker.ts';
import { toStoreFailure, toWireFailure, type WireFailure } from './failures.ts';
import type { Row } from './types.ts';
import { toParameter } from './values.ts';
import { compilePlainly } from './wasm-tiers.ts';

type Ask = { sql: string; parameters: readonly (string | null)[] } | { script: string } | { close: true };
interface Waiting {
  readonly resolve: (rows: readonly Row[]) => void;
  readonly reject: (error: Error) => void;
}

/**
 * PGlite in a worker thread. One connection: transactions queue behind one another, and single statements wait for the
 * transaction that runs. A thread that died (out of disk, a fault in WASM) is started again on the next question;
 * PostgreSQL's own recovery then brings back all that was acknowledged.
 */
export class EmbeddedDriver implements Driver {
  readonly kind = 'pglite';
  readonly where: string;
  readonly #log: Logger;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #nextId = 1;
  #turn: Promise<unknown> = Promise.resolve();
  #prepared: Promise<void> | undefined;
  #loaded: (() => void) | undefined;
  #closed = false;

  constructor(options: { readonly directory: string; readonly log: Logger }) {
    this.where = options.directory;
    this.#log = options.log;
    mkdirSync(this.where, { recursive: true, mode: 0o700 });
  }

  query<R = Row>(sql: string, parameters: readonly unknown[] = []): Promise<readonly R[]> {
    const texts = parameters.map(toParameter);
    return this.#exclusive(() => this.#ask({ sql, parameters: texts }) as Promise<readonly R[]>);
  }

  script(sql: string): Promise<void> {
    return this.#exclusive(async () => void (await this.#ask({ script: sql })));
  }

  transaction<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const session: Session = {
      query: <R>(sql: string, parameters: readonly unknown[] = []) =>
        this.#ask({ sql, parameters: parameters.map(toParameter) }) as Promise<readonly R[]>,
      script: async (sql) => void (await this.#ask({ script: sql })),
    };
    return this.#exclusive(async () => {
      await this.#ask({ script: 'BEGIN' });
      try {
        const result = await work(session);
        await this.#ask({ script: 'COMMIT' });
        return result;
      } catch (error) {
        await this.#ask({ script: 'ROLLBACK' }).catch((also: unknown) => this.#log.debug({ err: also }, 'no rollback'));
        throw error;
      }
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    await this.#turn;
    const worker = this.#worker;
    if (worker !== undefined) {
      await this.#ask({ close: true }).catch((error: unknown) => this.#log.warn({ err: error }, 'database close'));
      this.#closed = true;
      await worker.terminate();
    }
    this.#closed = true;
  }

  #exclusive<T>(work: () => Promise<T>): Promise<T> {
    this.#prepared ??= createCluster(this.where, this.#log);
    const result = this.#turn.then(() => this.#prepared).then(work);
    this.#turn = result.catch(() => undefined); // the caller has the failure; the next in line only needs its turn
    return result;
  }

  #ask(ask: Ask): Promise<readonly Row[]> {
    if (this.#closed) {
      return Promise.reject(new IntramurosError('database_unavailable', `The database ${this.where} is closed.`));
    }
    const worker = this.#start();
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      worker.postMessage({ id, ...ask } as WorkerRequest);
    });
  }

  #start(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    this.#loaded = compilePlainly();
    const worker = new Worker(new URL('./embedded-worker.ts', import.meta.url), {
      workerData: { directory: this.where },
      name: 'store',
      execArgv: [], // flags of the program itself may not suit a thread
      stdout: true,
      stderr: true,
    });
    this.#worker = worker;
    worker.on('message', (reply: WorkerReply) => this.#settle(worker, reply));
    worker.on('error', (error) => this.#lose(worker, toWireFailure(error, true)));
    worker.on('exit', () => this.#lose(worker, toWireFailure(new Error('its thread ended'), true)));
    for (const output of [worker.stdout, worker.stderr]) {
      output.on('data', (text: Buffer) => this.#log.debug({ database: String(text).trim() }, 'database says'));
    }
    return worker;
  }

  #settle(worker: Worker, reply: WorkerReply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    this.#loaded?.();
    if ('rows' in reply) {
      waiting?.resolve(reply.rows);
      return;
    }
    waiting?.reject(toStoreFailure(reply.failure, this.where));
    if (reply.failure.fatal) this.#lose(worker, reply.failure);
  }

  #lose(worker: Worker, failure: WireFailure): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    this.#loaded?.();
    if (!this.#closed) this.#log.error({ reason: failure.message }, 'the embedded database ended');
    for (const waiting of this.#waiting.values()) waiting.reject(toStoreFailure(failure, this.where));
    this.#waiting.clear();
    void worker.terminate();
  }
}
