import type { Message } from '../api/wire.ts';

/** A message on the page. `key` stays the same when the server gives a fresh message its id. */
export interface ChatNode extends Message {
  readonly key: string;
}
export type Nodes = ReadonlyMap<string, ChatNode>;

const parentOf = (node: ChatNode): string | null => node.parentId ?? null;

/** Children of each message in order of creation; the first messages are under `null`. */
export function childrenByParent(nodes: Nodes): ReadonlyMap<string | null, readonly ChatNode[]> {
  const children = new Map<string | null, ChatNode[]>();
  for (const node of nodes.values()) {
    const parent = parentOf(node);
    const list = children.get(parent);
    if (list) list.push(node);
    else children.set(parent, [node]);
  }
  return children;
}

/** The branch that ends at `leafId`, oldest first, without system messages. */
export function pathTo(nodes: Nodes, leafId: string | undefined): readonly ChatNode[] {
  const path: ChatNode[] = [];
  const seen = new Set<string>();
  let at = leafId === undefined ? undefined : nodes.get(leafId);
  while (at && !seen.has(at.id)) {
    seen.add(at.id);
    if (at.role !== 'system') path.push(at);
    const parent = parentOf(at);
    at = parent === null ? undefined : nodes.get(parent);
  }
  return path.reverse();
}

/** The newest leaf below a message: where a person lands who switches to its branch. */
export function leafUnder(nodes: Nodes, id: string): string {
  const children = childrenByParent(nodes);
  const seen = new Set<string>();
  let at = id;
  for (;;) {
    seen.add(at);
    const newest = children.get(at)?.at(-1);
    if (!newest || seen.has(newest.id)) return at;
    at = newest.id;
  }
}

/** Where to look when the conversation does not say: the newest message. */
export function newestLeaf(nodes: Nodes): string | undefined {
  const newest = [...nodes.values()].at(-1);
  return newest?.id;
}

/** Messages that share a parent and a role with this one, itself included: the branches ‹2/3›. */
export function siblingsOf(
  children: ReadonlyMap<string | null, readonly ChatNode[]>,
  node: ChatNode,
): readonly ChatNode[] {
  return (children.get(parentOf(node)) ?? [node]).filter((other) => other.role === node.role);
}

/** A message and all below it. */
export function subtreeIds(nodes: Nodes, id: string): ReadonlySet<string> {
  const children = childrenByParent(nodes);
  const ids = new Set<string>();
  const visit = (at: string): void => {
    if (ids.has(at)) return;
    ids.add(at);
    for (const child of children.get(at) ?? []) visit(child.id);
  };
  visit(id);
  return ids;
}
