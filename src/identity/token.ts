import { hash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

const base62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const keyForm = /^imu_[0-9A-Za-z]{49}$/;

/**
 * A new API key: `imu_`, 43 characters of base 62 that hold 256 random bits, and 6 of the CRC-32 of what stands before them. A
 * typing error is told from an unknown key, and a scanner for leaked secrets knows a true key without asking.
 */
export function newKeyText(): string {
  const body = `imu_${toBase62(BigInt(`0x${randomBytes(32).toString('hex')}`), 43)}`;
  return body + checksum(body);
}

/** Whether a text has the form and the checksum of an API key; says nothing of whether it is one. */
export function isKeyText(text: string): boolean {
  return keyForm.test(text) && checksum(text.slice(0, -6)) === text.slice(-6);
}

/** A new session token: 256 random bits. */
export function newSessionToken(): string {
  return randomBytes(32).toString('base64url');
}

/** What is kept of a token. Tokens have 256 random bits, so one round of SHA-256 is enough. */
export function digestOf(token: string): string {
  return hash('sha256', token, 'base64url');
}

/** A password that somebody else sets: 100 random bits, without letters that look alike. */
export function newPasswordText(): string {
  const letters = '0123456789abcdefghjkmnpqrstvwxyz';
  const text = [...randomBytes(20)].map((byte) => letters[byte % 32]).join('');
  return text.replace(/.{5}(?=.)/g, '$&-');
}

function checksum(body: string): string {
  return toBase62(BigInt(crc32(body)), 6);
}

function toBase62(value: bigint, length: number): string {
  let text = '';
  let rest = value;
  for (let at = 0; at < length; at += 1) {
    text = base62[Number(rest % 62n)] + text;
    rest /= 62n;
  }
  return text;
}
