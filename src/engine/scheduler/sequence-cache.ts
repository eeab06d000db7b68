import type { Backend } from './backend.ts';
import { CellLedger } from './cell-ledger.ts';
import { KeptStore } from './kept-store.ts';
import { PrefixTree } from './prefix-tree.ts';

/** A row of computed tokens: of an answer in progress, or kept for the next prompt that begins like it. */
export interface Sequence {
  /** Never used again for another. */
  readonly key: number;
  /** Its id in KV memory; undefined when its state lies in the store. */
  id: number | undefined;
  readonly scope: string;
  /** What it holds or will hold. */
  readonly tokens: number[];
  /** How many of `tokens` are computed. */
  computed: number;
  active: boolean;
  lastUsed: number;
  readonly cells: number[];
}

/** What a prompt could start from. */
export interface PrefixPlan {
  readonly source: Sequence | undefined;
  /** Tokens that `source` has computed already. */
  readonly usable: number;
  /** Tokens that an answer in progress is about to compute for us. */
  readonly coming: number;
}

/** Fewer tokens are not worth a place in the store, nor their way back. */
const LEAST_STORED_TOKENS = 16;
/** A state is stored when at least this part of its tokens is held nowhere else, and read when as much of it serves. */
const WORTH_STORING = 1 / 4;
const WORTH_RESTORING = 1 / 64;
/** A kept sequence whose own tail is shorter than this gives its place to the one that goes on from it. */
const SHORT_TAIL_TOKENS = 32;

/**
 * All computed sequences. Prompts find the longest computed beginning within their scope (isolation key) and share its
 * cells. A sequence that is done stays in its cells while these are few enough not to slow the others down; then its state
 * is moved to host memory, where it waits until its room is needed, least recently used first out.
 */
export class SequenceCache {
  readonly #backend: Backend;
  readonly #ledger: CellLedger;
  readonly #trees = new Map<string, PrefixTree>();
  readonly #held = new Map<number, Sequence>();
  readonly #freeIds: number[];
  readonly #store: KeptStore;
  #clock = 0;
  #lastKey = 0;

  constructor(backend: Backend) {
    this.#backend = backend;
    this.#ledger = new CellLedger(backend.contextTokens);
    this.#store = new KeptStore(backend.storeBytes);
    this.#freeIds = Array.from({ length: backend.sequences }, (_, index) => backend.sequences - 1 - index);
  }

  get usedTokens(): number {
    return this.#ledger.used;
  }

