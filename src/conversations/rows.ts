import type { Label, LabelSource } from '../policy/index.ts';
import type { Conversation, Message } from './types.ts';

/** A row of the table `conversations`. */
export interface ConversationRow {
  readonly id: string;
  readonly owner_id: string;
  readonly title: string;
  readonly title_origin: Conversation['titleOrigin'];
  readonly model: string | null;
  readonly active_leaf_id: string | null;
  readonly message_count: number;
  readonly label: Label;
  readonly label_sources: readonly LabelSource[];
  readonly created_at: string;
  readonly updated_at: string;
}
export const conversationColumns =
  'c.id, c.owner_id, c.title, c.title_origin, c.model, c.active_leaf_id, c.message_count, c.label, c.label_sources, c.created_at, c.updated_at';

/** A row of the table `messages`. */
export interface MessageRow {
  readonly id: string;
  readonly conversation_id: string;
  readonly parent_id: string | null;
  readonly role: Message['role'];
  readonly content: string;
  readonly thinking: string | null;
  readonly thinking_ms: number | null;
  readonly status: Message['status'];
  readonly ended_by: string | null;
  readonly error: Message['error'] | null;
  readonly run_id: string | null;
  readonly usage: Message['usage'] | null;
  readonly provenance: Message['provenance'] | null;
  readonly label: Label;
  readonly label_sources: readonly LabelSource[];
  readonly created_at: string;
}
export const messageColumns =
  'm.id, m.conversation_id, m.parent_id, m.role, m.content, m.thinking, m.thinking_ms, m.status, m.ended_by, m.error, m.run_id, m.usage, m.provenance, m.label, m.label_sources, m.created_at';

export function toConversation(row: ConversationRow): Conversation {
  return {
    id: row.id,
    ownerId: row.owner_id,
    title: row.title,
    titleOrigin: row.title_origin,
    model: row.model ?? undefined,
    activeLeafId: row.active_leaf_id ?? undefined,
    messageCount: row.message_count,
    label: row.label,
    labelSources: row.label_sources,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

// Answers from before there were places were all computed on this machine.
const here = {
  destinationId: 'embedded',
  destinationTitle: 'Intramuros',
  country: null,
  decisionId: null,
  costMicros: null,
  currency: null,
} as const;

export function toMessage(row: MessageRow): Message {
  return {
    id: row.id,
    conversationId: row.conversation_id,
    parentId: row.parent_id ?? undefined,
    role: row.role,
    content: row.content,
    thinking: row.thinking ?? undefined,
    thinkingMs: row.thinking_ms ?? undefined,
    status: row.status,
    endedBy: row.ended_by ?? undefined,
    error: row.error ?? undefined,
    runId: row.run_id ?? undefined,
    usage: row.usage ?? undefined,
    provenance: row.provenance ? { ...here, ...row.provenance } : undefined,
    label: row.label,
    labelSources: row.label_sources,
    createdAt: row.created_at,
  };
}
