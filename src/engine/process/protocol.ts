import type { Problem } from '../../base/index.ts';
import type { ChatMessage, EmbedResult, EngineCounters, EngineEvent, GenerateRequest, LoadPhase } from '../types.ts';

/** How an engine process opens its model. Sent once, first. */
export interface StartOptions {
  /** Path of the GGUF file; the first part of a split one. */
  readonly file: string;
  /** `generation` or `embedding`: an encoder is opened with pooling and no scheduler. */
  readonly purpose: 'generation' | 'embedding';
  /** KV cells shared by all sequences. */
  readonly contextTokens: number;
  /** Answers generated at the same time. */
  readonly parallel: number;
  readonly threads: number;
  readonly queueLimit: number;
  /** Only predict the memory (`no_alloc`), answer `predicted`, and end. */
  readonly dryRun?: boolean;
}

/** What a request carries to the process: everything but the model, which is the process itself. */
export type ProcessGenerateRequest = Omit<GenerateRequest, 'model'>;

/** Gateway → engine process, over Node's IPC channel with `serialization: 'advanced'`. The process never opens a socket. */
export type ToProcess =
  | { readonly type: 'start'; readonly options: StartOptions }
  | { readonly type: 'generate'; readonly id: number; readonly request: ProcessGenerateRequest }
  | {
      readonly type: 'embed';
      readonly id: number;
      readonly inputs: readonly (string | readonly number[])[];
      readonly fairKey: string;
    }
  | {
      readonly type: 'tokenize';
      readonly id: number;
      readonly text: string;
      readonly addSpecial: boolean;
      readonly parseSpecial: boolean;
    }
  | { readonly type: 'detokenize'; readonly id: number; readonly tokens: readonly number[] }
  | { readonly type: 'render'; readonly id: number; readonly messages: readonly ChatMessage[] }
  | { readonly type: 'cancel'; readonly id: number }
  | { readonly type: 'stop' };

/** Buffers as the library reports them, bytes. */
export interface MemoryParts {
  readonly weightsBytes: number;
  readonly kvBytes: number;
  readonly computeBytes: number;
  readonly outputBytes: number;
}

export interface ProcessState {
  readonly contextUsedTokens: number;
  readonly activeRequests: number;
  readonly queuedRequests: number;
  readonly counters: EngineCounters;
}

/** Engine process → gateway. All events of one step travel in one `step` message. */
export type FromProcess =
  | { readonly type: 'loading'; readonly phase: LoadPhase; readonly progress: number }
  | {
      readonly type: 'ready';
      readonly contextTokens: number;
      readonly contextTokensPerRequest: number;
      readonly memory: MemoryParts;
    }
  /** Sent every second while there is work: the process lives, and so many steps are done. */
  | { readonly type: 'alive'; readonly steps: number }
  | { readonly type: 'predicted'; readonly memory: MemoryParts }
  | {
      readonly type: 'step';
      readonly events: readonly (readonly [id: number, event: EngineEvent])[];
      readonly state: ProcessState;
    }
  | { readonly type: 'embedded'; readonly id: number; readonly result: EmbedResult }
  | {
      readonly type: 'tokenized';
      readonly id: number;
      readonly tokens: readonly { readonly token: number; readonly text: string; readonly bytes: readonly number[] }[];
    }
  | { readonly type: 'detokenized'; readonly id: number; readonly text: string }
  | { readonly type: 'rendered'; readonly id: number; readonly text: string; readonly tokens: readonly number[] }
  | { readonly type: 'failed'; readonly id: number; readonly problem: Problem }
  | { readonly type: 'cancelled'; readonly id: number }
  | { readonly type: 'fatal'; readonly problem: Problem };
