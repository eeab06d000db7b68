import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { IntramurosError } from '../../base/index.ts';

/** A key that signs notes, as `name+id+key` of C2SP. */
export interface VerifierKey {
  readonly name: string;
  /** Four bytes, hexadecimal. */
  readonly id: string;
  readonly text: string;
  readonly publicKey: KeyObject;
}

/** Signature type of Ed25519 cosignatures. */
const cosignatureType = 0x04;
/** What stands before the 32 bytes of an Ed25519 key in its DER form. */
const ed25519Prefix = Buffer.from('302a300506032b6570032100', 'hex');
const newestAheadSeconds = 300;

/**
 * Reads the verifier key of a witness.
 * @throws {IntramurosError} `config_invalid`, saying what is wrong with it.
 * @see https://c2sp.org/signed-note
 */
export function readVerifierKey(text: string): VerifierKey {
  const fail = (why: string): never => {
    const words = `The witness key "${text.slice(0, 80)}" ${why}. Wanted "name+8 hexadecimal digits+base64", as the witness publishes it.`;
    throw new IntramurosError('config_invalid', words, { facts: { setting: 'auditWitnesses' } });
  };
  const [name, id, key, ...more] = text.split('+');
  // Base64 has a plus of its own.
  const material = Buffer.from([key, ...more].join('+'), 'base64');
  if (!name || !id || !key || /\s/.test(name) || !/^[0-9a-f]{8}$/.test(id)) return fail('has not that form');
  if (material[0] !== cosignatureType) return fail('is for no Ed25519 cosignature (type 04)');
  if (material.length !== 33) return fail('is not 32 bytes long');
  const wanted = keyId(name, material);
  if (wanted !== id) return fail(`has the id ${id}, and its bytes make ${wanted}`);
  const publicKey = createPublicKey({
    key: Buffer.concat([ed25519Prefix, material.subarray(1)]),
    format: 'der',
    type: 'spki',
  });
  return { name, id, text, publicKey };
}

/** First four bytes of SHA-256 over name, newline, type and key. */
export function keyId(name: string, material: Buffer): string {
  return createHash('sha256').update(`${name}\n`).update(material).digest('hex').slice(0, 8);
}

/** The text that signatures of a checkpoint are over: all lines before the empty one. */
export function noteBody(note: string): string {
  const end = note.indexOf('\n\n');
  return end === -1 ? note : note.slice(0, end + 1);
}

/** Records that a checkpoint is over: its second line. */
export const sizeOfNote = (note: string): number => Number(note.split('\n', 2)[1]);

/**
 * Finds and checks the line of a witness among what it answered.
 * @param note the checkpoint that was sent.
 * @returns the line with its time, or undefined when no line is its and right.
 * @see https://c2sp.org/tlog-cosignature
 */
export function findCosignature(
  lines: readonly string[],
  key: VerifierKey,
  note: string,
  nowMs: number,
): { readonly line: string; readonly atMs: number } | undefined {
  for (const line of lines) {
    const [, name, encoded] = /^— (\S+) (\S+)$/u.exec(line) ?? [];
    if (name !== key.name || encoded === undefined) continue;
    const bytes = Buffer.from(encoded, 'base64');
    if (bytes.length !== 4 + 8 + 64 || bytes.subarray(0, 4).toString('hex') !== key.id) continue;
    const seconds = Number(bytes.readBigUInt64BE(4));
    if (seconds * 1000 > nowMs + newestAheadSeconds * 1000) continue;
    const message = Buffer.from(`cosignature/v1\ntime ${seconds}\n${noteBody(note)}`);
    if (verify(null, message, key.publicKey, bytes.subarray(12))) return { line, atMs: seconds * 1000 };
  }
  return undefined;
}
