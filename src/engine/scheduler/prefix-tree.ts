interface Node {
  /** Tokens on the way from the parent to here. */
  label: number[];
  /** Sequences that go through this node or end in it. */
  readonly ids: Set<number>;
  readonly children: Map<number, Node>;
  parent: Node | undefined;
}

/** How many of its first tokens a kept sequence has in common with a prompt. */
export interface PrefixMatch {
  readonly id: number;
  readonly length: number;
}

/**
 * Which of the kept sequences begin like a prompt: a radix tree over token ids. Finding all matches costs the length of
 * the match, whatever the number of sequences; adding a token to the end of a sequence costs next to nothing.
 */
export class PrefixTree {
  readonly #root: Node = newNode([], undefined);
  readonly #ends = new Map<number, Node>();

  get size(): number {
    return this.#ends.size;
  }

  /** Keeps a sequence under a new id. */
  insert(id: number, tokens: readonly number[]): void {
    if (this.#ends.has(id)) throw new Error(`Sequence ${id} is in the tree already.`);
    this.#extend(id, this.#root, tokens);
  }

  /** Adds tokens to the end of a kept sequence. */
  append(id: number, tokens: readonly number[]): void {
    const end = this.#end(id);
    if (end !== this.#root && end.ids.size === 1 && end.children.size === 0) {
      for (const token of tokens) end.label.push(token);
      return;
    }
    this.#extend(id, end, tokens);
  }

  /** Keeps only the first `length` tokens of a sequence. */
  cut(id: number, length: number): void {
    const tokens = this.tokens(id).slice(0, length);
    this.remove(id);
    this.insert(id, tokens);
  }

  remove(id: number): void {
    let node: Node | undefined = this.#end(id);
    this.#ends.delete(id);
    while (node !== undefined) {
      const parent: Node | undefined = node.parent;
      node.ids.delete(id);
      if (parent !== undefined && node.ids.size === 0) parent.children.delete(node.label[0]!);
      else this.#mergeWithOnlyChild(node);
      node = parent;
    }
  }

  /** The tokens of a kept sequence. */
  tokens(id: number): number[] {
    const labels: (readonly number[])[] = [];
    for (let node: Node | undefined = this.#end(id); node !== undefined; node = node.parent) labels.push(node.label);
    return labels.reverse().flat();
  }

  /** Every kept sequence that shares a beginning with `tokens`, and how long it is. */
  matches(tokens: readonly number[]): PrefixMatch[] {
    const found: PrefixMatch[] = [];
    let node = this.#root;
    let depth = 0;
    while (true) {
      const next = depth < tokens.length ? node.children.get(tokens[depth]!) : undefined;
      if (depth > 0) for (const id of node.ids) if (!next?.ids.has(id)) found.push({ id, length: depth });
      if (next === undefined) return found;
      const common = commonLength(next.label, tokens, depth);
      depth += common;
      if (common < next.label.length) {
        for (const id of next.ids) found.push({ id, length: depth });
        return found;
      }
      node = next;
    }
  }

  #end(id: number): Node {
    const end = this.#ends.get(id);
    if (end === undefined) throw new Error(`Sequence ${id} is not in the tree.`);
    return end;
  }

  /** Walks from `node`, through which `id` goes already, along `tokens`, making and splitting nodes as needed. */
  #extend(id: number, node: Node, tokens: readonly number[]): void {
    let at = node;
    let depth = 0;
    at.ids.add(id);
    while (depth < tokens.length) {
      const next = at.children.get(tokens[depth]!);
      if (next === undefined) {
        const leaf = newNode(tokens.slice(depth), at);
        at.children.set(tokens[depth]!, leaf);
        leaf.ids.add(id);
        at = leaf;
        break;
      }
      const common = commonLength(next.label, tokens, depth);
      if (common < next.label.length) this.#split(next, common);
      depth += common;
      next.ids.add(id);
      at = next;
    }
    this.#ends.set(id, at);
  }

  /** Cuts a node's label in two; what follows moves into a new child. */
  #split(node: Node, at: number): void {
    const rest = newNode(node.label.slice(at), node);
    for (const id of node.ids) {
      rest.ids.add(id);
      if (this.#ends.get(id) === node) this.#ends.set(id, rest);
    }
    for (const [token, child] of node.children) {
      rest.children.set(token, child);
      child.parent = rest;
    }
    node.label = node.label.slice(0, at);
    node.children.clear();
    node.children.set(rest.label[0]!, rest);
  }

  #mergeWithOnlyChild(node: Node): void {
    const [child] = node.children.values();
    if (node.parent === undefined || child === undefined || child.ids.size !== node.ids.size) return;
    node.label = [...node.label, ...child.label];
    node.children.clear();
    for (const [token, grandchild] of child.children) {
      node.children.set(token, grandchild);
      grandchild.parent = node;
    }
    for (const id of child.ids) if (this.#ends.get(id) === child) this.#ends.set(id, node);
  }
}

function newNode(label: number[], parent: Node | undefined): Node {
  return { label, ids: new Set(), children: new Map(), parent };
}

function commonLength(label: readonly number[], tokens: readonly number[], from: number): number {
  const most = Math.min(label.length, tokens.length - from);
  let length = 0;
  while (length < most && label[length] === tokens[from + length]) length += 1;
  return length;
}
