import type { ErrorFacts } from '../base/index.ts';
import type { Label, LabelSource, Tier } from '../policy/index.ts';

/** A conversation is a tree of messages: editing a question or asking again makes a sibling, nothing is overwritten. */
export interface Conversation {
  readonly id: string;
  /** Person whose it is: nobody else finds it. */
  readonly ownerId: string;
  readonly title: string;
  /** `auto`: made from the first question; `person`: given by its owner. */
  readonly titleOrigin: 'auto' | 'person';
  readonly model: string | undefined;
  /** Leaf of the branch last looked at. */
  readonly activeLeafId: string | undefined;
  readonly messageCount: number;
  /** High-water mark: never below the label of anything that was ever said in it. */
  readonly label: Label;
  readonly labelSources: readonly LabelSource[];
  readonly createdAt: string;
  readonly updatedAt: string;
}

export type MessageStatus = 'complete' | 'generating' | 'stopped' | 'failed' | 'interrupted';

/** Where an answer was computed, and what left the machine for it. */
export interface Provenance {
  readonly model: string;
  readonly tier: Tier;
  readonly destinationId: string;
  readonly destinationTitle: string;
  readonly country: string | null;
  /** Of the decision that let it go there. */
  readonly decisionId: string | null;
  readonly quantization: string;
  readonly tuned: boolean;
  readonly bytesSent: number;
  /** What it cost, in micro-units of `currency`; null where nothing is charged. */
  readonly costMicros: number | null;
  readonly currency: string | null;
  /** Where names and identifiers were replaced on the way: how many different ones, by kind. */
  readonly masked?: Readonly<Record<string, number>>;
  /** Model that was asked for and did not answer; absent where the one asked for did. */
  readonly fellBackFrom?: string;
}

export interface MessageUsage {
  readonly promptTokens: number;
  readonly cachedPromptTokens: number;
  readonly completionTokens: number;
  readonly timeToFirstTokenMs: number;
  readonly tokensPerSecond: number;
  readonly contextTokens: number;
}

/** Why an answer failed. */
export interface MessageError {
  readonly code: string;
  readonly message: string;
  readonly facts?: ErrorFacts;
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
  readonly error: MessageError | undefined;
  readonly runId: string | undefined;
  readonly usage: MessageUsage | undefined;
  readonly provenance: Provenance | undefined;
  /** What this message itself is; an answer has the join of all that its model saw. */
  readonly label: Label;
  readonly labelSources: readonly LabelSource[];
  readonly createdAt: string;
}
