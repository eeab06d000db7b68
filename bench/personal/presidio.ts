import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text as readAll } from 'node:stream/consumers';
import type { EntityKind } from '../../src/personal/index.ts';
import { environment } from '../../test/conformance/python.ts';
import type { Span } from '../../test/parts/personal/corpus.ts';

/** Presidio's names of what we find too. What it finds besides (dates, nationalities) counts neither for nor against it. */
const kinds: Readonly<Record<string, EntityKind>> = {
  PERSON: 'PERSON',
  LOCATION: 'PLACE',
  ORGANIZATION: 'ORGANISATION',
  EMAIL_ADDRESS: 'EMAIL',
  PHONE_NUMBER: 'PHONE',
  IBAN_CODE: 'IBAN',
  IP_ADDRESS: 'IP',
  URL: 'URL',
  CREDIT_CARD: 'CARD',
};

export interface Presidio {
  readonly findings: readonly (readonly Span[])[];
  /** Processor time of all texts. */
  readonly seconds: number;
}

/** What Presidio finds in the same texts, by the versions of the lock file. */
export async function askPresidio(texts: readonly string[]): Promise<Presidio> {
  const bin = await environment('presidio', import.meta.dirname);
  const child = spawn(join(bin, 'python'), [join(import.meta.dirname, 'presidio.py')], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { ...process.env, OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' },
  });
  child.stdin.end(texts.map((text) => JSON.stringify(text)).join('\n'));
  const [output, code] = await Promise.all([
    readAll(child.stdout),
    new Promise<number | null>((resolve) => child.once('exit', resolve)),
  ]);
  if (code !== 0) throw new Error(`Presidio ended with ${code}.`);
  const lines = output.trimEnd().split('\n');
  const seconds = Number(lines.pop());
  return { findings: lines.map((line) => toSpans(JSON.parse(line))), seconds };
}

const toSpans = (found: readonly { readonly type: string; readonly start: number; readonly end: number }[]): Span[] =>
  found.flatMap(({ type, start, end }) => {
    const kind = kinds[type];
    return kind === undefined ? [] : [{ kind, start, end }];
  });
