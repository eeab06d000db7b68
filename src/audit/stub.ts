import { hashBytes, leafHash } from './merkle.ts';

const stubForm = /^\{"seq":\d+,"expired":"([0-9a-f]{64})"\}$/;
const mostStubBytes = 30 + 2 * hashBytes;

/** What stands for a line whose time had come: its number and its hash, so that every proof over the others still holds. */
export const stubLine = (seq: number, hash: Buffer): string => `{"seq":${seq},"expired":"${hash.toString('hex')}"}`;

/** The hash that a stub keeps; undefined for any other line. */
export function stubHash(line: string | Buffer): Buffer | undefined {
  if (line.length > mostStubBytes) return undefined;
  const [, hex] = stubForm.exec(line.toString()) ?? [];
  return hex === undefined ? undefined : Buffer.from(hex, 'hex');
}

/** The leaf of a line as it stands in a file. */
export const lineHash = (line: string | Buffer): Buffer => stubHash(line) ?? leafHash(line);
