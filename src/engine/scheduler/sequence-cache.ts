import type { Backend } from './backend.ts';
import { CellLedger } from './cell-ledger.ts';
import { PrefixTree } from './prefix-tree.ts';

/** A row of tokens in KV memory: of an answer in progress, or kept for the next prompt that begins like it. */
export interface Sequence {
  readonly id: number;
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

/** A kept sequence whose own tail is shorter than this gives its place to the one that goes on from it. */
const SHORT_TAIL_TOKENS = 32;

/**
 * All sequences in KV memory. Prompts find the longest computed beginning within their scope (isolation key) and share
 * its cells; sequences that are done stay until their cells or ids are needed, least recently used first.
 */
export class SequenceCache {
  readonly #backend: Backend;
  readonly #ledger: CellLedger;
  readonly #trees = new Map<string, PrefixTree>();
  readonly #held = new Map<number, Sequence>();
  readonly #freeIds: number[];
  #clock = 0;

  constructor(backend: Backend) {
    this.#backend = backend;
    this.#ledger = new CellLedger(backend.contextTokens);
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

  /** Starts a sequence for `tokens` on what `plan` found; undefined when answers in progress have all ids. */
  open(scope: string, tokens: readonly number[], plan: PrefixPlan): Sequence | undefined {
    const { source, usable } = plan;
    if (source) source.lastUsed = ++this.#clock;
    if (this.#freeIds.length === 0) this.#evictOne(source);
    const id = this.#freeIds.pop();
    if (id === undefined) return this.#takeOver(tokens, plan);
    if (source && usable > 0) this.#backend.share(source.id, id, usable);
    const cells = source ? this.#ledger.share(source.cells, usable) : [];
    const opened: Sequence = {
      id,
      scope,
      tokens: [...tokens],
      computed: usable,
      active: true,
      lastUsed: ++this.#clock,
      cells,
    };
    this.#held.set(id, opened);
    this.#tree(scope).insert(id, tokens);
    if (source && !source.active && source.tokens.length - usable <= SHORT_TAIL_TOKENS) this.drop(source);
    return opened;
  }

  /** Adds a generated token, which the next call computes. */
  append(sequence: Sequence, token: number): void {
    sequence.tokens.push(token);
    this.#tree(sequence.scope).append(sequence.id, [token]);
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
    if (this.#backend.truncate(sequence.id, sequence.computed)) return;
    this.#backend.truncate(sequence.id, 0);
    this.#ledger.release(sequence.cells, 0);
    sequence.computed = 0;
  }

  /** Forgets a sequence. */
  drop(sequence: Sequence): void {
    this.#backend.truncate(sequence.id, 0);
    this.#ledger.release(sequence.cells, 0);
    const tree = this.#tree(sequence.scope);
    tree.remove(sequence.id);
    if (tree.size === 0) this.#trees.delete(sequence.scope);
    this.#held.delete(sequence.id);
    this.#freeIds.push(sequence.id);
  }

  /** Kept sequences that are the beginning of this one serve nothing that it does not. */
  #dropCoveredBy(sequence: Sequence): void {
    for (const match of this.#tree(sequence.scope).matches(sequence.tokens)) {
      const other = this.#held.get(match.id)!;
      if (other !== sequence && !other.active && match.length === other.tokens.length) this.drop(other);
    }
  }

  /** Keeps no more than the backend wants, and always the one that was used last. */
  #trimKept(latest: Sequence): void {
    const active = [...this.#held.values()].filter((sequence) => sequence.active).map(({ cells }) => cells);
    const inProgress = this.#ledger.distinct(active);
    while (this.#ledger.used - inProgress > this.#backend.keptTokens && this.#evictOne(latest)) {}
  }

  #takeOver(tokens: readonly number[], plan: PrefixPlan): Sequence | undefined {
    const { source, usable } = plan;
    if (source === undefined || source.active) return undefined;
    this.#cutTo(source, usable);
    source.active = true;
    source.tokens.push(...tokens.slice(usable));
    this.#tree(source.scope).append(source.id, tokens.slice(usable));
    return source;
  }

  #cutTo(sequence: Sequence, length: number): void {
    if (sequence.tokens.length > length) {
      sequence.tokens.length = length;
      this.#tree(sequence.scope).cut(sequence.id, length);
    }
    if (sequence.computed > length) {
      this.#backend.truncate(sequence.id, length);
      this.#ledger.release(sequence.cells, length);
      sequence.computed = length;
    }
  }

  #evictOne(except: Sequence | undefined): boolean {
    let oldest: Sequence | undefined;
    for (const sequence of this.#held.values()) {
      if (sequence.active || sequence === except) continue;
      if (oldest === undefined || sequence.lastUsed < oldest.lastUsed) oldest = sequence;
    }
    if (oldest) this.drop(oldest);
    return oldest !== undefined;
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
