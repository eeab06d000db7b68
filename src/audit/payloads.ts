import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { IntramurosError, isIntramurosError } from '../base/index.ts';
import type { Keyring } from '../keyring/index.ts';
import { writeDurably } from './identity.ts';
import type { AuditRecord, OpenedPayload } from './types.ts';

/** What of a keyring the record needs. */
export type PayloadKeys = Pick<Keyring, 'ready' | 'seal' | 'open'>;

/** Texts of which a record holds only the commitment, each sealed under its subject's key, in `payloads/YYYY-MM.jsonl`. */
export interface Payloads {
  /** The commitment; the sealed text is on the disk when it resolves. @throws {IntramurosError} `key_destroyed`, `key_unavailable`. */
  keep(sealed: { readonly subject: string; readonly payload: string }, at: string): Promise<string>;
  /** Undefined when it was erased, or there never was one. */
  open(record: AuditRecord): Promise<OpenedPayload | undefined>;
  /** Takes what was sealed for a subject, and for all below it, out of the files. Returns how many there were. */
  forget(subject: string): Promise<number>;
  /** Takes a month away, or what these commitments of it stand for. */
  drop(month: string, commitments?: ReadonlySet<unknown>): void;
}

interface Line {
  readonly commitment: string;
  readonly subject: string;
  readonly sealed: string;
}

const nonceBytes = 32;

export function openPayloads(folder: string, keys: PayloadKeys | undefined): Payloads {
  const place = join(folder, 'payloads');
  const fileOf = (at: string): string => join(place, `${at.slice(0, 7)}.jsonl`);
  let last: Promise<unknown> = Promise.resolve();
  /** One after the other: a file is never written anew while a line is added to it. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work, work);
    last = turn.catch(() => undefined); // whoever asked hears of it
    return turn;
  };

  return {
    async keep({ subject, payload }, at) {
      if (keys === undefined) throw new IntramurosError('internal', 'A sealed record came to a log without a keyring.');
      const nonce = randomBytes(nonceBytes);
      const commitment = createHash('sha256').update(nonce).update(payload).digest('hex');
      await keys.ready(subject);
      const sealed = keys.seal(subject, placeOf(commitment), JSON.stringify({ nonce: nonce.toString('hex'), payload }));
      const line: Line = { commitment, subject, sealed };
      await inTurn(async () => {
        mkdirSync(place, { recursive: true, mode: 0o700 });
        await using file = await open(fileOf(at), 'a', 0o600);
        await file.write(`\n${JSON.stringify(line)}\n`); // never after half a line that a killed process left
        await file.datasync();
      });
      return commitment;
    },
    async open({ at, data }) {
      const line = linesOf(fileOf(at)).find(({ commitment }) => commitment === data.commitment);
      if (line === undefined || keys === undefined) return undefined;
      try {
        await keys.ready(line.subject);
        return JSON.parse(keys.open(line.subject, placeOf(line.commitment), line.sealed)) as OpenedPayload;
      } catch (error) {
        if (isIntramurosError(error) && error.code === 'key_destroyed') return undefined;
        throw error;
      }
    },
    forget: (subject) =>
      inTurn(async () => {
        let gone = 0;
        for (const name of existsSync(place) ? readdirSync(place) : []) {
          const lines = linesOf(join(place, name));
          const kept = lines.filter((line) => line.subject !== subject && !line.subject.startsWith(`${subject}/`));
          gone += lines.length - kept.length;
          if (kept.length < lines.length) writeDurably(join(place, name), textOf(kept));
        }
        return gone;
      }),
    drop(month, commitments) {
      if (!existsSync(fileOf(month))) return;
      const kept = linesOf(fileOf(month)).filter(({ commitment }) => commitments?.has(commitment) === false);
      if (kept.length === 0) rmSync(fileOf(month));
      else writeDurably(fileOf(month), textOf(kept));
    },
  };
}

const placeOf = (commitment: string): string => `audit/payloads/${commitment}`;

const textOf = (lines: readonly Line[]): string => lines.map((line) => `${JSON.stringify(line)}\n`).join('');

/** The whole lines. */
function linesOf(path: string): Line[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((text) => {
      try {
        return text === '' ? [] : [JSON.parse(text) as Line];
      } catch {
        return []; // half a line, left by a process that was killed: its record was acknowledged to nobody
      }
    });
}
