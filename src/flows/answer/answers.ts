import { newId, systemClock } from '../../base/index.ts';
import type { GenerateRequest } from '../../engine/index.ts';
import type { Event } from '../event.ts';
import type { Scope } from '../scope.ts';
import { openStream } from '../stream.ts';
import { announce } from './announce.ts';
import { generate } from './generate.ts';
import { assertCapable, resolveModel } from './resolve-model.ts';
import { saveAnswer } from './save-answer.ts';
import { sentForAnswers } from './served.ts';
import { storeQuestion } from './store-question.ts';
import type { Answers, AnswersOptions, Run, Step, StepTime, Turn } from './types.ts';

/**
 * The way of one question, in order. A step is one file and one line here. Nothing is said to the reader between
 * `storeQuestion` and `saveAnswer`, so that a reader who leaves can never leave an answer without its keeper.
 */
export const steps: readonly Step[] = [resolveModel, storeQuestion, saveAnswer, announce, generate];

// A stop waits this long for the answer so far to be saved; the engine inside has the usual grace.
const saveGraceMs = 10_000;

/** Opens the answer path. */
export function openAnswers(options: AnswersOptions): Answers {
  const clock = options.clock ?? systemClock;
  const rooms = { ...options, clock };
  return {
    answer(turn, scope, { runId = newId('run'), onStep } = {}) {
      const by = { run: runId, step: 'answer', model: turn.model ?? '', site: 'local', attempt: 1 };
      const record = (name: string, ms: number): void => {
        options.onStep?.(name, ms);
        onStep?.({ name, ms } satisfies StepTime);
      };
      return openStream({
        by,
        scope,
        options: {
          name: runId,
          graceMs: saveGraceMs,
          report: (overrun) => options.log.warn({ ...overrun }, 'something did not stop in time'),
        },
        onFault: (error) => options.log.error({ err: error, run: runId }, 'an answer failed'),
        start: (own) => {
          const run: Run = {
            id: runId,
            turn,
            rooms,
            saveEveryMs: options.saveEveryMs ?? 1_000,
            startedAt: clock.monotonic(),
            sentBefore: sentForAnswers(options.egressTotals()),
            by,
            model: undefined,
            begun: undefined,
            prompt: undefined,
            record,
            async timed(step, work) {
              const before = clock.monotonic();
              try {
                return await work();
              } finally {
                record(step, clock.monotonic() - before);
              }
            },
          };
          return walk(steps, run, own);
        },
      });
    },
    async embed(request, embedOptions) {
      const before = clock.monotonic();
      const model = await options.library.get(request.model);
      assertCapable(model, ['embedding']);
      options.onStep?.('resolve-model', clock.monotonic() - before);
      const began = clock.monotonic();
      const result = await options.engine.embed({ ...request, model: model.id }, embedOptions);
      options.onStep?.('embed', clock.monotonic() - began);
      return result;
    },
  };
}

function walk(rest: readonly Step[], run: Run, scope: Scope): AsyncIterable<Event> {
  const [step, ...after] = rest;
  return step ? step.run(run, scope, () => walk(after, run, scope)) : nothing();
}

async function* nothing(): AsyncGenerator<Event> {}

/** The turn that a request without a stored conversation is. */
export function toTurn(request: GenerateRequest): Turn {
  const { model, prompt, fairKey, isolationKey, ...how } = request;
  return { ...how, model, input: prompt, caller: { id: fairKey, isolationKey } };
}
