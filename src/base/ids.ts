import { randomFillSync } from 'node:crypto';

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'; // Crockford's base 32, lower case
let lastMs = 0;
let counter = 0;

/**
 * A new identifier that sorts by creation time: `<prefix>_` + 10 characters of milliseconds + 3 of a counter within the
 * millisecond + 13 random ones (65 bits). The counter keeps ids made in one millisecond by one process in order.
 */
export function newId(prefix: string, nowMs: number = Date.now()): string {
  if (nowMs > lastMs) {
    lastMs = nowMs;
    counter = 0;
  } else {
    counter += 1;
  }
  if (lastMs !== writtenMs) {
    writtenMs = lastMs;
    written = encode(lastMs, 10);
  }
  return `${prefix}_${written}${encode(counter, 3)}${randomText(13)}`;
}

// The milliseconds as text: many ids are made within one.
let writtenMs = -1;
let written = '';

function encode(value: number, length: number): string {
  let text = '';
  let rest = value;
  for (let at = 0; at < length; at += 1) {
    text = alphabet[rest % 32] + text;
    rest = Math.floor(rest / 32);
  }
  return text;
}

// Random bytes are drawn 4 KiB at a time: one call of the system for some three hundred ids. Each is used once.
const pool = Buffer.alloc(4096);
let poolAt = pool.length;

function randomText(length: number): string {
  if (poolAt + length > pool.length) {
    randomFillSync(pool);
    poolAt = 0;
  }
  let text = '';
  for (const end = poolAt + length; poolAt < end; poolAt += 1) text += alphabet[pool[poolAt]! % 32];
  return text;
}
