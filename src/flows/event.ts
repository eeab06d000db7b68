import type { Problem } from '../base/index.ts';
import type { LoadPhase, TokenLogprob } from '../engine/index.ts';
import type { Label, Tier } from '../policy/index.ts';

export type { Label } from '../policy/index.ts';

/** Which step, of which run, on which model and machine an event comes from. */
export interface By {
  readonly run: string;
  readonly parent?: string;
  readonly step: string;
  readonly model: string;
  readonly site: 'local' | string;
  readonly attempt: number;
}

export interface Usage {
  readonly promptTokens: number;
  readonly cachedPromptTokens: number;
  readonly completionTokens: number;
  readonly thinkingTokens: number;
  readonly queueMs: number;
  readonly promptMs: number;
  readonly generationMs: number;
  /** From the opening of the run to the first text or thinking. */
  readonly timeToFirstTokenMs: number | undefined;
  /** Tokens of context that the conversation now takes, and the most it may. */
  readonly contextUsedTokens: number;
  readonly contextTokens: number;
  /** Bytes that left this machine for the run. */
  readonly bytesSent: number;
  /** Where the model has a price: what the run cost, in micro-units of `currency`. */
  readonly costMicros?: number;
  readonly currency?: string;
}

/** Where a run went. */
export interface Routed {
  readonly model: string;
  readonly destinationId: string;
  readonly tier: Tier;
  readonly decisionId: string;
  /** Where names were replaced on the way: how many different ones, by kind. */
  readonly masked?: Readonly<Record<string, number>>;
  /** The model that was asked first and is down. */
  readonly fellBackFrom?: string;
}

export type Why = 'stop' | 'length' | 'tool' | 'cancelled' | 'failed' | 'denied' | 'budget' | 'timeout';

/** What a waiting or working run says about itself. */
export type Note =
  | { readonly kind: 'queued'; readonly data: { readonly ahead: number } }
  | {
      readonly kind: 'loading';
      readonly data: { readonly model: string; readonly phase: LoadPhase; readonly progress: number };
    }
  | {
      readonly kind: 'prompt';
      readonly data: {
        readonly promptTokens: number;
        readonly cachedTokens: number;
        readonly tokens?: readonly TokenLogprob[];
      };
    }
  | { readonly kind: 'thought'; readonly data: { readonly durationMs: number } }
  | {
      readonly kind: 'stored';
      readonly data: {
        readonly conversationId: string;
        readonly userMessageId?: string;
        readonly messageId: string;
        readonly title?: string;
        /** Characters the message already had: set when a cut answer goes on, so that a late reader knows where this run's text begins. */
        readonly baseLength?: number;
      };
    }
  | { readonly kind: 'routed'; readonly data: Routed }
  | {
      readonly kind: 'hedged' | 'rejected' | 'escalated' | 'chosen' | 'vote' | 'retry' | 'denied' | 'revised';
      readonly data: unknown;
    };

/**
 * The one typed stream that every answer is, whatever dialect asked. Order of a run: `open`, notes, then `think` and
 * `text` by choice, one `finish` a choice, and exactly one `close`, also after a failure.
 */
export type Event =
  | { readonly t: 'open'; readonly by: By; readonly label: Label; readonly at: number }
  | ({ readonly t: 'note'; readonly by: By } & Note)
  | { readonly t: 'think'; readonly by: By; readonly s: string; readonly choice: number }
  | {
      readonly t: 'text';
      readonly by: By;
      readonly s: string;
      /** Belongs to the answer, and not to an inner step. */
      readonly out: boolean;
      readonly choice: number;
      readonly lp?: readonly TokenLogprob[];
    }
  | {
      readonly t: 'finish';
      readonly by: By;
      readonly choice: number;
      readonly why: Why;
      readonly stopSequence?: string;
    }
  | { readonly t: 'close'; readonly by: By; readonly why: Why; readonly use: Usage; readonly error?: Problem };
