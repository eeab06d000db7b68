import type { ActiveRun, Message, ProblemBody, Provenance } from '../api/wire.ts';
import { type LiveRun, newRun } from './live-run.ts';
import { type ChatNode, type Nodes, newestLeaf, subtreeIds } from './tree.ts';

/** All the page knows of one conversation. Messages are normalised by id; an answer in the making lives in `live`. */
export interface ConversationState {
  readonly id: string;
  readonly loaded: 'no' | 'loading' | 'yes' | 'failed';
  readonly problem: ProblemBody | undefined;
  readonly nodes: Nodes;
  readonly leafId: string | undefined;
  readonly live: ReadonlyMap<string, LiveRun>;
}

export const emptyConversation = (id: string): ConversationState => ({
  id,
  loaded: 'no',
  problem: undefined,
  nodes: new Map(),
  leafId: undefined,
  live: new Map(),
});

/** The conversation as the server told it, with the runs that are still going. */
export function withServerMessages(
  state: ConversationState,
  messages: readonly Message[],
  activeRuns: readonly ActiveRun[],
  activeLeafId: string | undefined,
): ConversationState {
  const keys = new Map([...state.nodes.values()].map((node) => [node.id, node.key]));
  const nodes = new Map(
    messages.map((message) => [message.id, { ...message, key: keys.get(message.id) ?? message.id }]),
  );
  const live = new Map<string, LiveRun>();
  for (const { runId, messageId } of activeRuns) {
    if (nodes.has(messageId)) live.set(messageId, state.live.get(messageId) ?? newRun({ runId, resumed: true }));
  }
  const known = (id: string | undefined): id is string => id !== undefined && nodes.has(id);
  const running = activeRuns.find(({ messageId }) => nodes.has(messageId))?.messageId;
  const leafId = known(state.leafId)
    ? state.leafId
    : known(activeLeafId)
      ? activeLeafId
      : (running ?? newestLeaf(nodes));
  return { ...state, loaded: 'yes', problem: undefined, nodes, leafId, live };
}

/** Adds a message that the server has not named yet. */
export function withNode(state: ConversationState, node: ChatNode): ConversationState {
  return { ...state, nodes: new Map(state.nodes).set(node.id, node) };
}

/** Gives messages the ids that the server chose, in place: order, keys and what points at them stay. */
export function withIds(state: ConversationState, ids: ReadonlyMap<string, string>): ConversationState {
  const named = (id: string): string => ids.get(id) ?? id;
  const nodes = new Map<string, ChatNode>();
  for (const node of state.nodes.values()) {
    const parentId = node.parentId == null ? null : named(node.parentId);
    nodes.set(named(node.id), { ...node, id: named(node.id), parentId });
  }
  const live = new Map([...state.live].map(([id, run]) => [named(id), run]));
  return { ...state, nodes, live, leafId: state.leafId === undefined ? undefined : named(state.leafId) };
}

export function withRun(state: ConversationState, messageId: string, run: LiveRun): ConversationState {
  return { ...state, live: new Map(state.live).set(messageId, run) };
}

/** Ends a run: what it made becomes the message. */
export function settleRun(
  state: ConversationState,
  messageId: string,
  facts: { readonly quantization?: string | undefined; readonly tuned?: boolean | undefined } = {},
): ConversationState {
  const run = state.live.get(messageId);
  const node = state.nodes.get(messageId);
  const live = new Map(state.live);
  live.delete(messageId);
  if (!run || !node) return { ...state, live };
  const nodes = new Map(state.nodes).set(messageId, { ...node, ...settled(run, node, facts) });
  const question = node.parentId == null ? undefined : nodes.get(node.parentId);
  if (question && run.label && !question.label) nodes.set(question.id, { ...question, label: run.label });
  return { ...state, live, nodes };
}

const statusByWhy: Readonly<Record<string, Message['status']>> = {
  stop: 'complete',
  length: 'complete',
  tool: 'complete',
  cancelled: 'stopped',
  failed: 'failed',
};

function settled(
  run: LiveRun,
  node: ChatNode,
  facts: { readonly quantization?: string | undefined; readonly tuned?: boolean | undefined },
): Partial<ChatNode> {
  const use = run.usage;
  const why = run.why ?? 'failed';
  return {
    content: run.base + run.text,
    thinking: run.thinking || (node.thinking ?? null),
    thinkingMs: run.thinkingMs ?? node.thinkingMs ?? null,
    status: statusByWhy[why] ?? 'failed',
    endedBy: why,
    error: run.error ?? null,
    label: run.label ?? node.label ?? null,
    runId: run.runId ?? null,
    usage: use
      ? {
          promptTokens: use.promptTokens,
          cachedPromptTokens: use.cachedPromptTokens,
          completionTokens: use.completionTokens,
          timeToFirstTokenMs: use.timeToFirstTokenMs ?? 0,
          tokensPerSecond: use.generationMs > 0 ? (use.completionTokens * 1000) / use.generationMs : 0,
          contextTokens: use.contextUsedTokens,
        }
      : (node.usage ?? null),
    provenance: provenanceOf(run, facts) ?? node.provenance ?? null,
  };
}

/** Where the answer was computed, as its events told it; nothing is claimed without them. */
function provenanceOf(
  { usage, model, site, routed }: LiveRun,
  facts: { readonly quantization?: string | undefined; readonly tuned?: boolean | undefined },
): Provenance | undefined {
  if (!usage || !model || (site !== 'local' && !routed)) return undefined;
  return {
    model,
    tier: routed?.tier ?? 'embedded',
    quantization: facts.quantization ?? '',
    tuned: facts.tuned ?? false,
    bytesSent: usage.bytesSent,
    ...(routed
      ? {
          destinationId: routed.destinationId,
          decisionId: routed.decisionId ?? null,
          masked: routed.masked ?? null,
          fellBackFrom: routed.fellBackFrom ?? null,
        }
      : {}),
  };
}

/** Without a message and all below it; looks at the parent when the branch in view went. */
export function withoutMessage(state: ConversationState, id: string): ConversationState {
  const gone = subtreeIds(state.nodes, id);
  const parent = state.nodes.get(id)?.parentId ?? undefined;
  const nodes = new Map([...state.nodes].filter(([nodeId]) => !gone.has(nodeId)));
  const lost = state.leafId !== undefined && gone.has(state.leafId);
  return { ...state, nodes, leafId: lost ? (parent ?? newestLeaf(nodes)) : state.leafId };
}
