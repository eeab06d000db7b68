import type { EngineCounters, EngineEvent } from '../types.ts';
import type { TextDelta } from './answer-text.ts';
import type { Answer, Run } from './run.ts';

/** Where the scheduler reports to. All events of a step come in one call. */
export interface SchedulerSink {
  step(events: readonly (readonly [id: number, event: EngineEvent])[]): void;
  failed(id: number, error: unknown): void;
  cancelled(id: number): void;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Turns what happens to answers into events, in the order that `EngineEvent` promises, and counts. */
export class Reporter {
  readonly #sink: SchedulerSink;
  #events: (readonly [number, EngineEvent])[] = [];
  readonly counters: Mutable<EngineCounters> = {
    requests: 0,
    promptTokens: 0,
    cachedPromptTokens: 0,
    computedPromptTokens: 0,
    generatedTokens: 0,
    decodeCalls: 0,
    cancelled: 0,
  };

  constructor(sink: SchedulerSink) {
    this.#sink = sink;
  }

  /** Sends what came together since the last time. */
  flush(): void {
    if (this.#events.length === 0) return;
    const events = this.#events;
    this.#events = [];
    this.#sink.step(events);
  }

  queued(run: Run, ahead: number): void {
    if (run.ahead === ahead) return;
    run.ahead = ahead;
    this.#add(run, { type: 'queued', ahead });
  }

  prompt(run: Run): void {
    this.#add(run, {
      type: 'prompt',
      promptTokens: run.request.tokens.length,
      cachedTokens: run.cachedTokens ?? 0,
      ...(run.request.promptLogprobs ? { tokens: run.promptLogprobs } : {}),
    });
  }

  /** Reports pieces of text, and the end of the thinking before the first piece that is none. */
  text(answer: Answer, deltas: readonly TextDelta[], now: number): void {
    for (const delta of deltas) {
      if (delta.kind === 'thinking') answer.thinkingSince ??= now;
      else this.thinkingEnd(answer, now);
      answer.inThinking = delta.kind === 'thinking';
      this.#add(answer.run, {
        type: 'delta',
        choice: answer.choice,
        kind: delta.kind,
        text: delta.text,
        tokens: delta.tokens,
        ...(answer.run.request.logprobs === undefined ? {} : { logprobs: delta.logprobs }),
      });
    }
  }

  thinkingEnd(answer: Answer, now: number): void {
    if (answer.thinkingSince === undefined) return;
    this.#add(answer.run, { type: 'thinking-end', choice: answer.choice, durationMs: now - answer.thinkingSince });
    answer.thinkingSince = undefined;
  }

  finish(answer: Answer, reason: 'stop' | 'length', stopSequence: string | undefined): void {
    this.#add(answer.run, {
      type: 'finish',
      choice: answer.choice,
      reason,
      ...(stopSequence === undefined ? {} : { stopSequence }),
    });
  }

  done(run: Run, now: number): void {
    this.#add(run, { type: 'done', usage: run.usage(now) });
  }

  failed(run: Run, error: unknown): void {
    this.flush();
    this.#sink.failed(run.request.id, error);
  }

  cancelled(run: Run): void {
    this.counters.cancelled += 1;
    this.flush();
    this.#sink.cancelled(run.request.id);
  }

  #add(run: Run, event: EngineEvent): void {
    this.#events.push([run.request.id, event]);
  }
}
