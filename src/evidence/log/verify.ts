import { spawn } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { IntramurosError } from '../../base/index.ts';
import type { Both } from '../anssi/row.ts';

/** What the verifier found. */
export interface LogVerification {
  readonly ok: boolean;
  readonly records: number;
  readonly checkpoints: number;
  readonly ms: number;
  readonly problems: readonly { readonly seq: number | null; readonly code: string; readonly words: Both }[];
}

interface Report {
  readonly ok: boolean;
  readonly records?: number;
  readonly checkpoints?: number;
  readonly problems: readonly ({ readonly code: string; readonly seq?: number } & Record<string, unknown>)[];
}

interface Verifier {
  sentence(problem: Report['problems'][number], french: boolean): string;
}

const mostOutput = 4 * 1024 * 1024;

/**
 * Verifies the log with the same file that an auditor takes away, in a process of its own: a long log holds nobody up.
 * @param options.key verifier key that the log must be signed with.
 */
export async function verifyLog(
  script: string,
  folder: string,
  { key, signal }: { readonly key: string; readonly signal?: AbortSignal },
): Promise<LogVerification> {
  const began = performance.now();
  const { sentence } = (await import(pathToFileURL(script).href)) as Verifier;
  const report = await run(script, [folder, '--json', '--key', key], signal);
  return {
    ok: report.ok,
    records: report.records ?? 0,
    checkpoints: report.checkpoints ?? 0,
    ms: Math.round(performance.now() - began),
    problems: report.problems.map((problem) => ({
      seq: problem.seq ?? null,
      code: problem.code,
      words: { fr: sentence(problem, true), en: sentence(problem, false) },
    })),
  };
}

async function run(script: string, args: readonly string[], signal: AbortSignal | undefined): Promise<Report> {
  const child = spawn(process.execPath, [script, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {},
    ...(signal && { signal }),
  });
  let output = '';
  let complaint = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (output.length < mostOutput) output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (complaint.length < 2_000) complaint += text;
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code === 0 || code === 1) return JSON.parse(output) as Report;
  throw new IntramurosError('audit_unavailable', `The log cannot be verified: ${complaint.trim().slice(0, 300)}`, {
    facts: { reason: 'unreadable' },
  });
}
