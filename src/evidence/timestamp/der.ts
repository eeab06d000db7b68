/** One value of a DER text: its tag, and where its parts lie. Strict: definite, shortest lengths; nothing left over. */
export interface DerNode {
  readonly tag: number;
  /** The value without tag and length. */
  readonly content: Buffer;
  /** Tag, length and value. */
  readonly whole: Buffer;
}

export const tags = {
  boolean: 0x01,
  integer: 0x02,
  octets: 0x04,
  oid: 0x06,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** A text is no DER. */
export class DerError extends Error {}

/** Reads the value that a text begins with. @throws {DerError} */
export function readNode(from: Buffer): DerNode {
  const tag = from[0];
  const first = from[1];
  if (tag === undefined || first === undefined) throw new DerError('it ends too early');
  if ((tag & 0x1f) === 0x1f) throw new DerError('it has a tag of several bytes');
  const many = first & 0x80 ? first & 0x7f : 0;
  if (first === 0x80 || many > 4) throw new DerError('it has a length of no known form');
  let length = first;
  if (many > 0) {
    if (from.length < 2 + many) throw new DerError('it ends in a length');
    length = from.readUIntBE(2, many);
    if (length < 0x80 || (many > 1 && from[2] === 0)) throw new DerError('a length is longer than it must be');
  }
  const start = 2 + many;
  if (from.length < start + length) throw new DerError('it ends too early');
  return { tag, content: from.subarray(start, start + length), whole: from.subarray(0, start + length) };
}

/** Reads the one value that a text is. @throws {DerError} */
export function readWhole(from: Buffer, tag: number): DerNode {
  const node = expect(readNode(from), tag);
  if (node.whole.length !== from.length) throw new DerError('something stands after its end');
  return node;
}

/** The values inside a value, in order. @throws {DerError} */
export function children(node: DerNode): readonly DerNode[] {
  const found: DerNode[] = [];
  for (let rest = node.content; rest.length > 0; ) {
    const child = readNode(rest);
    found.push(child);
    rest = rest.subarray(child.whole.length);
  }
  return found;
}

/** @throws {DerError} when the value is absent or has another tag. */
export function expect(node: DerNode | undefined, tag: number): DerNode {
  if (node?.tag === tag) return node;
  throw new DerError(
    `tag ${tag.toString(16)} was wanted, ${node === undefined ? 'nothing' : node.tag.toString(16)} found`,
  );
}

/** An object identifier as dotted numbers. */
export function readOid(node: DerNode | undefined): string {
  const { content } = expect(node, tags.oid);
  const parts: number[] = [];
  let value = 0;
  for (const byte of content) {
    value = value * 128 + (byte & 0x7f);
    if (byte & 0x80) continue;
    parts.push(value);
    value = 0;
  }
  const [first = 0, ...rest] = parts;
  const top = Math.min(2, Math.floor(first / 40));
  return [top, first - top * 40, ...rest].join('.');
}

/** A time such as 20261124030000.5Z, in milliseconds. */
export function readTime(node: DerNode | undefined): number {
  const text = expect(node, tags.generalizedTime).content.toString('latin1');
  const [, year, month, day, hour, minute, second, fraction = ''] =
    /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.(\d{1,9}))?Z$/.exec(text) ?? [];
  const ms = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (Number.isNaN(ms)) throw new DerError('a time has no known form');
  return ms + (fraction === '' ? 0 : Math.floor(Number(`0.${fraction}`) * 1000));
}

/** Writes one value. */
export function write(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const inner = Buffer.concat(content);
  if (inner.length < 0x80) return Buffer.concat([Buffer.from([tag, inner.length]), inner]);
  const size = inner.length < 0x100 ? 1 : inner.length < 0x10000 ? 2 : 4;
  const head = Buffer.alloc(2 + size);
  head[0] = tag;
  head[1] = 0x80 | size;
  head.writeUIntBE(inner.length, 2, size);
  return Buffer.concat([head, inner]);
}

/** Writes an object identifier. */
export function writeOid(dotted: string): Buffer {
  const [a = 0, b = 0, ...rest] = dotted.split('.').map(Number);
  const bytes: number[] = [];
  for (const part of [a * 40 + b, ...rest]) {
    const digits = [part & 0x7f];
    for (let left = Math.floor(part / 128); left > 0; left = Math.floor(left / 128))
      digits.unshift((left & 0x7f) | 0x80);
    bytes.push(...digits);
  }
  return write(tags.oid, Buffer.from(bytes));
}

/** Writes a number that is not negative, from its bytes. */
export function writeInteger(bytes: Buffer): Buffer {
  let from = 0;
  while (from < bytes.length - 1 && bytes[from] === 0) from += 1;
  const shortest = bytes.subarray(from);
  return (shortest[0] ?? 0) & 0x80 ? write(tags.integer, Buffer.from([0]), shortest) : write(tags.integer, shortest);
}
