import { IntramurosError, isIntramurosError, toProblem } from '../../base/index.ts';
import type { EngineEvent, GenerateRequest } from '../../engine/index.ts';
import { formatLabel } from '../../policy/index.ts';
import type { Event, Usage } from '../event.ts';
import { within } from '../release.ts';
import { graceMs, type Scope } from '../scope.ts';
import { whyStopped } from '../usage.ts';
import { routedOf } from './announce.ts';
import { requireTarget } from './decide.ts';
import { fallBack, fallbacksOf, isDown, withNearest } from './fall-back.ts';
import { Meter } from './meter.ts';
import { maskedRequest, restored } from './restored.ts';
import type { Passage, Run, Step, Target } from './types.ts';

/**
 * Asks the model where it runs and puts what it reports into the events of a run; a place that is down before its first
 * word is replaced by the next that may answer, never of a higher tier. The last step: ends with the `close`.
 */
export const generate: Step = {
  name: 'generate',
  async *run(run, scope) {
    const meter = new Meter(run);
    run.usage = () => meter.usage();
    const began = run.rooms.clock.monotonic();
    const first = run.by.model;
    let fallbacks: Target[] | undefined;
    for (;;) {
      try {
        await using place = scope.child({ name: 'engine', graceMs });
        const { clearance } = run;
        let recorded = clearance === undefined;
        for await (const event of within(place, (signal) => askModel(run, signal))) {
          if (!recorded && clearance) await run.rooms.gate.recorded(clearance);
          recorded = true;
          meter.see(event);
          const said = toEvent(event, run);
          if (said) yield said;
        }
        if (!meter.done) throw new IntramurosError('internal', 'The engine ended an answer without saying so.');
        run.record('generate', run.rooms.clock.monotonic() - began);
        yield { t: 'close', by: run.by, why: run.spent.why, use: meter.usage() };
        return;
      } catch (error) {
        const again = !meter.spoke && !scope.stopped && isDown(error);
        if (again) fallbacks ??= [...(await fallbacksOf(run.rooms, requireTarget(run)))];
        if (!again || !(await fallBack(run, fallbacks ?? [], error))) {
          run.record('generate', run.rooms.clock.monotonic() - began);
          const failure = again && isIntramurosError(error) ? await withNearest(run, error as IntramurosError) : error;
          yield closeFailed(failure, run, scope, meter);
          return;
        }
        meter.restart();
      }
      if (run.clearance) yield { t: 'note', by: run.by, kind: 'routed', data: routedOf(run, run.clearance, first) };
    }
  },
};

function closeFailed(error: unknown, run: Run, scope: Scope, meter: Meter): Event {
  const why = scope.stopped ? whyStopped(scope.reason) : 'failed';
  meter.fail(error, why);
  const use: Usage = meter.usage();
  if (why === 'cancelled') return { t: 'close', by: run.by, why, use };
  const problem = toProblem(scope.stopped ? scope.reason : error);
  if (problem.code === 'internal') run.rooms.log.error({ err: error, run: run.id }, 'an answer failed');
  return { t: 'close', by: run.by, why, use, error: problem };
}

function askModel(run: Run, signal: AbortSignal): AsyncIterable<EngineEvent> {
  const target = requireTarget(run);
  const request = toRequest(run);
  if (target.kind === 'embedded') return run.rooms.engine.generate(request, { signal });
  if (!run.clearance) throw new IntramurosError('internal', 'The answer path has no clearance to send with.');
  const { masked, clearance, rooms } = run;
  if (!masked) return rooms.upstreams.generate(clearance, request, { model: target.model, signal });
  const sent = maskedRequest(request, masked);
  return restored(rooms.upstreams.generate(clearance, sent, { model: target.model, signal }), masked, request);
}

function toRequest(run: Run): GenerateRequest {
  const { caller: _caller, input: _input, model: _model, usualTokens: _usual, ...how } = run.turn;
  if (!run.prompt) throw new IntramurosError('internal', 'The answer path has no prompt to ask.');
  return {
    ...how,
    ...(run.grantedTokens !== undefined && { maxTokens: run.grantedTokens }),
    model: run.by.model,
    prompt: run.prompt,
    fairKey: fairKeyOf(run),
    isolationKey: isolationKeyOf(run),
  };
}

/** The queue of a model is fair between people. */
export const fairKeyOf = ({ caller }: Passage): string => caller.fairKey ?? caller.who.personId;

// One organisation an installation.
const tenant = 'local';

/** Cached prompts are shared only where the label is the same, so that nobody can time what another label has cached. */
export const isolationKeyOf = ({ mark }: Passage): string => `${tenant}|${formatLabel(mark.label)}`;

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
