import { IntramurosError } from '../../base/index.ts';
import type { ByteSource } from './byte-source.ts';

const windowBytes = 1024 * 1024;

/** The failure of a model file: what was wanted, what was found, and at which byte. */
export function invalidFile(name: string, wanted: string, found: string, atByte: number): IntramurosError {
  return new IntramurosError(
    'model_file_invalid',
    `${name} is not a usable GGUF file: wanted ${wanted}, found ${found}, at byte ${atByte}. Get the file again.`,
    { facts: { file: name, wanted, found, atByte } },
  );
}

/**
 * Reads little-endian values in order through a window of 1 MiB, whatever the size of the source.
 * Reading is synchronous inside the window: `await` is paid once a window and not once a value.
 */
export class Cursor {
  readonly #source: ByteSource;
  #bytes = new Uint8Array(0);
  #view = new DataView(this.#bytes.buffer);
  /** Offset in the source of the first byte in the window. */
  #start = 0;
  #at = 0;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  /** Place in the source. */
  get offset(): number {
    return this.#start + this.#at;
  }

  /** Undefined when `length` bytes are in the window; otherwise what to wait for. */
  need(length: number, what: string): Promise<void> | undefined {
    return this.#at + length <= this.#bytes.length ? undefined : this.#fill(length, what);
  }

  u8(): number {
    return this.#view.getUint8(this.#step(1));
  }
  i8(): number {
    return this.#view.getInt8(this.#step(1));
  }
  u16(): number {
    return this.#view.getUint16(this.#step(2), true);
  }
  i16(): number {
    return this.#view.getInt16(this.#step(2), true);
  }
  u32(): number {
    return this.#view.getUint32(this.#step(4), true);
  }
  i32(): number {
    return this.#view.getInt32(this.#step(4), true);
  }
  f32(): number {
    return this.#view.getFloat32(this.#step(4), true);
  }
  f64(): number {
    return this.#view.getFloat64(this.#step(8), true);
  }
  /** As a number; past 2^53 it is only "too big", which is all a length needs to be. */
  length64(): number {
    return Number(this.#view.getBigUint64(this.#step(8), true));
  }
  u64(): number | bigint {
    return shrink(this.#view.getBigUint64(this.#step(8), true));
  }
  i64(): number | bigint {
    return shrink(this.#view.getBigInt64(this.#step(8), true));
  }
  text(length: number): string {
    const from = this.#step(length);
    return utf8.decode(this.#bytes.subarray(from, from + length));
  }

  /** Goes on `length` bytes without reading them. @throws when the source ends before. */
  skip(length: number, what: string): void {
    if (this.offset + length > this.#source.sizeBytes) throw this.#ended(length, what);
    this.#at += length;
  }

  async #fill(length: number, what: string): Promise<void> {
    const start = this.offset;
    if (start + length > this.#source.sizeBytes) throw this.#ended(length, what);
    const bytes = new Uint8Array(Math.min(Math.max(windowBytes, length), this.#source.sizeBytes - start));
    const read = await this.#source.read(bytes, start);
    this.#bytes = bytes.subarray(0, read);
    this.#view = new DataView(bytes.buffer, 0, read);
    this.#start = start;
    this.#at = 0;
    // The file may have been cut since its size was read.
    if (read < length) throw this.#ended(length, what);
  }

  #step(length: number): number {
    const from = this.#at;
    this.#at += length;
    return from;
  }

  #ended(length: number, what: string): IntramurosError {
    const left = Math.max(0, this.#source.sizeBytes - this.offset);
    return invalidFile(
      this.#source.name,
      `${length} bytes of ${what}`,
      `the end of the file ${left} bytes on`,
      this.offset,
    );
  }
}

const utf8 = new TextDecoder();

function shrink(value: bigint): number | bigint {
  return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}
