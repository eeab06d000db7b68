import type { Backend } from '../../src/engine/scheduler/index.ts';

/** What a test may set of it. */
export interface CountingBackendOptions {
  readonly contextTokens?: number;
  readonly requestTokens?: number;
  readonly sequences?: number;
  readonly batchTokens?: number;
  readonly keptTokens?: number;
  readonly storeBytes?: number;
  readonly canTruncate?: boolean;
}

/**
 * A small honest model: its KV memory is real (a cell a token, shared and freed as the library does), and the next token
 * is a function of the whole sequence, so that a wrong, missing or foreign cell changes the text. Every violation of the
 * library's rules throws. Its vocabulary is 256 bytes and token 256, which ends a text.
 */
export class CountingBackend implements Backend {
  readonly contextTokens: number;
  readonly requestTokens: number;
  readonly sequences: number;
  readonly batchTokens: number;
  readonly outputs: number;
  readonly keptTokens: number;
  readonly storeBytes: number;
  readonly canTruncate: boolean;
  /** Tokens of every call so far, by sequence. */
  readonly calls: (readonly { readonly sequence: number; readonly token: number; readonly position: number }[])[] = [];
  openSamplers = 0;
  /** States that were written and read. */
  saved = 0;
  restored = 0;
  /** Waits here in each call, when set: lets a test act in the middle of a step. */
  beforeDecode: (() => Promise<void> | void) | undefined;
  #cells: { token: number; position: number; readonly sequences: Set<number> }[] = [];
  #batch: { token: number; position: number; sequence: number; wanted: boolean }[] = [];
  #logits = new Map<number, Float32Array>();
  #aborted = false;

  constructor(options: CountingBackendOptions = {}) {
    this.contextTokens = options.contextTokens ?? 4096;
    this.requestTokens = options.requestTokens ?? this.contextTokens;
    this.sequences = options.sequences ?? 12;
    this.batchTokens = options.batchTokens ?? 256;
    this.outputs = this.sequences;
    this.keptTokens = options.keptTokens ?? this.contextTokens;
    this.storeBytes = options.storeBytes ?? 0;
    this.canTruncate = options.canTruncate ?? true;
  }

  get usedCells(): number {
    return this.#cells.length;
  }

  /** Text that a prompt is followed by, computed without any batching. */
  static follow(prompt: readonly number[], count: number): string {
    const tokens = [...prompt];
    for (let at = 0; at < count; at += 1) tokens.push(nextOf(tokens));
    return Buffer.from(tokens.slice(prompt.length)).toString('latin1');
  }

  add(token: number, position: number, sequence: number, wanted: boolean): number {
    if (sequence < 0 || sequence >= this.sequences) throw new Error(`no sequence ${sequence}`);
    return this.#batch.push({ token, position, sequence, wanted }) - 1;
  }

  async decode(): Promise<number> {
    const batch = this.#batch;
    this.#batch = [];
    this.#aborted = false;
    if (batch.length === 0 || batch.length > this.batchTokens) throw new Error(`a batch of ${batch.length}`);
    if (batch.filter(({ wanted }) => wanted).length > this.outputs) throw new Error('too many outputs');
    if (this.usedCells + batch.length > this.contextTokens) return 1;
    await this.beforeDecode?.();
    if (this.#aborted) return 2;
    this.calls.push(batch);
    this.#logits.clear();
    for (const [place, { token, position, sequence, wanted }] of batch.entries()) {
      const held = this.#tokens(sequence);
      if (held.length !== position) throw new Error(`position ${position} after ${held.length} tokens`);
      this.#cells.push({ token, position, sequences: new Set([sequence]) });
      if (wanted) this.#logits.set(place, logitsFor(nextOf([...held, token])));
    }
    return 0;
  }

  abort(): void {
    this.#aborted = true;
  }

  logits(place: number): Float32Array {
    const logits = this.#logits.get(place);
    if (logits === undefined) throw new Error(`no output at ${place}`);
    return logits;
  }

  openSampler(): { sample(place: number): number; accept(): void; close(): void } {
    this.openSamplers += 1;
    return {
      sample: (place) => this.logits(place).indexOf(5),
      accept: () => {},
      close: () => {
        this.openSamplers -= 1;
      },
    };
  }

  share(from: number, to: number, length: number): void {
    if (this.#tokens(to).length > 0) throw new Error(`sequence ${to} is not empty`);
    if (this.#tokens(from).length < length) throw new Error(`sequence ${from} has no ${length} tokens`);
    for (const cell of this.#cells) if (cell.sequences.has(from) && cell.position < length) cell.sequences.add(to);
  }

  truncate(sequence: number, start: number): boolean {
    if (!this.canTruncate && start > 0 && start < this.#tokens(sequence).length) return false;
    for (const cell of this.#cells) if (cell.position >= start) cell.sequences.delete(sequence);
    this.#cells = this.#cells.filter(({ sequences }) => sequences.size > 0);
    return true;
  }

  stateBytes(sequence: number): number {
    return this.#tokens(sequence).length * BYTES_PER_CELL;
  }

  save(sequence: number, into: Uint8Array): boolean {
    const tokens = this.#tokens(sequence);
    if (into.length !== tokens.length * BYTES_PER_CELL) throw new Error(`${into.length} bytes for ${tokens.length}`);
    const view = new DataView(into.buffer, into.byteOffset, into.byteLength);
    for (const [at, token] of tokens.entries()) view.setUint32(at * BYTES_PER_CELL, token);
    this.saved += 1;
    return true;
  }

  restore(sequence: number, from: Uint8Array): boolean {
    if (this.#tokens(sequence).length > 0) throw new Error(`sequence ${sequence} is not empty`);
    const count = from.length / BYTES_PER_CELL;
    if (this.usedCells + count > this.contextTokens) throw new Error(`no room for ${count} cells`);
    const view = new DataView(from.buffer, from.byteOffset, from.byteLength);
    for (let position = 0; position < count; position += 1) {
      const token = view.getUint32(position * BYTES_PER_CELL);
      this.#cells.push({ token, position, sequences: new Set([sequence]) });
    }
    this.restored += 1;
    return true;
  }

  piece(token: number): Uint8Array {
    return token < 256 ? Uint8Array.of(token) : new Uint8Array(0);
  }
  spelling(token: number): Uint8Array {
    return this.piece(token);
  }
  isEnd(token: number): boolean {
    return token === 256;
  }

  #tokens(sequence: number): number[] {
    return this.#cells
      .filter(({ sequences }) => sequences.has(sequence))
      .sort((a, b) => a.position - b.position)
      .map(({ token }) => token);
  }
}

const BYTES_PER_CELL = 4;

/** A letter that depends on every token before it and on their order. */
function nextOf(tokens: readonly number[]): number {
  const hash = tokens.reduce((value, token) => (Math.imul(value, 31) + token + 7) | 0, 17);
  return 97 + (Math.abs(hash) % 26);
}

function logitsFor(token: number): Float32Array {
  const logits = new Float32Array(257);
  logits[token] = 5;
  return logits;
}
