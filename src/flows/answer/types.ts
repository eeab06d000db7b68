import type { Clock, Logger } from '../../base/index.ts';
import type { AnswerTarget, BegunAnswer, Conversations } from '../../conversations/index.ts';
import type { EgressTotal } from '../../egress/index.ts';
import type { EmbedRequest, EmbedResult, Engine, GenerateRequest, PromptInput } from '../../engine/index.ts';
import type { InstalledModel, ModelLibrary } from '../../models/index.ts';
import type { By, Event } from '../event.ts';
import type { Scope } from '../scope.ts';
import type { Stream } from '../types.ts';

/** Who asks. */
export interface Caller {
  /** The engine's queue is fair between ids. */
  readonly id: string;
  /** Cached prompts are shared only within one key. */
  readonly isolationKey: string;
}

/** One question, whatever dialect it came in. */
export interface Turn extends Omit<GenerateRequest, 'model' | 'prompt' | 'fairKey' | 'isolationKey'> {
  readonly caller: Caller;
  /** Absent: the conversation's own, else the default one. */
  readonly model?: string | undefined;
  readonly input:
    | PromptInput
    | {
        /** The answer belongs into a stored conversation; the model sees the branch from its root to the question. */
        readonly kind: 'conversation';
        readonly target: AnswerTarget;
        /** For models whose template can switch thinking. */
        readonly thinking?: boolean;
      };
}

/** How long a step of the answer path took. */
export interface StepTime {
  readonly name: string;
  readonly ms: number;
}

/** The one way to an answer: page, CLI and every dialect go through it. */
export interface Answers {
  /** Nothing starts before the stream is read. Failures, also of the turn itself, are in its `close`. */
  answer(
    turn: Turn,
    scope?: Scope,
    options?: { readonly runId?: string; readonly onStep?: (step: StepTime) => void },
  ): Stream;
  embed(request: EmbedRequest, options?: { readonly signal?: AbortSignal }): Promise<EmbedResult>;
}

export interface AnswersOptions {
  readonly engine: Engine;
  readonly library: Pick<ModelLibrary, 'get' | 'list'>;
  readonly conversations: Conversations;
  readonly log: Logger;
  readonly clock?: Clock;
  /** The ledger of what left the machine. */
  readonly egressTotals: () => readonly EgressTotal[];
  readonly defaultModel?: string | undefined;
  /** Told the time of every step of every run: for metrics. */
  readonly onStep?: (name: string, ms: number) => void;
  /** How often a growing answer is saved; default 1,000 ms. */
  readonly saveEveryMs?: number;
}

/** One run on its way through the steps; each adds what it found. */
export interface Run {
  readonly id: string;
  readonly turn: Turn;
  readonly rooms: Required<
    Pick<AnswersOptions, 'engine' | 'library' | 'conversations' | 'log' | 'clock' | 'egressTotals'>
  > &
    Pick<AnswersOptions, 'defaultModel'>;
  readonly saveEveryMs: number;
  readonly startedAt: number;
  /** Bytes that had left the machine when the run began. */
  readonly sentBefore: number;
  by: By;
  model: InstalledModel | undefined;
  begun: BegunAnswer | undefined;
  prompt: PromptInput | undefined;
  /** Runs a piece of a step and tells how long it took. */
  timed<T>(step: string, work: () => Promise<T>): Promise<T>;
  record(step: string, ms: number): void;
}

/** A step: does its part, then passes the events of the steps after it on, or changes them. */
export interface Step {
  readonly name: string;
  run(run: Run, scope: Scope, next: () => AsyncIterable<Event>): AsyncIterable<Event>;
}
