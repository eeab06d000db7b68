/**
 * Counts the KV cells that sequences hold. In unified memory a cell serves every sequence that shares it and is free
 * when the last one lets go: this mirrors the library's own book-keeping, so that a full memory is foreseen, never met.
 */
export class CellLedger {
  readonly capacity: number;
  readonly #holders: Uint16Array;
  readonly #free: number[];
  #height = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
    this.#holders = new Uint16Array(capacity);
    this.#free = Array.from({ length: capacity }, (_, index) => capacity - 1 - index);
  }

  get free(): number {
    return this.#free.length;
  }
  get used(): number {
    return this.capacity - this.#free.length;
  }

  /** Most cells in use at once since none was: the library fills holes first, so about the place of the last one in use. */
  get height(): number {
    return this.#height;
  }

  /** Gives `count` new cells to a sequence. */
  take(cells: number[], count: number): void {
    if (count > this.#free.length) throw new Error(`${count} cells are wanted, ${this.#free.length} are free.`);
    for (let taken = 0; taken < count; taken += 1) {
      const cell = this.#free.pop()!;
      this.#holders[cell] = 1;
      cells.push(cell);
    }
    this.#height = Math.max(this.#height, this.used);
  }

  /** Gives the first `length` cells of one sequence to another too. */
  share(cells: readonly number[], length: number): number[] {
    const shared = cells.slice(0, length);
    for (const cell of shared) this.#holders[cell]! += 1;
    return shared;
  }

  /** Takes the cells from `start` on away from a sequence. */
  release(cells: number[], start: number): void {
    for (const cell of cells.splice(start)) {
      this.#holders[cell]! -= 1;
      if (this.#holders[cell] === 0) this.#free.push(cell);
    }
    if (this.used === 0) this.#height = 0;
  }

  /** How many different cells some sequences hold together. */
  distinct(sequences: Iterable<readonly number[]>): number {
    const seen = new Uint8Array(this.capacity);
    let count = 0;
    for (const cells of sequences) {
      for (const cell of cells) {
        if (seen[cell] === 0) count += 1;
        seen[cell] = 1;
      }
    }
    return count;
  }
}
