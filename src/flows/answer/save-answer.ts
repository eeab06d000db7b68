import { IntramurosError, type Problem, toProblem } from '../../base/index.ts';
import type { AnswerEnd, MessageUsage, Provenance } from '../../conversations/index.ts';
import type { Event, Usage, Why } from '../event.ts';
import type { Scope } from '../scope.ts';
import { noUsage, whyStopped } from '../usage.ts';
import { isServedTuned } from './served.ts';
import type { Run, Step, Target } from './types.ts';

type Close = Extract<Event, { t: 'close' }>;

/** Saves the answer about every second while it grows, and whole before its `close` is said, however it ends. */
export const saveAnswer: Step = {
  name: 'save-answer',
  async *run(run, scope, next) {
    if (!run.begun) {
      yield* next();
      return;
    }
    const keeper = new Keeper(run, scope);
    try {
      for await (const event of next()) {
        if (event.t === 'close') yield await keeper.close(event);
        else {
          keeper.add(event);
          yield event;
        }
      }
    } catch (error) {
      await keeper.fail(error);
      throw error;
    } finally {
      await keeper.abandon();
    }
  },
};

/** Holds what an answer has so far, and writes it: one write at a time, never in the way of the tokens. */
class Keeper {
  readonly #run: Run;
  readonly #scope: Scope;
  readonly #messageId: string;
  #content = '';
  #thinking: string | undefined;
  #thinkingMs: number | undefined;
  #thinkingSince: number | undefined;
  #savedAt: number;
  #saving: Promise<void> | undefined;
  #savesMs = 0;
  #ended = false;

  constructor(run: Run, scope: Scope) {
    this.#run = run;
    this.#scope = scope;
    this.#messageId = run.begun?.messageId ?? '';
    this.#savedAt = run.rooms.clock.monotonic();
    const last = run.begun?.history.at(-1);
    if (last?.id !== this.#messageId || last.content === '') return;
    this.#content = last.content;
    this.#thinking = last.thinking;
    this.#thinkingMs = last.thinkingMs;
  }

  add(event: Event): void {
    if (event.t === 'think' && event.choice === 0) {
      this.#thinkingSince ??= this.#run.rooms.clock.monotonic();
      this.#thinking = (this.#thinking ?? '') + event.s;
    } else if (event.t === 'text' && event.out && event.choice === 0) this.#content += event.s;
    else if (event.t === 'note' && event.kind === 'thought') this.#thinkingMs = event.data.durationMs;
    else return;
    if (this.#saving === undefined && this.#now() - this.#savedAt >= this.#run.saveEveryMs) this.#saving = this.#save();
  }

  /** Saves the end; a `close` that could not be saved becomes a failed one, as nobody may believe it was kept. */
  async close(event: Close): Promise<Close> {
    this.#ended = true;
    try {
      await this.#finish(event.why, event.use, event.error);
      return event;
    } catch (error) {
      this.#run.rooms.log.error({ err: error, run: this.#run.id }, 'an answer could not be saved');
      return { ...event, why: 'failed', error: event.error ?? toProblem(error) };
    }
  }

  /** A step failed: what there is is kept. */
  async fail(error: unknown): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.#finish('failed', noUsage, toProblem(error));
  }

  /** The reader left: what there is is kept. */
  async abandon(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    const stopped = this.#scope.stopped ? whyStopped(this.#scope.reason) : 'cancelled';
    await this.#finish(stopped, this.#run.usage?.() ?? noUsage, undefined);
  }

  #now(): number {
    return this.#run.rooms.clock.monotonic();
  }

  async #save(): Promise<void> {
    const before = this.#now();
    try {
      const soFar = { content: this.#content, thinking: this.#thinking };
      const there = await this.#run.rooms.conversations.of(this.#run.caller.who.personId).grow(this.#messageId, soFar);
      if (!there) this.#scope.stop(new IntramurosError('cancelled', 'The message of this answer was deleted.'));
    } catch (error) {
      // Not the end of the answer: the last save decides, and tells the reader.
      this.#run.rooms.log.warn({ err: error, run: this.#run.id }, 'an answer could not be saved on its way');
    }
    this.#savedAt = this.#now();
    this.#savesMs += this.#savedAt - before;
    this.#saving = undefined;
  }

  async #finish(why: Why, use: Usage, error: Problem | undefined): Promise<void> {
    await this.#saving;
    const before = this.#now();
    if (this.#thinkingMs === undefined && this.#thinkingSince !== undefined) {
      this.#thinkingMs = before - this.#thinkingSince; // cut while it thought
    }
    const mine = this.#run.rooms.conversations.of(this.#run.caller.who.personId);
    await mine.finish(this.#messageId, this.#end(why, use, error));
    this.#run.record('save-answer', this.#savesMs + this.#now() - before);
  }

  #end(why: Why, use: Usage, error: Problem | undefined): AnswerEnd {
    return {
      content: this.#content,
      thinking: this.#thinking,
      thinkingMs: this.#thinkingMs,
      status: error ? 'failed' : why === 'cancelled' || why === 'timeout' ? 'stopped' : 'complete',
      endedBy: why,
      error: error && { code: error.code, message: error.message, facts: error.facts },
      usage: toMessageUsage(use),
      provenance: provenanceOf(this.#run, use),
    };
  }
}

function toMessageUsage(use: Usage): MessageUsage | undefined {
  if (use.promptTokens === 0) return undefined;
  return {
    promptTokens: use.promptTokens,
    cachedPromptTokens: use.cachedPromptTokens,
    completionTokens: use.completionTokens,
    timeToFirstTokenMs: use.timeToFirstTokenMs ?? 0,
    tokensPerSecond: use.generationMs > 0 ? (use.completionTokens * 1000) / use.generationMs : 0,
    contextTokens: use.contextUsedTokens,
  };
}

function provenanceOf(run: Run, use: Usage): Provenance | undefined {
  const { target, decisionId } = run;
  if (!target || decisionId === undefined) return undefined; // it was sent nowhere
  const { destination } = target;
  return {
    model: target.model.id,
    tier: destination.tier,
    destinationId: destination.id,
    destinationTitle: destination.title,
    country: destination.country ?? null,
    decisionId,
    ...weightsOf(run, target),
    bytesSent: use.bytesSent,
    costMicros: use.costMicros ?? null,
    currency: use.currency ?? null,
    ...(run.masked && { masked: run.masked.counts }),
    ...(run.fellBackFrom !== undefined && { fellBackFrom: run.fellBackFrom }),
  };
}

/** How the weights are stored: known of models here only. */
function weightsOf(run: Run, target: Target): Pick<Provenance, 'quantization' | 'tuned'> {
  if (target.kind === 'upstream') return { quantization: '', tuned: false };
  const { model } = target;
  const tuned = isServedTuned(run.rooms.engine, model);
  const quantization = tuned ? (model.tuned?.quantization ?? model.quantization) : model.quantization;
  return { quantization, tuned };
}
