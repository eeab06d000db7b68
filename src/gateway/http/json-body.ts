import { isUtf8 } from 'node:buffer';
import { InvalidRequestError } from './problems.ts';

/**
 * Parses a request body, strictly UTF-8.
 * @throws {InvalidRequestError} saying where the body stops being UTF-8 or JSON, without repeating what it holds.
 */
export function parseJsonBody(bytes: Buffer): unknown {
  if (!isUtf8(bytes)) {
    const at = firstInvalidUtf8(bytes);
    throw new InvalidRequestError(`The body is not valid UTF-8: byte ${at} cannot be decoded. Send UTF-8.`, []);
  }
  const hasMark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  const text = bytes.toString('utf8', hasMark ? 3 : 0);
  try {
    return JSON.parse(text);
  } catch {
    if (text.trim() === '')
      throw new InvalidRequestError('The body is empty. Send a JSON object with content-type application/json.', []);
    const { position, wanted } = firstJsonFault(text);
    const before = text.slice(0, position);
    const line = before.split('\n').length;
    const column = position - before.lastIndexOf('\n');
    const found = position >= text.length ? 'the end of the body' : 'something else';
    throw new InvalidRequestError(
      `The body is not JSON: at position ${position} (line ${line}, column ${column}) ${wanted} was wanted, ${found} found.`,
      [],
    );
  }
}

function firstInvalidUtf8(bytes: Buffer): number {
  let low = 0;
  let high = bytes.length;
  // A prefix is decodable in streaming mode exactly when it ends before the first invalid byte.
  while (low < high) {
    const middle = (low + high) >> 1;
    try {
      new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, middle + 1), { stream: true });
      low = middle + 1;
    } catch {
      high = middle;
    }
  }
  return low;
}

const whitespace = /[ \t\n\r]*/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids exactly these unescaped in a string
const stringLiteral = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const scalar = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

function matchAt(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : -1;
}

/**
 * Where a text that `JSON.parse` refused stops being JSON. V8's own message is not used: it quotes the body, which may
 * be private, and gives no position for short ones. Iterative, so that deep nesting cannot exhaust the stack.
 */
export function firstJsonFault(text: string): { readonly position: number; readonly wanted: string } {
  const open: ('{' | '[')[] = [];
  let state: 'value' | 'first-value' | 'key' | 'first-key' | 'after' = 'value';
  let at = 0;
  for (;;) {
    at = matchAt(whitespace, text, at);
    const character = text[at];
    if (state === 'after') {
      const top = open.at(-1);
      if (top === undefined) return { position: at, wanted: 'the end of the body' };
      if (character === ',') {
        state = top === '{' ? 'key' : 'value';
        at += 1;
      } else if (character === (top === '{' ? '}' : ']')) {
        open.pop();
        at += 1;
      } else return { position: at, wanted: top === '{' ? '"," or "}"' : '"," or "]"' };
    } else if (state === 'key' || state === 'first-key') {
      if (state === 'first-key' && character === '}') {
        open.pop();
        state = 'after';
        at += 1;
        continue;
      }
      const end = matchAt(stringLiteral, text, at);
      if (end < 0) return { position: at, wanted: 'a property name in double quotes' };
      at = matchAt(whitespace, text, end);
      if (text[at] !== ':') return { position: at, wanted: '":"' };
      at += 1;
      state = 'value';
    } else if (character === '{' || character === '[') {
      open.push(character);
      state = character === '{' ? 'first-key' : 'first-value';
      at += 1;
    } else if (state === 'first-value' && character === ']') {
      open.pop();
      state = 'after';
      at += 1;
    } else {
      const end = Math.max(matchAt(stringLiteral, text, at), matchAt(scalar, text, at));
      if (end < 0) return { position: at, wanted: 'a value' };
      at = end;
      state = 'after';
    }
  }
}
