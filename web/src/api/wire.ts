/**
 * What the page reads from the native HTTP contract. Declared here on its own: the page knows the wire and nothing of the
 * server's modules.
 */
import type { Label, Routed, Tier } from './wire-policy.ts';

export type MessageStatus = 'complete' | 'generating' | 'stopped' | 'failed' | 'interrupted';

export interface Provenance {
  readonly model: string;
  readonly tier: Tier;
  readonly quantization: string;
  readonly tuned: boolean;
  readonly bytesSent: number;
  readonly destinationId?: string | null;
  readonly destinationTitle?: string | null;
  readonly country?: string | null;
  readonly decisionId?: string | null;
  readonly costMicros?: number | null;
  readonly currency?: string | null;
  /** Where names and identifiers were replaced on the way: how many different ones, by kind. */
  readonly masked?: Readonly<Record<string, number>> | null;
  /** Model that was asked for and did not answer. */
  readonly fellBackFrom?: string | null;
}

export interface MessageUsage {
  readonly promptTokens: number;
  readonly cachedPromptTokens: number;
  readonly completionTokens: number;
  readonly timeToFirstTokenMs: number;
  readonly tokensPerSecond: number;
  /** Tokens of context that the conversation then took. */
  readonly contextTokens: number;
}

export interface Message {
  readonly id: string;
  readonly conversationId: string;
  readonly parentId?: string | null;
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
  readonly thinking?: string | null;
  readonly thinkingMs?: number | null;
  readonly status: MessageStatus;
  readonly endedBy?: string | null;
  readonly error?: ProblemBody | null;
  readonly label?: Label | null;
  readonly runId?: string | null;
  readonly usage?: MessageUsage | null;
  readonly provenance?: Provenance | null;
  readonly createdAt: string;
}

export interface Conversation {
  readonly id: string;
  readonly title: string;
  readonly titleOrigin: 'auto' | 'person';
  readonly model?: string | null;
  readonly activeLeafId?: string | null;
  readonly messageCount: number;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly snippet?: string | null;
  readonly label?: Label | null;
  readonly ownerId?: string | null;
}

export interface ActiveRun {
  readonly runId: string;
  readonly messageId: string;
}

export type LoadPhase = 'evicting' | 'starting' | 'reading' | 'warming';

export interface Runtime {
  readonly state: 'loading' | 'ready' | 'unloading' | 'failed';
  readonly phase?: LoadPhase | null;
  readonly progress: number;
  readonly failure?: string | null;
  readonly residentBytes: number;
  readonly contextTokens: number;
  readonly contextUsedTokens: number;
  readonly activeRequests: number;
  readonly queuedRequests: number;
  readonly pinned: boolean;
  readonly tuned: boolean;
}

export interface TunedCopy {
  readonly quantization: string;
  readonly sizeBytes: number;
  readonly kld: number;
  readonly sameTopToken: number;
  readonly prefillTokensPerSecond: number;
  readonly decodeTokensPerSecond: number;
  readonly original: { readonly prefillTokensPerSecond: number; readonly decodeTokensPerSecond: number };
  readonly enabled: boolean;
}

export interface InstalledModel {
  readonly id: string;
  readonly title: string;
  readonly family?: string | null;
  readonly architecture: string;
  readonly parameterCount: number;
  readonly quantization: string;
  readonly bitsPerWeight: number;
  readonly sizeBytes: number;
  readonly contextTokens: number;
  readonly licence?: string | null;
  readonly languages: readonly string[];
  readonly capabilities: readonly string[];
  readonly origin: { readonly kind: string; readonly detail: string };
  readonly tuned?: TunedCopy | null;
  readonly installedAt: string;
  readonly runtime?: Runtime | null;
  readonly tier: 'embedded';
}

export interface CatalogueVariant {
  readonly quantization: string;
  readonly sizeBytes: number;
}

export interface CatalogueEntry {
  readonly id: string;
  readonly title: string;
  readonly publisher: string;
  readonly parameterCount: number;
  readonly activeParameterCount?: number | null;
  readonly contextTokens: number;
  readonly licence: string;
  readonly languages: readonly string[];
  readonly capabilities: readonly string[];
  readonly released: string;
  readonly variants: readonly CatalogueVariant[];
  readonly installed: boolean;
  readonly fit: 'fits' | 'tight' | 'too-large';
  readonly bestVariant?: CatalogueVariant | string | null;
}

