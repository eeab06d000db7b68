import { parentPort, workerData } from 'node:worker_threads';
import type { VerifyRequest } from './verify.ts';

/** The one-file verifier as its own readers run it; found at the same place from the sources and from dist/. */
interface Verifier {
  verifyPath(path: string, options: Omit<VerifyRequest, 'path'>): object;
  describe(report: object, french: boolean): string;
}

const place = new URL('../../tools/verify-log.mjs', import.meta.url).href;
const { verifyPath, describe } = (await import(place)) as Verifier;
const { path, ...options } = workerData as VerifyRequest;
const report = verifyPath(path, options);
parentPort?.postMessage({ ...report, words: { en: describe(report, false), fr: describe(report, true) } });
