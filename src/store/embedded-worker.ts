import { statfsSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import type { PGlite } from '@electric-sql/pglite';
import { confineThread } from '../base/index.ts';
import { openCluster } from './cluster.ts';
import { toWireFailure, type WireFailure } from './failures.ts';
import type { TextParameter } from './values.ts';

/** The embedded database, in its thread, which can open no socket: answers one message at a time, in order. */
export type WorkerRequest =
  | { readonly id: number; readonly sql: string; readonly parameters: readonly TextParameter[] }
  | { readonly id: number; readonly script: string }
  | { readonly id: number; readonly close: true };
export type WorkerReply =
  | { readonly id: number; readonly rows: readonly Record<string, unknown>[] }
  | { readonly id: number; readonly failure: WireFailure };

await confineThread();
const port = parentPort;
if (port === null) throw new Error('embedded-worker.ts runs as a worker thread only.');
const { directory } = workerData as { readonly directory: string };

const asText = new Proxy<Record<number, (value: unknown) => string>>({}, { get: () => (value: unknown) => value });
let database: PGlite | undefined;
let broken: string | undefined;

async function run(request: WorkerRequest): Promise<readonly Record<string, unknown>[]> {
  if (broken !== undefined) throw new Error(broken);
  if ('close' in request) {
    await database?.close();
    return [];
  }
  database ??= await openCluster(directory);
  if ('script' in request) {
    await database.exec(request.script);
    return [];
  }
  const result = await database.query<Record<string, unknown>>(request.sql, [...request.parameters], {
    serializers: asText,
  });
  return result.rows;
}

/** An error of PostgreSQL leaves it alive; anything else (a WASM abort above all) ends it. */
function describe(error: unknown): WireFailure {
  const failure = toWireFailure(error);
  if (failure.sqlState !== undefined && !failure.message.startsWith('PANIC')) return failure;
  if (error instanceof RangeError && /past 2\^53/.test(failure.message)) return failure;
  broken = `the embedded database ended: ${failure.message}`;
  return { ...failure, system: hasNoSpace() ? 'ENOSPC' : failure.system, fatal: true };
}

function hasNoSpace(): boolean {
  try {
    const { bavail, bsize } = statfsSync(directory);
    return bavail * bsize < 17 * 1024 * 1024; // PostgreSQL takes its log in files of 16 MiB
  } catch {
    return false; // the folder is gone: not a question of space
  }
}

let last: Promise<void> = Promise.resolve();
port.on('message', (request: WorkerRequest) => {
  last = last.then(async () => {
    try {
      port.postMessage({ id: request.id, rows: await run(request) } satisfies WorkerReply);
    } catch (error) {
      port.postMessage({ id: request.id, failure: describe(error) } satisfies WorkerReply);
    }
  });
});
