import type { Label } from '../policy/index.ts';
import type { Box } from './box.ts';
import type { Conversation, Message } from './types.ts';

/** A row of the table `conversations`. */
export interface ConversationRow {
  readonly id: string;
  readonly owner_id: string;
  readonly sealed_title: string | null;
  readonly title_origin: Conversation['titleOrigin'];
  readonly model: string | null;
  readonly active_leaf_id: string | null;
  readonly message_count: number;
  readonly label: Label;
  readonly sealed_sources: string | null;
  readonly created_at: string;
  readonly updated_at: string;
}
export const conversationColumns =
  'c.id, c.owner_id, c.sealed_title, c.title_origin, c.model, c.active_leaf_id, c.message_count, c.label, c.sealed_sources, c.created_at, c.updated_at';

/** A row of the table `messages`. */
export interface MessageRow {
  readonly id: string;
  readonly conversation_id: string;
  readonly parent_id: string | null;
  readonly role: Message['role'];
  readonly sealed: string | null;
  readonly thinking_ms: number | null;
  readonly status: Message['status'];
  readonly ended_by: string | null;
  readonly sealed_error: string | null;
  readonly run_id: string | null;
  readonly usage: Message['usage'] | null;
  readonly provenance: Message['provenance'] | null;
  readonly label: Label;
  readonly sealed_sources: string | null;
  readonly created_at: string;
}
export const messageColumns =
  'm.id, m.conversation_id, m.parent_id, m.role, m.sealed, m.thinking_ms, m.status, m.ended_by, m.sealed_error, m.run_id, m.usage, m.provenance, m.label, m.sealed_sources, m.created_at';

/** @throws {IntramurosError} `key_destroyed`, `key_unavailable`. */
export function toConversation(box: Box, row: ConversationRow): Conversation {
  return {
    id: row.id,
    ownerId: row.owner_id,
    title: box.openTitle(row.id, row.sealed_title),
    titleOrigin: row.title_origin,
    model: row.model ?? undefined,
    activeLeafId: row.active_leaf_id ?? undefined,
    messageCount: row.message_count,
    label: row.label,
    labelSources: box.openSources('conversations', row.id, row.sealed_sources),
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

/** @throws {IntramurosError} `key_destroyed`, `key_unavailable`. */
export function toMessage(box: Box, row: MessageRow): Message {
  const { content, thinking } = box.openText(row.id, row.sealed);
  return {
    id: row.id,
    conversationId: row.conversation_id,
    parentId: row.parent_id ?? undefined,
    role: row.role,
    content,
    thinking,
    thinkingMs: row.thinking_ms ?? undefined,
    status: row.status,
    endedBy: row.ended_by ?? undefined,
    error: box.openError(row.id, row.sealed_error),
    runId: row.run_id ?? undefined,
    usage: row.usage ?? undefined,
    provenance: row.provenance ? { ...here, ...row.provenance } : undefined,
    label: row.label,
    labelSources: box.openSources('messages', row.id, row.sealed_sources),
    createdAt: row.created_at,
  };
}
