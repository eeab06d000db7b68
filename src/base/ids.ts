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
    write(lastMs, 0, timeLength);
  }
  write(counter, timeLength, counterLength);
  if (poolAt + randomLength > pool.length) {
    randomFillSync(pool);
    poolAt = 0;
  }
  for (let at = timeLength + counterLength; at < textLength; at += 1) text[at] = letters[pool[poolAt++]! % 32]!;
  return `${prefix}_${text.toString('latin1')}`;
}

const timeLength = 10;
const counterLength = 3;
const randomLength = 13;
const textLength = timeLength + counterLength + randomLength;
const letters = Buffer.from(alphabet);
// The last id's letters: of ids made within one millisecond only the end is written anew.
const text = Buffer.alloc(textLength);
let writtenMs = -1;

function write(value: number, from: number, length: number): void {
  let rest = value;
  for (let at = from + length - 1; at >= from; at -= 1) {
    text[at] = letters[rest % 32]!;
    rest = Math.floor(rest / 32);
  }
}

// Random bytes are drawn 4 KiB at a time: one call of the system for some three hundred ids. Each is used once.
const pool = Buffer.alloc(4096);
let poolAt = pool.length;
