import { randomBytes } from 'node:crypto';
import { tags, write, writeInteger, writeOid } from './der.ts';

export const sha256Oid = '2.16.840.1.101.3.4.2.1';

/** A request for a timestamp over a SHA-256, with its nonce as the answer must give it again. */
export function timestampRequest(digest: Buffer): { readonly body: Buffer; readonly nonce: Buffer } {
  const nonce = writeInteger(randomBytes(8));
  const algorithm = write(tags.sequence, writeOid(sha256Oid), Buffer.from([0x05, 0x00]));
  const imprint = write(tags.sequence, algorithm, write(tags.octets, digest));
  const wantsCertificates = Buffer.from([tags.boolean, 1, 0xff]);
  return { body: write(tags.sequence, Buffer.from([tags.integer, 1, 1]), imprint, nonce, wantsCertificates), nonce };
}
