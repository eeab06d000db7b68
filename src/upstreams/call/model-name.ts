/**
 * The same JSON body with the value of its top-level `model` replaced, every other byte as it was. All places are replaced
 * when a body names it twice, also written with escapes, so that no reader may see another model than the one decided on.
 * A body that is no JSON object comes back as it is.
 */
export function withModelName(body: Buffer, name: string): Buffer {
  const parts: Buffer[] = [];
  const value = Buffer.from(JSON.stringify(name));
  let kept = 0;
  for (const { from, to } of topLevelValues(body, 'model')) {
    parts.push(body.subarray(kept, from), value);
    kept = to;
  }
  return kept === 0 ? body : Buffer.concat([...parts, body.subarray(kept)]);
}

const quote = 0x22;
const backslash = 0x5c;
const colon = 0x3a;
const comma = 0x2c;

const isSpace = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
const opens = (byte: number | undefined): boolean => byte === 0x7b || byte === 0x5b;
const closes = (byte: number | undefined): boolean => byte === 0x7d || byte === 0x5d;

/** Where the values of a key of the outermost object stand. */
function* topLevelValues(body: Buffer, key: string): Generator<{ readonly from: number; readonly to: number }> {
  let depth = 0;
  let expectsKey = false;
  for (let at = 0; at < body.length; at += 1) {
    const byte = body[at];
    if (byte === quote) {
      const end = stringEnd(body, at);
      if (depth === 1 && expectsKey) {
        expectsKey = false;
        let value = skipSpace(body, end);
        if (body[value] === colon && textOf(body.subarray(at, end)) === key) {
          value = skipSpace(body, value + 1);
          const to = valueEnd(body, value);
          yield { from: value, to };
          at = to - 1;
          continue;
        }
      }
      at = end - 1;
    } else if (opens(byte)) {
      depth += 1;
      if (depth === 1) expectsKey = byte === 0x7b;
    } else if (closes(byte)) depth -= 1;
    else if (byte === comma && depth === 1) expectsKey = true;
  }
}

function skipSpace(body: Buffer, from: number): number {
  let at = from;
  while (isSpace(body[at])) at += 1;
  return at;
}

/** Behind the closing quote of the string that begins at `from`. */
function stringEnd(body: Buffer, from: number): number {
  for (let at = body.indexOf(quote, from + 1); at !== -1; at = body.indexOf(quote, at + 1)) {
    let escapes = 0;
    while (body[at - 1 - escapes] === backslash && at - 1 - escapes > from) escapes += 1;
    if (escapes % 2 === 0) return at + 1;
  }
  return body.length;
}

function valueEnd(body: Buffer, from: number): number {
  let depth = 0;
  let at = from;
  while (at < body.length) {
    const byte = body[at];
    if (byte === quote) {
      at = stringEnd(body, at);
      if (depth === 0) return at;
      continue;
    }
    if (opens(byte)) depth += 1;
    else if (closes(byte)) {
      if (depth === 0) return at;
      depth -= 1;
      if (depth === 0) return at + 1;
    } else if (depth === 0 && (byte === comma || isSpace(byte))) return at;
    at += 1;
  }
  return at;
}

function textOf(quoted: Buffer): string | undefined {
  if (!quoted.includes(backslash)) return quoted.toString('utf8', 1, quoted.length - 1);
  try {
    return JSON.parse(quoted.toString('utf8')) as string;
  } catch {
    return undefined; // no JSON string, so not the key that is looked for
  }
}