export interface Status {
  readonly version: string;
  readonly language: 'auto' | 'fr' | 'en';
  readonly reach: {
    readonly outside: readonly unknown[];
    readonly offline: boolean;
    readonly bytesSent: number;
    readonly bytesReceived: number;
  };
  readonly machine: {
    readonly cpu: string;
    readonly cores: number;
    readonly memoryBytes: number;
    readonly freeMemoryBytes: number;
  };
  readonly defaultModel?: string | null;
  readonly setup: {
    readonly state: 'ready' | 'working' | 'failed';
    readonly words?: string | null;
    readonly progress?: number | null;
  };
}

export type PullEvent =
  | { readonly type: 'looking'; readonly source: string }
  | { readonly type: 'source-failed'; readonly source: string; readonly reason: string }
  | {
      readonly type: 'progress';
      readonly phase: 'downloading' | 'verifying' | 'unpacking' | 'converting';
      readonly source: string;
      readonly completedBytes: number;
      readonly totalBytes?: number | null;
      readonly bytesPerSecond: number;
    }
  | { readonly type: 'done'; readonly model: InstalledModel };

export interface Run {
  readonly id: string;
  readonly state: 'running' | 'closed';
  readonly steps: readonly { readonly name: string; readonly ms: number }[];
  readonly usage?: Partial<Usage> | null;
}

export interface Usage {
  readonly promptTokens: number;
  readonly cachedPromptTokens: number;
  readonly completionTokens: number;
  readonly thinkingTokens: number;
  readonly queueMs: number;
  readonly promptMs: number;
  readonly generationMs: number;
  readonly timeToFirstTokenMs?: number | null;
  readonly contextUsedTokens: number;
  readonly contextTokens: number;
  readonly bytesSent: number;
}

export interface By {
  readonly run: string;
  readonly step: string;
  readonly model: string;
  readonly site: string;
}

export interface ProblemBody {
  readonly code: string;
  readonly message: string;
  readonly facts?: Readonly<Record<string, unknown>>;
}

/** The events of a run that the page acts on; the stream may hold kinds of notes that it does not know yet. */
export type RunEvent =
  | { readonly t: 'open'; readonly by: By; readonly at: number; readonly label?: Label }
  | { readonly t: 'note'; readonly by: By; readonly kind: 'queued'; readonly data: { readonly ahead: number } }
  | {
      readonly t: 'note';
      readonly by: By;
      readonly kind: 'loading';
      readonly data: { readonly model: string; readonly phase: LoadPhase; readonly progress: number };
    }
  | {
      readonly t: 'note';
      readonly by: By;
      readonly kind: 'prompt';
      readonly data: { readonly promptTokens: number; readonly cachedTokens: number };
    }
  | { readonly t: 'note'; readonly by: By; readonly kind: 'thought'; readonly data: { readonly durationMs: number } }
  | {
      readonly t: 'note';
      readonly by: By;
      readonly kind: 'stored';
      readonly data: {
        readonly conversationId: string;
        readonly userMessageId?: string;
        readonly messageId: string;
        readonly title?: string;
        readonly baseLength?: number;
      };
    }
  | { readonly t: 'note'; readonly by: By; readonly kind: 'routed'; readonly data: Routed }
  | { readonly t: 'note'; readonly by: By; readonly kind: 'other'; readonly data: unknown }
  | { readonly t: 'think'; readonly by: By; readonly s: string; readonly choice: number }
  | { readonly t: 'text'; readonly by: By; readonly s: string; readonly out: boolean; readonly choice: number }
  | { readonly t: 'finish'; readonly by: By; readonly choice: number; readonly why: string }
  | {
      readonly t: 'close';
      readonly by: By;
      readonly why: string;
      readonly use: Usage;
      readonly error?: ProblemBody | null;
    };

export type AnswerRequest =
  | {
      readonly kind: 'ask';
      readonly parentId: string | null;
      readonly content: string;
      readonly model?: string;
      readonly label?: Label;
    }
  | { readonly kind: 'regenerate'; readonly messageId: string; readonly model?: string }
  | { readonly kind: 'continue'; readonly messageId: string };
