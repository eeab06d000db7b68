import { type Cursor, invalidFile } from './cursor.ts';
import type { GgufArray, GgufScalar, GgufValue, GgufValueType } from './types.ts';

/** Most that one header may make us keep or walk: far above any real model, low enough to end soon. */
export const limits = {
  entries: 100_000,
  keyBytes: 65_535,
  textBytes: 16 * 1024 * 1024,
  keptBytes: 64 * 1024 * 1024,
  keptElements: 4096,
  walkedElements: 32_000_000,
} as const;

/** By the number in the file. */
export const valueTypes: readonly GgufValueType[] = [
  'u8',
  'i8',
  'u16',
  'i16',
  'u32',
  'i32',
  'f32',
  'bool',
  'string',
  'array',
  'u64',
  'i64',
  'f64',
];
const fixedBytes: Readonly<Partial<Record<GgufValueType, number>>> = {
  u8: 1,
  i8: 1,
  bool: 1,
  u16: 2,
  i16: 2,
  u32: 4,
  i32: 4,
  f32: 4,
  u64: 8,
  i64: 8,
  f64: 8,
};

/** Reads metadata entries in order, with one budget of memory and work for the whole file. */
export class MetadataReader {
  readonly #cursor: Cursor;
  readonly #name: string;
  #keptBytes = 0;
  #walkedElements = 0;

  constructor(cursor: Cursor, name: string) {
    this.#cursor = cursor;
    this.#name = name;
  }

  async entry(): Promise<readonly [key: string, value: GgufValue]> {
    const key = await this.text('a metadata key', limits.keyBytes);
    const type = await this.#type(`the type of "${shorten(key)}"`);
    return [key, type === 'array' ? await this.#array(key) : await this.#scalar(type, `"${shorten(key)}"`)];
  }

  /** A length and that many bytes of UTF-8. */
  async text(what: string, limitBytes: number): Promise<string> {
    const cursor = this.#cursor;
    const at = cursor.offset;
    await cursor.need(8, `the length of ${what}`);
    const length = cursor.length64();
    if (length > limitBytes) throw invalidFile(this.#name, `${what} of at most ${limitBytes} bytes`, `${length}`, at);
    await cursor.need(length, what);
    this.#keptBytes += length;
    if (this.#keptBytes > limits.keptBytes) {
      throw invalidFile(this.#name, `at most ${limits.keptBytes} bytes of texts`, 'more', at);
    }
    return cursor.text(length);
  }

  async #type(what: string): Promise<GgufValueType> {
    const at = this.#cursor.offset;
    await this.#cursor.need(4, what);
    const number = this.#cursor.u32();
    const type = valueTypes[number];
    if (type === undefined) throw invalidFile(this.#name, `${what} from 0 to 12`, String(number), at);
    return type;
  }

  async #scalar(type: GgufValueType, what: string): Promise<GgufScalar> {
    if (type === 'string') return this.text(what, limits.textBytes);
    const wait = this.#cursor.need(fixedBytes[type]!, what);
    if (wait) await wait;
    return readFixed(this.#cursor, type);
  }

  async #array(key: string): Promise<GgufArray> {
    const what = `the list "${shorten(key)}"`;
    const at = this.#cursor.offset;
    const elementType = await this.#type(`the element type of ${what}`);
    if (elementType === 'array') throw invalidFile(this.#name, `a plain list in ${what}`, 'a list of lists', at);
    await this.#cursor.need(8, `the length of ${what}`);
    const length = this.#cursor.length64();
    if (elementType === 'string') return this.#texts(what, length);
    const bytes = fixedBytes[elementType]!;
    if (length > limits.keptElements) {
      this.#cursor.skip(length * bytes, what);
      return { elementType, length, values: undefined };
    }
    await this.#cursor.need(length * bytes, what);
    return { elementType, length, values: Array.from({ length }, () => readFixed(this.#cursor, elementType)) };
  }

  async #texts(what: string, length: number): Promise<GgufArray> {
    this.#walkedElements += length;
    if (this.#walkedElements > limits.walkedElements) {
      throw invalidFile(
        this.#name,
        `at most ${limits.walkedElements} texts`,
        `${what} of ${length}`,
        this.#cursor.offset,
      );
    }
    const values: string[] | undefined = length <= limits.keptElements ? [] : undefined;
    for (let index = 0; index < length; index += 1) {
      if (values) {
        values.push(await this.text(what, limits.textBytes));
        continue;
      }
      const wait = this.#cursor.need(8, what);
      if (wait) await wait;
      this.#cursor.skip(this.#cursor.length64(), what);
    }
    return { elementType: 'string', length, values };
  }
}

function readFixed(cursor: Cursor, type: GgufValueType): GgufScalar {
  switch (type) {
    case 'u8':
      return cursor.u8();
    case 'i8':
      return cursor.i8();
    case 'u16':
      return cursor.u16();
    case 'i16':
      return cursor.i16();
    case 'u32':
      return cursor.u32();
    case 'i32':
      return cursor.i32();
    case 'f32':
      return cursor.f32();
    case 'bool':
      return cursor.u8() !== 0;
    case 'u64':
      return cursor.u64();
    case 'i64':
      return cursor.i64();
    case 'f64':
      return cursor.f64();
    default:
      throw new TypeError(`${type} has no fixed size`);
  }
}

/** A name from a file that may hold anything, made fit for a message. */
export function shorten(text: string): string {
  const printable = text.replace(/[^\x20-\x7e]/g, '?');
  return printable.length > 80 ? `${printable.slice(0, 77)}...` : printable;
}
