import type { ThinkingSplitter } from '../template/index.ts';
import type { EngineUsage, SamplingOptions, TokenLogprob } from '../types.ts';
import { AnswerText } from './answer-text.ts';
import type { Sampler } from './backend.ts';
import type { Waiting } from './fair-queue.ts';
import type { Sequence } from './sequence-cache.ts';

/** A request as the scheduler sees it: token ids and rules. */
export interface SchedulerRequest {
  readonly id: number;
  readonly tokens: readonly number[];
  readonly sampling?: SamplingOptions;
  readonly maxTokens?: number;
  readonly stop?: readonly string[];
  readonly choices?: number;
  readonly logprobs?: number;
  readonly promptLogprobs?: boolean;
  readonly ignoreEndOfText?: boolean;
  readonly fairKey: string;
  readonly isolationKey: string;
  /** Tells thinking from answer, one splitter a choice; absent when the model does not think aloud. */
  readonly openSplitter?: () => ThinkingSplitter;
  readonly startsInThinking?: boolean;
}

/** A request in progress: what its answers have in common. */
export class Run {
  readonly request: SchedulerRequest;
  readonly answers: readonly Answer[];
  readonly submittedAt: number;
  admittedAt: number | undefined;
  promptDoneAt: number | undefined;
  cachedTokens: number | undefined;
  cancelled = false;
  /** Requests before it in the queue, as last reported. */
  ahead: number | undefined;
  readonly promptLogprobs: TokenLogprob[] = [];
  finished = 0;

  constructor(request: SchedulerRequest, now: number) {
    this.request = request;
    this.submittedAt = now;
    this.answers = Array.from({ length: request.choices ?? 1 }, (_, choice) => new Answer(this, choice));
  }

  usage(now: number): EngineUsage {
    const sum = (count: (answer: Answer) => number): number =>
      this.answers.reduce((total, answer) => total + count(answer), 0);
    const admittedAt = this.admittedAt ?? now;
    const promptDoneAt = this.promptDoneAt ?? now;
    return {
      promptTokens: this.request.tokens.length,
      cachedPromptTokens: this.cachedTokens ?? 0,
      completionTokens: sum((answer) => answer.generated),
      thinkingTokens: sum((answer) => answer.thinkingTokens),
      queueMs: admittedAt - this.submittedAt,
      promptMs: promptDoneAt - admittedAt,
      generationMs: now - promptDoneAt,
    };
  }
}

/** One of the answers to a request. */
export class Answer implements Waiting {
  readonly run: Run;
  readonly choice: number;
  readonly fairKey: string;
  /** The prompt and what was generated. */
  readonly tokens: number[];
  readonly text: AnswerText;
  sequence: Sequence | undefined;
  sampler: Sampler | undefined;
  generated = 0;
  firstTokenAt: number | undefined;
  thinkingTokens = 0;
  thinkingSince: number | undefined;
  inThinking: boolean;

  constructor(run: Run, choice: number) {
    const { request } = run;
    this.run = run;
    this.choice = choice;
    this.fairKey = request.fairKey;
    this.tokens = [...request.tokens];
    this.text = new AnswerText({ stops: request.stop ?? [], splitter: request.openSplitter?.() });
    this.inThinking = request.startsInThinking ?? false;
  }

  /** Tokens that stand in the text and are not computed yet. */
  get remaining(): number {
    return this.tokens.length - (this.sequence?.computed ?? 0);
  }
  /** True when the prompt is computed and each step brings a token. */
  get generating(): boolean {
    return this.sequence !== undefined && this.generated > 0 && this.remaining === 1;
  }
  /** True when the prompt's own probabilities are wanted: then all of it is computed, whatever is cached. */
  get echoes(): boolean {
    return this.choice === 0 && this.run.request.promptLogprobs === true && this.run.promptDoneAt === undefined;
  }
}
