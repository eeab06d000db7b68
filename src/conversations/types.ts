/** A conversation is a tree of messages: editing a question or asking again makes a sibling, nothing is overwritten. */
export interface Conversation {
  readonly id: string;
  readonly title: string;
  /** `auto`: made from the first question; `person`: given by its owner. */
  readonly titleOrigin: 'auto' | 'person';
  readonly model: string | undefined;
  /** Leaf of the branch last looked at. */
  readonly activeLeafId: string | undefined;
  readonly messageCount: number;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export type MessageStatus = 'complete' | 'generating' | 'stopped' | 'failed' | 'interrupted';

/** Where an answer was computed, and what left the machine for it. */
export interface Provenance {
  readonly model: string;
  readonly tier: 'embedded';
  readonly quantization: string;
  readonly tuned: boolean;
  readonly bytesSent: number;
}

export interface MessageUsage {
  readonly promptTokens: number;
  readonly cachedPromptTokens: number;
  readonly completionTokens: number;
  readonly timeToFirstTokenMs: number;
  readonly tokensPerSecond: number;
  readonly contextTokens: number;
}

export interface Message {
  readonly id: string;
  readonly conversationId: string;
  readonly parentId: string | undefined;
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
  readonly thinking: string | undefined;
  readonly thinkingMs: number | undefined;
  readonly status: MessageStatus;
  /** Why an answer ended: `stop`, `length`, `cancelled`, `failed`. */
  readonly endedBy: string | undefined;
  readonly error: { readonly code: string; readonly message: string } | undefined;
  readonly runId: string | undefined;
  readonly usage: MessageUsage | undefined;
  readonly provenance: Provenance | undefined;
  readonly createdAt: string;
}
