import { type IntramurosError, isIntramurosError } from '../../base/index.ts';
import type { EngineEvent } from '../../engine/index.ts';
import type { Usage, Why } from '../event.ts';
import { costMicros } from './estimate.ts';
import { priceOf } from './reserve.ts';
import { findLoaded } from './served.ts';
import type { Run } from './types.ts';

/** Counts a run as it passes, so that one that is cut has figures too. What is booked reads them from `run.spent`. */
export class Meter {
  readonly #run: Run;
  #thinkingTokens = 0;
  #done: Extract<EngineEvent, { type: 'done' }> | undefined;
  #promptAt: number | undefined;

  constructor(run: Run) {
    this.#run = run;
  }

  get done(): boolean {
    return this.#done !== undefined;
  }
  /** Whether the reader has had text or thinking: from then on there is no other place to ask. */
  get spoke(): boolean {
    return this.#run.spent.firstTokenMs !== undefined;
  }

  see(event: EngineEvent): void {
    const { spent, startedAt, rooms } = this.#run;
    if (event.type === 'delta') {
      spent.firstTokenMs ??= rooms.clock.monotonic() - startedAt;
      spent.completionTokens += event.tokens;
      if (event.kind === 'thinking') this.#thinkingTokens += event.tokens;
    } else if (event.type === 'prompt') {
      this.#promptAt = rooms.clock.monotonic();
      spent.promptTokens = event.promptTokens;
      spent.cachedPromptTokens = event.cachedTokens;
    } else if (event.type === 'finish' && event.choice === 0) spent.why = event.reason;
    else if (event.type === 'done') this.#finish(event);
  }

  fail(error: unknown, why: Why): void {
    const { spent } = this.#run;
    spent.why = why;
    if (why === 'failed' && isIntramurosError(error)) spent.failure = error as IntramurosError;
  }

  /** Begins again at another place: nothing of the one before was said. */
  restart(): void {
    const { spent } = this.#run;
    Object.assign(spent, {
      promptTokens: 0,
      cachedPromptTokens: 0,
      completionTokens: 0,
      failure: undefined,
      why: 'cancelled',
    });
    this.#promptAt = undefined;
  }

  usage(): Usage {
    const { rooms, startedAt, spent, target, by, decisionId } = this.#run;
    const now = rooms.clock.monotonic();
    const engine = this.#done?.usage ?? {
      promptTokens: spent.promptTokens,
      cachedPromptTokens: spent.cachedPromptTokens,
      completionTokens: spent.completionTokens,
      thinkingTokens: this.#thinkingTokens,
      queueMs: 0,
      promptMs: (this.#promptAt ?? now) - startedAt,
      generationMs: this.#promptAt === undefined ? 0 : now - this.#promptAt,
    };
    const price = priceOf(target);
    return {
      ...engine,
      timeToFirstTokenMs: spent.firstTokenMs,
      contextUsedTokens: engine.promptTokens + engine.completionTokens,
      contextTokens: findLoaded(rooms.engine, by.model)?.contextTokens ?? target?.model.contextTokens ?? 0,
      bytesSent: decisionId === undefined ? 0 : rooms.bytesOf(decisionId).sentBytes,
      ...(price && { costMicros: costMicros(price, engine), currency: price.currency }),
    };
  }

  /** The place's own count is the one that is booked. */
  #finish(event: Extract<EngineEvent, { type: 'done' }>): void {
    this.#done = event;
    if (this.#run.spent.why === 'cancelled') this.#run.spent.why = 'stop';
    const { promptTokens, cachedPromptTokens, completionTokens } = event.usage;
    Object.assign(this.#run.spent, { promptTokens, cachedPromptTokens, completionTokens });
  }
}