  /** Finds what the first `most` tokens of a prompt could be taken from. */
  plan(scope: string, tokens: readonly number[], most: number): PrefixPlan {
    let source: Sequence | undefined;
    let usable = 0;
    let coming = 0;
    for (const match of this.#trees.get(scope)?.matches(tokens) ?? []) {
      const sequence = this.#held.get(match.id)!;
      const ready = Math.min(match.length, sequence.computed, most);
      const whole = this.#backend.canTruncate || ready === sequence.computed;
      if (sequence.id === undefined && !isWorthRestoring(sequence, ready)) continue;
      if (whole && (ready > usable || (ready === usable && ready > 0 && sequence.active))) {
        usable = ready;
        source = sequence;
      }
      if (sequence.active && this.#backend.canTruncate) coming = Math.max(coming, Math.min(match.length, most));
    }
    return { source, usable, coming };
  }

  /** Cells that a new sequence could get, without touching answers in progress or the beginning it shares. */
  reclaimable(plan: PrefixPlan): number {
    const active = [...this.#held.values()].filter((sequence) => sequence.active);
    const promised = active.reduce((sum, { tokens, computed }) => sum + tokens.length - computed, 0);
    const prefix = plan.source ? [plan.source.cells.slice(0, plan.usable)] : [];
    return this.#ledger.capacity - this.#ledger.distinct([...active.map(({ cells }) => cells), ...prefix]) - promised;
  }

  /** Cells that a sequence for `tokens` needs beside those it shares, its next token's included. */
  wanted(tokens: readonly number[], { source, usable }: PrefixPlan): number {
    if (source === undefined || source.id !== undefined) return tokens.length - usable + 1;
    return Math.max(tokens.length + 1, source.computed); // a stored state is restored whole, then cut
  }

  /**
   * Starts a sequence for `tokens` on what `plan` found: its `computed` says how much of it could be had. Undefined when
   * answers in progress have all ids.
   */
  open(scope: string, tokens: readonly number[], plan: PrefixPlan): Sequence | undefined {
    const { source, usable } = plan;
    if (source) source.lastUsed = ++this.#clock;
    this.#packFor(source);
    if (this.#freeIds.length === 0) this.#evictOne(source);
    const id = this.#freeIds.pop();
    if (id === undefined) return this.#takeOver(tokens, plan);
    const cells = source && usable > 0 ? this.#begin(id, source, usable) : [];
    const opened: Sequence = {
      key: ++this.#lastKey,
      id,
      scope,
      tokens: [...tokens],
      computed: cells.length,
      active: true,
      lastUsed: ++this.#clock,
      cells,
    };
    this.#held.set(opened.key, opened);
    this.#tree(scope).insert(opened.key, tokens);
    const goesOn = source && !source.active && cells.length === usable && this.#held.has(source.key);
    if (goesOn && source.tokens.length - usable <= SHORT_TAIL_TOKENS) this.drop(source);
    this.#trimKept(undefined);
    return opened;
  }

  /** Gives the first `length` tokens of `source` to an empty id; returns their cells, none when they could not be restored. */
  #begin(id: number, source: Sequence, length: number): number[] {
    if (source.id !== undefined) {
      this.#backend.share(source.id, id, length);
      return this.#ledger.share(source.cells, length);
    }
    const { computed } = source;
    const cells: number[] = [];
    // Room for it is made at the cost of others, in the store too: there it may have been the oldest itself.
    if (!this.reserve(computed) || !this.#held.has(source.key)) return cells;
    if (!this.#backend.restore(id, this.#store.get(source.key))) return cells;
    this.#ledger.take(cells, computed);
    if (length === computed) return cells;
    this.#backend.truncate(id, length);
    this.#ledger.release(cells, length);
    return cells;
  }

  /** Adds a generated token, which the next call computes. */
  append(sequence: Sequence, token: number): void {
    sequence.tokens.push(token);
    this.#tree(sequence.scope).append(sequence.key, [token]);
  }

  /** Frees cells until `count` are there, at the cost of kept sequences; false when those in progress hold the rest. */
  reserve(count: number): boolean {
    while (this.#ledger.free < count && this.#evictOne(undefined)) {}
    return this.#ledger.free >= count;
  }

  /** Notes that the next `count` tokens of a sequence are computed. */
  advance(sequence: Sequence, count: number): void {
    this.#ledger.take(sequence.cells, count);
    sequence.computed += count;
  }

  /** Ends an answer's use of a sequence: what is computed stays for the next prompt. */
  release(sequence: Sequence): void {
    sequence.active = false;
    sequence.lastUsed = ++this.#clock;
    if (sequence.computed === 0) {
      this.drop(sequence);
      return;
    }
    this.#cutTo(sequence, sequence.computed);
    if (this.#backend.canTruncate) this.#dropCoveredBy(sequence);
    this.#trimKept(sequence);
  }

  /** Removes what an aborted call may have computed of a sequence. */
  rollBack(sequence: Sequence): void {
    if (this.#backend.truncate(sequence.id!, sequence.computed)) return;
    this.#backend.truncate(sequence.id!, 0);
    this.#ledger.release(sequence.cells, 0);
    sequence.computed = 0;
  }

  /** Forgets a sequence. */
  drop(sequence: Sequence): void {
    if (sequence.id === undefined) this.#store.remove(sequence.key);
    else this.#vacate(sequence);
    const tree = this.#tree(sequence.scope);
    tree.remove(sequence.key);
    if (tree.size === 0) this.#trees.delete(sequence.scope);
    this.#held.delete(sequence.key);
  }

  /** Gives a sequence's cells and its id back. */
  #vacate(sequence: Sequence): void {
    this.#backend.truncate(sequence.id!, 0);
    this.#ledger.release(sequence.cells, 0);
    this.#freeIds.push(sequence.id!);
    sequence.id = undefined;
  }

  /** Kept sequences that are the beginning of this one serve nothing that it does not. */
  #dropCoveredBy(sequence: Sequence): void {
    for (const match of this.#tree(sequence.scope).matches(sequence.tokens)) {
      const other = this.#held.get(match.id)!;
      if (other !== sequence && !other.active && match.length === other.tokens.length) this.drop(other);
    }
  }

  /**
   * Cells cost up to the last one in use, wherever it lies. When nothing runs, what is kept makes place, and a sequence that
   * others left high up comes down on its way through the store.
   */
  #packFor(source: Sequence | undefined): void {
    if (this.#store.sizeBytes === 0 || [...this.#held.values()].some(({ active }) => active)) return;
    const own = source?.cells.length ?? 0;
    const isHigh = (): boolean => this.#ledger.height > own + this.#backend.keptTokens;
    while (isHigh() && this.#tidyOne(source)) {}
    if (source?.id !== undefined && isHigh()) this.#moveOut(source);
  }

  /** Leaves no more in cells than the backend wants, beside what `latest` has and one that is too long for the store. */
  #trimKept(latest: Sequence | undefined): void {
    const active = [...this.#held.values()].filter((sequence) => sequence.active).map(({ cells }) => cells);
    const inProgress = this.#ledger.distinct(active);
    while (this.#ledger.used - inProgress > this.#backend.keptTokens && this.#tidyOne(latest)) {}
  }

  #takeOver(tokens: readonly number[], plan: PrefixPlan): Sequence | undefined {
    const { source, usable } = plan;
    if (source === undefined || source.active || source.id === undefined) return undefined;
    this.#cutTo(source, usable);
    source.active = true;
    source.tokens.push(...tokens.slice(usable));
    this.#tree(source.scope).append(source.key, tokens.slice(usable));
    return source;
  }

  #cutTo(sequence: Sequence, length: number): void {
    if (sequence.tokens.length > length) {
      sequence.tokens.length = length;
      this.#tree(sequence.scope).cut(sequence.key, length);
    }
    if (sequence.computed > length) {
      this.#backend.truncate(sequence.id!, length);
      this.#ledger.release(sequence.cells, length);
      sequence.computed = length;
    }
  }

  /** Takes the kept sequence that was used longest ago out of KV memory; false when there is none. */
  #evictOne(except: Sequence | undefined): boolean {
    return this.#moveOrDrop(this.#oldest((sequence) => sequence.id !== undefined && sequence !== except));
  }

  /** As `#evictOne`, for speed and not for room: the longest way to compute again is spared if it was the last of its kind. */
  #tidyOne(except: Sequence | undefined): boolean {
    const spared = this.#lastTooLong();
    const which = (sequence: Sequence): boolean =>
      sequence.id !== undefined && sequence !== except && sequence !== spared;
    return this.#moveOrDrop(this.#oldest(which));
  }

  /** Of the kept sequences that the store could never take, the one that was used last. */
  #lastTooLong(): Sequence | undefined {
    let last: Sequence | undefined;
    if (this.#store.sizeBytes === 0) return last;
    for (const sequence of this.#held.values()) {
      if (sequence.active || sequence.id === undefined || sequence.lastUsed < (last?.lastUsed ?? 0)) continue;
      if (this.#backend.stateBytes(sequence.id) > this.#store.sizeBytes) last = sequence;
    }
    return last;
  }

  #moveOrDrop(oldest: Sequence | undefined): boolean {
    if (oldest && !(this.#isWorthStoring(oldest) && this.#moveOut(oldest))) this.drop(oldest);
    return oldest !== undefined;
  }

  #oldest(which: (sequence: Sequence) => boolean): Sequence | undefined {
    let oldest: Sequence | undefined;
    for (const sequence of this.#held.values()) {
      if (sequence.active || !which(sequence)) continue;
      if (oldest === undefined || sequence.lastUsed < oldest.lastUsed) oldest = sequence;
    }
    return oldest;
  }

  /** Moves a kept sequence to the store, at the cost of older ones there; false when it does not fit. */
  #moveOut(sequence: Sequence): boolean {
    const id = sequence.id!;
    const length = this.#backend.stateBytes(id);
    if (length > this.#store.sizeBytes) return false;
    while (length > this.#store.freeBytes) this.drop(this.#oldest((other) => other.id === undefined)!);
    if (!this.#store.put(sequence.key, length, (into) => this.#backend.save(id, into))) return false;
    this.#vacate(sequence);
    return true;
  }

  #isWorthStoring({ key, scope, tokens, computed }: Sequence): boolean {
    if (this.#store.sizeBytes === 0 || computed < LEAST_STORED_TOKENS) return false;
    const others = this.#tree(scope)
      .matches(tokens)
      .filter((match) => match.id !== key);
    const elsewhere = Math.max(0, ...others.map(({ id, length }) => Math.min(length, this.#held.get(id)!.computed)));
    return computed - elsewhere >= computed * WORTH_STORING;
  }

  #tree(scope: string): PrefixTree {
    let tree = this.#trees.get(scope);
    if (tree === undefined) {
      tree = new PrefixTree();
      this.#trees.set(scope, tree);
    }
    return tree;
  }
}

/** A stored state is read as a whole: not for a few tokens of many. */
function isWorthRestoring({ computed }: Sequence, usable: number): boolean {
  return usable >= LEAST_STORED_TOKENS && usable >= computed * WORTH_RESTORING;
}
