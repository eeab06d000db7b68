/** How the next token is chosen. What is absent takes the model's own default, else the engine's. */
export interface SamplingOptions {
  /** 0 is greedy. */
  readonly temperature?: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly minP?: number;
  readonly repeatPenalty?: number;
  /** How many last tokens the penalties look at; -1 is the whole context. */
  readonly repeatLastN?: number;
  readonly frequencyPenalty?: number;
  readonly presencePenalty?: number;
  readonly seed?: number;
  /** Added to the logits, by token id. */
  readonly logitBias?: Readonly<Record<string, number>>;
}

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
  /** What an assistant thought before it answered; templates that replay thinking get it. */
  readonly thinking?: string;
}

export type PromptInput =
  | {
      readonly kind: 'chat';
      readonly messages: readonly ChatMessage[];
      /** True to go on with the last assistant message instead of opening a new one. */
      readonly continueLast?: boolean;
      /** For models whose template can switch thinking; absent is the template's default. */
      readonly thinking?: boolean;
    }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'tokens'; readonly tokens: readonly number[] };

export interface GenerateRequest {
  /** Id of an installed model. */
  readonly model: string;
  readonly prompt: PromptInput;
  readonly sampling?: SamplingOptions;
  /** Most tokens to generate, thinking included; absent: until the context is full. 0 only evaluates the prompt. */
  readonly maxTokens?: number;
  readonly stop?: readonly string[];
  /** Independent answers to one prompt, which share one prefill (`n` of the OpenAI API). */
  readonly choices?: number;
  /** How many alternatives to report with each token's log-probability: 0 is the chosen one only, absent is none. */
  readonly logprobs?: number;
  /** Report the prompt's own tokens with their log-probabilities (`echo`). */
  readonly promptLogprobs?: boolean;
  /** Go on past end-of-generation tokens: for benchmarks. */
  readonly ignoreEndOfText?: boolean;
  /** Who asks: the queue is fair between keys. */
  readonly fairKey: string;
  /** Prompts are shared in the KV cache only within one key, so that nobody can time another's cached prompt. */
  readonly isolationKey: string;
}

export interface TokenAlternative {
  readonly token: number;
  /** Text of the token; a token that is part of a character reads as U+FFFD here, exactly in `bytes`. */
  readonly text: string;
  readonly bytes: readonly number[];
  /** Natural logarithm of the probability before sampling transforms; -Infinity is sent as -9999. */
  readonly logprob: number;
}
export interface TokenLogprob extends TokenAlternative {
  readonly top: readonly TokenAlternative[];
}

export interface EngineUsage {
  readonly promptTokens: number;
  /** Of the prompt, found in the KV cache and not computed again. */
  readonly cachedPromptTokens: number;
  readonly completionTokens: number;
  readonly thinkingTokens: number;
  /** Time in the queue, then computing the prompt, then generating, milliseconds. */
  readonly queueMs: number;
  readonly promptMs: number;
  readonly generationMs: number;
  /** Set when an upstream gave no counts, or none that can be believed: token counts are then this side's estimate. */
  readonly estimated?: true;
}

/**
 * What a generation reports, in order: any `queued` and `loading`, one `prompt`, then for each choice `delta`s (thinking
 * before text) and one `finish`, then one `done`. A failure is thrown as an IntramurosError instead.
 */
export type EngineEvent =
  | { readonly type: 'queued'; readonly ahead: number }
  | { readonly type: 'loading'; readonly phase: LoadPhase; readonly progress: number }
  | {
      readonly type: 'prompt';
      readonly promptTokens: number;
      readonly cachedTokens: number;
      /** The prompt's tokens, when asked for; the first has logprob NaN as nothing precedes it. */
      readonly tokens?: readonly TokenLogprob[];
    }
  | {
      readonly type: 'delta';
      readonly choice: number;
      readonly kind: 'text' | 'thinking';
      readonly text: string;
      /** Tokens that this text came from. */
      readonly tokens: number;
      readonly logprobs?: readonly TokenLogprob[];
    }
  | { readonly type: 'thinking-end'; readonly choice: number; readonly durationMs: number }
  | {
      readonly type: 'finish';
      readonly choice: number;
      readonly reason: 'stop' | 'length';
      readonly stopSequence?: string;
    }
  | { readonly type: 'done'; readonly usage: EngineUsage };

export type LoadPhase = 'evicting' | 'starting' | 'reading' | 'warming';

export interface EmbedRequest {
  readonly model: string;
  readonly inputs: readonly (string | readonly number[])[];
  readonly fairKey: string;
}
export interface EmbedResult {
  /** One unit-length vector an input. */
  readonly vectors: readonly Float32Array[];
  readonly promptTokens: number;
}

/** State of one model in the engine. */
export interface LoadedModel {
  readonly id: string;
  readonly state: 'loading' | 'ready' | 'unloading' | 'failed';
  readonly phase?: LoadPhase;
  /** 0 to 1 while loading. */
  readonly progress: number;
  /** Why it failed, in words. */
  readonly failure?: string;
  readonly pid: number | undefined;
  /** Resident memory of its process. */
  readonly residentBytes: number;
  /** Predicted by a dry allocation before the load. */
  readonly predictedBytes: number;
  readonly contextTokens: number;
  readonly contextUsedTokens: number;
  readonly activeRequests: number;
  readonly queuedRequests: number;
  readonly pinned: boolean;
  /** When it will be unloaded if nothing asks, milliseconds since the epoch; undefined while busy or pinned. */
  readonly expiresAt: number | undefined;
  /** File that is served: the tuned copy or the pulled one. */
  readonly file: string;
  readonly tuned: boolean;
  readonly counters: EngineCounters;
}

/** Totals since the process started: what benchmarks and metrics read. */
export interface EngineCounters {
  readonly requests: number;
  readonly promptTokens: number;
  readonly cachedPromptTokens: number;
  readonly computedPromptTokens: number;
  readonly generatedTokens: number;
  readonly decodeCalls: number;
  readonly cancelled: number;
}

/** Local inference. One process a model; a crash of one never takes another with it. */
export interface Engine extends AsyncDisposable {
  /**
   * Generates. Leaving the loop early or aborting stops the computation within one step.
   * @throws {IntramurosError} `model_not_found`, `model_load_failed`, `memory_insufficient`, `context_exceeded`, `queue_full`, `engine_crashed`.
   */
  generate(request: GenerateRequest, options?: { readonly signal?: AbortSignal }): AsyncIterable<EngineEvent>;
  embed(request: EmbedRequest, options?: { readonly signal?: AbortSignal }): Promise<EmbedResult>;
  tokenize(request: {
    readonly model: string;
    readonly text: string;
    readonly addSpecial?: boolean;
    readonly parseSpecial?: boolean;
  }): Promise<readonly { readonly token: number; readonly text: string; readonly bytes: readonly number[] }[]>;
  detokenize(request: { readonly model: string; readonly tokens: readonly number[] }): Promise<string>;
  /** The prompt as the model's own template renders it. */
  render(request: {
    readonly model: string;
    readonly messages: readonly ChatMessage[];
  }): Promise<{ readonly text: string; readonly tokens: readonly number[] }>;
  /** Loads a model and reports until it is ready; resolves at once when it is. */
  load(
    model: string,
    options?: { readonly signal?: AbortSignal; readonly pin?: boolean },
  ): AsyncIterable<{ readonly phase: LoadPhase; readonly progress: number }>;
  /** Ends the process of a model; open answers get an error event. */
  unload(model: string): Promise<void>;
  list(): readonly LoadedModel[];
  close(): Promise<void>;
}
