import { newId, systemClock } from '../../base/index.ts';
import { internalLabel } from '../../policy/index.ts';
import type { Event } from '../event.ts';
import type { Scope } from '../scope.ts';
import { openStream } from '../stream.ts';
import { announce } from './announce.ts';
import { choices } from './choices.ts';
import { decide } from './decide.ts';
import { embed } from './embed.ts';
import { estimatePromptTokens } from './estimate.ts';
import { generate } from './generate.ts';
import { label } from './label.ts';
import { openPassage } from './passage.ts';
import { relay } from './relay.ts';
import { reserve } from './reserve.ts';
import { resolveModel } from './resolve-model.ts';
import { saveAnswer } from './save-answer.ts';
import { settle } from './settle.ts';
import { storeQuestion } from './store-question.ts';
import type { Answers, AnswersOptions, Rooms, Run, Step, StepTime, Turn } from './types.ts';

/**
 * The way of one question, in order. A step is one file and one line here. Nothing is said to the reader between
 * `storeQuestion` and `saveAnswer`, so that a reader who leaves can never leave an answer without its keeper; nothing is
 * said before `decide`, so that a refusal is the whole reply.
 */
export const steps: readonly Step[] = [
  resolveModel,
  label,
  storeQuestion,
  saveAnswer,
  settle,
  reserve,
  decide,
  announce,
  generate,
];

// A stop waits this long for the answer so far to be saved; the engine inside has the usual grace.
const saveGraceMs = 10_000;

/** Opens the answer path. */
export function openAnswers(options: AnswersOptions): Answers {
  const { clock = systemClock, defaultLabel = internalLabel } = options;
  const rooms: Rooms = { ...options, clock, defaultLabel };
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
        start: (own) => walk(steps, openRun(turn, { rooms, by, record, saveEveryMs: options.saveEveryMs }), own),
      });
    },
    embed(turn, { signal } = {}) {
      const record = (name: string, ms: number): void => options.onStep?.(name, ms);
      return embed(turn, { id: newId('run'), rooms, record, signal });
    },
    relay(turn, how = {}) {
      const record = (name: string, ms: number): void => options.onStep?.(name, ms);
      return relay(turn, { id: newId('run'), rooms, record, ...how });
    },
    choices: (caller, { conversationId } = {}) => choices(caller, { rooms, conversationId }),
  };
}

function openRun(
  turn: Turn,
  about: Pick<Run, 'by' | 'record'> & { readonly rooms: Rooms; readonly saveEveryMs: number | undefined },
): Run {
  const passage = openPassage({
    id: about.by.run,
    caller: turn.caller,
    action: 'infer',
    rooms: about.rooms,
    conversationId: turn.input.kind === 'conversation' ? turn.input.target.conversationId : undefined,
    need: () => ({
      promptTokens: estimatePromptTokens(run.prompt),
      maxTokens: turn.maxTokens,
      usualTokens: turn.usualTokens,
      choices: turn.choices ?? 1,
    }),
    outgoing: () => ({ kind: 'prompt', prompt: run.prompt, stop: turn.stop ?? [] }),
    record: about.record,
  });
  const run: Run = Object.assign(passage, {
    turn,
    by: about.by,
    saveEveryMs: about.saveEveryMs ?? 1_000,
    begun: undefined,
    prompt: undefined,
    usage: undefined,
  });
  return run;
}

function walk(rest: readonly Step[], run: Run, scope: Scope): AsyncIterable<Event> {
  const [step, ...after] = rest;
  return step ? step.run(run, scope, () => walk(after, run, scope)) : nothing();
}

async function* nothing(): AsyncGenerator<Event> {}
