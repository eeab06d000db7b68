import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { IntramurosError } from '../base/index.ts';

export interface VerifyRequest {
  /** A log folder or a receipt. */
  readonly path: string;
  /** Files with checkpoints or receipts that were kept elsewhere. */
  readonly known?: readonly string[];
  /** The log's verifier key, as it is known from elsewhere. */
  readonly key?: string | undefined;
  /** Verifier keys of witnesses, and how many of them must have signed the last checkpoint. */
  readonly witnesses?: readonly string[];
  readonly quorum?: number;
}

/** Something that is wrong; `seq` where it is one record. */
export interface VerifyProblem {
  readonly code: string;
  readonly seq?: number;
  readonly size?: number;
  readonly [fact: string]: unknown;
}

export interface VerifyReport {
  readonly ok: boolean;
  readonly origin: string | undefined;
  readonly records: number;
  readonly checkpoints: number;
  /** Records after the last checkpoint: those that a cut would take away unseen. */
  readonly unsignedRecords: number;
  readonly firstBad: number | null;
  readonly problemCount: number;
  /** The first of them. */
  readonly problems: readonly VerifyProblem[];
  readonly words: { readonly en: string; readonly fr: string };
}

/**
 * Runs the one-file verifier (tools/verify-log.mjs) in a thread of its own, so that a server goes on meanwhile.
 * @throws {IntramurosError} `invalid_request` when there is no log or receipt that can be read.
 */
export async function verifyLog(
  request: VerifyRequest,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<VerifyReport> {
  signal?.throwIfAborted();
  const worker = new Worker(new URL('./verify-worker.ts', import.meta.url), { workerData: request });
  const stop = (): void => void worker.terminate();
  signal?.addEventListener('abort', stop, { once: true });
  try {
    const [report] = await Promise.race([once(worker, 'message'), ended(worker)]);
    return report as VerifyReport;
  } catch (error) {
    signal?.throwIfAborted();
    const words = (error as Error).message;
    throw new IntramurosError('invalid_request', `${request.path} cannot be verified: ${words}.`, {
      cause: error,
      facts: { path: request.path },
    });
  } finally {
    signal?.removeEventListener('abort', stop);
    await worker.terminate();
  }
}

/** Rejects when the thread ends without a report; what it threw is rejected by `once` before. */
async function ended(worker: Worker): Promise<never> {
  await once(worker, 'exit');
  throw new Error('the verifier ended without a report');
}
