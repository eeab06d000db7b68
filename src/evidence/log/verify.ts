import { verifyLog } from '../../audit/index.ts';
import type { Both } from '../anssi/row.ts';

/** What the verifier found. */
export interface LogVerification {
  readonly ok: boolean;
  readonly records: number;
  readonly checkpoints: number;
  readonly ms: number;
  /** The first of them. */
  readonly problems: readonly { readonly seq: number | null; readonly code: string; readonly words: Both }[];
}

/**
 * Verifies a log folder with the same file that an auditor takes away.
 * @param options.key verifier key that the log must be signed with.
 */
export async function verifyFolder(
  folder: string,
  { key, signal }: { readonly key: string; readonly signal?: AbortSignal },
): Promise<LogVerification> {
  const began = performance.now();
  const { ok, records, checkpoints, problems, words } = await verifyLog(
    { path: folder, key },
    { ...(signal && { signal }) },
  );
  // One line a problem, then the sum.
  const [fr, en] = [words.fr.split('\n'), words.en.split('\n')];
  return {
    ok,
    records,
    checkpoints,
    ms: Math.round(performance.now() - began),
    problems: problems.map(({ seq, code }, at) => {
      return { seq: seq ?? null, code, words: { fr: fr[at] ?? code, en: en[at] ?? code } };
    }),
  };
}
