interface Place {
  offset: number;
  readonly length: number;
}

/**
 * Host memory for the states of finished conversations that were moved out of KV memory: one block of a fixed size, all of
 * it taken when it is opened, so that a process never grows while it serves. States lie one behind the other; a hole is
 * closed when its room is needed.
 */
export class KeptStore {
  readonly #block: Buffer;
  /** In order of their offsets. */
  readonly #places = new Map<number, Place>();
  #usedBytes = 0;

  constructor(sizeBytes: number) {
    this.#block = Buffer.alloc(sizeBytes);
    this.#block.fill(0); // the pages come when they are first written
  }

  get sizeBytes(): number {
    return this.#block.length;
  }
  get freeBytes(): number {
    return this.#block.length - this.#usedBytes;
  }

  /** Lets `write` fill `length` bytes kept under `key`; false when there is no room for them or `write` says it failed. */
  put(key: number, length: number, write: (into: Uint8Array) => boolean): boolean {
    if (length > this.freeBytes || this.#places.has(key)) return false;
    const offset = this.#roomAtEnd(length);
    if (!write(this.#block.subarray(offset, offset + length))) return false;
    this.#places.set(key, { offset, length });
    this.#usedBytes += length;
    return true;
  }

  /** The state kept under `key`, valid until the next `put`. */
  get(key: number): Uint8Array {
    const place = this.#places.get(key);
    if (place === undefined) throw new Error(`Nothing is stored under ${key}.`);
    return this.#block.subarray(place.offset, place.offset + place.length);
  }

  remove(key: number): void {
    const place = this.#places.get(key);
    if (place === undefined) return;
    this.#places.delete(key);
    this.#usedBytes -= place.length;
  }

  #roomAtEnd(length: number): number {
    let end = 0;
    for (const place of this.#places.values()) end = place.offset + place.length;
    return end + length <= this.#block.length ? end : this.#compact();
  }

  #compact(): number {
    let end = 0;
    for (const place of this.#places.values()) {
      this.#block.copyWithin(end, place.offset, place.offset + place.length);
      place.offset = end;
      end += place.length;
    }
    return end;
  }
}
