import type { ChatMessage } from '../types.ts';

/** A piece of a rendered prompt. Untrusted text is tokenised without special tokens, whatever it contains. */
export interface PromptSegment {
  readonly text: string;
  /** True for what the template itself put there. */
  readonly trusted: boolean;
}

export interface RenderInput {
  /** The model's own chat template (Jinja). */
  readonly template: string;
  readonly bosText: string;
  readonly eosText: string;
  readonly messages: readonly ChatMessage[];
  readonly continueLast?: boolean;
  readonly thinking?: boolean;
}

/** How a family of models marks its thinking. */
export interface ThinkingTags {
  readonly open: string;
  readonly close: string;
  /** What opens an answer that had no thinking before it, where even that is marked. */
  readonly answer?: string;
}

export interface RenderedPrompt {
  readonly segments: readonly PromptSegment[];
  /** Tags between which the model thinks aloud, if its template knows any. */
  readonly thinkingTags: ThinkingTags | undefined;
  /** True when the template already opened the thinking, so the answer starts inside it. */
  readonly startsInThinking: boolean;
}

/** Splits generated text into thinking and answer, incrementally. Holds back only what may be part of a tag. */
export interface ThinkingSplitter {
  push(text: string): readonly { readonly kind: 'text' | 'thinking'; readonly text: string }[];
  flush(): readonly { readonly kind: 'text' | 'thinking'; readonly text: string }[];
}
