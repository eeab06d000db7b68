import { IntramurosError, toProblem } from '../../base/index.ts';
import type { EngineEvent, GenerateRequest } from '../../engine/index.ts';
import type { Event, Usage, Why } from '../event.ts';
import { within } from '../release.ts';
import { graceMs, type Scope } from '../scope.ts';
import { whyStopped } from '../usage.ts';
import { findLoaded, sentForAnswers } from './served.ts';
import type { Run, Step } from './types.ts';

/** Asks the engine and puts what it reports into the events of a run. The last step: ends with the `close`. */
export const generate: Step = {
  name: 'generate',
  async *run(run, scope) {
    const meter = new Meter(run);
    const began = run.rooms.clock.monotonic();
    try {
      await using engineScope = scope.child({ name: 'engine', graceMs });
      const request = toRequest(run);
      for await (const event of within(engineScope, (signal) => run.rooms.engine.generate(request, { signal }))) {
        meter.see(event);
        const said = toEvent(event, run);
        if (said) yield said;
      }
      if (!meter.done) throw new IntramurosError('internal', 'The engine ended an answer without saying so.');
      run.record('generate', run.rooms.clock.monotonic() - began);
      yield { t: 'close', by: run.by, why: meter.why, use: meter.usage() };
    } catch (error) {
      run.record('generate', run.rooms.clock.monotonic() - began);
      yield closeFailed(error, run, scope, meter.usage());
    }
  },
};

function closeFailed(error: unknown, run: Run, scope: Scope, use: Usage): Event {
  const why = scope.stopped ? whyStopped(scope.reason) : 'failed';
  if (why === 'cancelled') return { t: 'close', by: run.by, why, use };
  const problem = toProblem(scope.stopped ? scope.reason : error);
  if (problem.code === 'internal') run.rooms.log.error({ err: error, run: run.id }, 'an answer failed');
  return { t: 'close', by: run.by, why, use, error: problem };
}

function toRequest({ turn, by, prompt }: Run): GenerateRequest {
  const { caller, input: _input, model: _model, ...how } = turn;
  if (!prompt) throw new IntramurosError('internal', 'The answer path has no prompt to ask.');
  return { ...how, model: by.model, prompt, fairKey: caller.id, isolationKey: caller.isolationKey };
}

function toEvent(event: EngineEvent, { by }: Run): Event | undefined {
  switch (event.type) {
    case 'queued':
      return { t: 'note', by, kind: 'queued', data: { ahead: event.ahead } };
    case 'loading':
      return {
        t: 'note',
        by,
        kind: 'loading',
        data: { model: by.model, phase: event.phase, progress: event.progress },
      };
    case 'prompt': {
      const { promptTokens, cachedTokens, tokens } = event;
      return { t: 'note', by, kind: 'prompt', data: { promptTokens, cachedTokens, ...(tokens && { tokens }) } };
    }
    case 'delta': {
      const { choice, text: s, logprobs: lp } = event;
      if (event.kind === 'thinking') return { t: 'think', by, s, choice };
      return { t: 'text', by, s, out: true, choice, ...(lp && { lp }) };
    }
    case 'thinking-end':
      return { t: 'note', by, kind: 'thought', data: { durationMs: event.durationMs } };
    case 'finish': {
      const { choice, reason: why, stopSequence } = event;
      return { t: 'finish', by, choice, why, ...(stopSequence !== undefined && { stopSequence }) };
    }
    case 'done':
      return undefined;
    default:
      return event satisfies never;
  }
}

/** Counts a run as it passes, so that one that is cut has figures too. */
class Meter {
  readonly #run: Run;
  readonly #counted = { promptTokens: 0, cachedPromptTokens: 0, completionTokens: 0, thinkingTokens: 0 };
  #done: Extract<EngineEvent, { type: 'done' }> | undefined;
  #promptAt: number | undefined;
  #firstAt: number | undefined;
  why: Why = 'stop';

  constructor(run: Run) {
    this.#run = run;
  }

  get done(): boolean {
    return this.#done !== undefined;
  }

  see(event: EngineEvent): void {
    if (event.type === 'delta') {
      this.#firstAt ??= this.#run.rooms.clock.monotonic();
      this.#counted.completionTokens += event.tokens;
      if (event.kind === 'thinking') this.#counted.thinkingTokens += event.tokens;
    } else if (event.type === 'prompt') {
      this.#promptAt = this.#run.rooms.clock.monotonic();
      this.#counted.promptTokens = event.promptTokens;
      this.#counted.cachedPromptTokens = event.cachedTokens;
    } else if (event.type === 'finish' && event.choice === 0) this.why = event.reason;
    else if (event.type === 'done') this.#done = event;
  }

  usage(): Usage {
    const { rooms, startedAt, sentBefore, model } = this.#run;
    const now = rooms.clock.monotonic();
    const engine = this.#done?.usage ?? {
      ...this.#counted,
      queueMs: 0,
      promptMs: (this.#promptAt ?? now) - startedAt,
      generationMs: this.#promptAt === undefined ? 0 : now - this.#promptAt,
    };
    return {
      ...engine,
      timeToFirstTokenMs: this.#firstAt === undefined ? undefined : this.#firstAt - startedAt,
      contextUsedTokens: engine.promptTokens + engine.completionTokens,
      contextTokens: findLoaded(rooms.engine, this.#run.by.model)?.contextTokens ?? model?.contextTokens ?? 0,
      bytesSent: sentForAnswers(rooms.egressTotals()) - sentBefore,
    };
  }
}
