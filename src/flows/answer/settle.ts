import { isIntramurosError, type Problem, toProblem } from '../../base/index.ts';
import { formatLabel } from '../../policy/index.ts';
import type { Event, Why } from '../event.ts';
import { noUsage } from '../usage.ts';
import { promptBytes } from './commitments.ts';
import { costMicros } from './estimate.ts';
import { priceOf } from './reserve.ts';
import { isServedTuned } from './served.ts';
import type { Passage, Run, Step, Target } from './types.ts';

/**
 * Books what a run really used and records what became of it, however it ends: answered, refused, failed, cut or left. A
 * refusal by a quota or by policy becomes a `close` under the run's own label.
 */
export const settle: Step = {
  name: 'settle',
  async *run(run, _scope, next) {
    let opened = false;
    const said = tell(run);
    try {
      await run.rooms.commitments?.ready(run.caller.who.personId);
      for await (const event of next()) {
        opened = true;
        if (event.t === 'text' && event.out) said[event.choice] = (said[event.choice] ?? '') + event.s;
        yield event;
      }
    } catch (error) {
      const why = refusedBy(error);
      if (opened || why === undefined) throw error;
      run.spent.why = why;
      yield { t: 'open', by: run.by, label: run.mark.label, at: run.rooms.clock.now() } satisfies Event;
      yield { t: 'close', by: run.by, why, use: noUsage, error: problemOf(run, error) } satisfies Event;
    } finally {
      settlePassage(run);
    }
  },
};

/** Notes what the record will commit to; gives the place where the answer, by choice, gathers. */
function tell({ told, begun, prompt }: Run): string[] {
  const last = begun?.history.at(-1);
  // An answer that goes on begins with what it had.
  const said = last && last.id === begun?.messageId && last.content !== '' ? [last.content] : [];
  told.asked = prompt && (() => promptBytes(prompt));
  told.answered = () => (said.length > 1 ? JSON.stringify(said) : said[0]);
  told.salt = begun?.messageId ?? told.salt;
  return said;
}

/** A refusal, with where the question is kept that it refuses. */
function problemOf({ begun }: Run, error: unknown): Problem {
  const problem = toProblem(error);
  if (!begun) return problem;
  const { conversationId, messageId, userMessageId = null } = begun;
  return { ...problem, facts: { ...problem.facts, conversationId, messageId, userMessageId } };
}

function refusedBy(error: unknown): Why | undefined {
  if (!isIntramurosError(error)) return undefined;
  if (error.code === 'quota_exceeded') return 'budget';
  const denied = ['destination_denied', 'policy_unavailable', 'audit_unavailable', 'forbidden'];
  return denied.includes(error.code) ? 'denied' : undefined;
}

/** The same for anything that went to a model. Harmless where nothing was reserved or sent, and the second time. */
export function settlePassage(passage: Passage): void {
  const { spent, reservation, target } = passage;
  const { promptTokens, completionTokens } = spent;
  const cost = costMicros(priceOf(target), spent);
  passage.reservation = undefined;
  reservation?.settle({ promptTokens, completionTokens, costMicros: cost });
  settleClearance(passage);
}

/** Records the outcome of one way that was taken; a run that fell back has taken several. */
export function settleClearance(passage: Passage): void {
  const { clearance, spent, rooms, target, masked } = passage;
  if (!clearance) return;
  passage.clearance = undefined;
  const { promptTokens, completionTokens, firstTokenMs, failure } = spent;
  const ok = failure === undefined && spent.why !== 'failed' && spent.why !== 'denied';
  rooms.gate.settle(clearance, {
    ok,
    why: failure?.code ?? spent.why,
    ...rooms.bytesOf(clearance.decisionId),
    promptTokens,
    completionTokens,
    costMicros: costMicros(priceOf(target), spent),
    ...(firstTokenMs !== undefined && { firstTokenMs }),
    totalMs: rooms.clock.monotonic() - passage.startedAt,
    tier: clearance.tier,
    label: formatLabel(clearance.label),
    policyVersion: rooms.gate.policy.version,
    ...(target && { model: target.model.id, modelHash: modelHashOf(passage, target) }),
    ...(rooms.commitments && { machine: rooms.commitments.machine, ...commit(passage, clearance.decisionId) }),
    ...(masked && { masked: { counts: masked.counts, detector: masked.detector, unknown: masked.unknown } }),
  });
}

/** SHA-256 of the file that answered; null for a model whose file is not here. */
function modelHashOf({ rooms }: Passage, target: Target): string | null {
  if (target.kind === 'upstream') return null;
  const { model } = target;
  const tuned = isServedTuned(rooms.engine, model) ? model.tuned?.sha256 : undefined;
  return tuned ?? model.sha256 ?? null;
}

/** Commitments to what was asked and answered, which the person alone can open. */
function commit({ rooms, caller, told }: Passage, decisionId: string) {
  const own = told.about?.decisionId === decisionId ? told.about : undefined;
  const about = own ?? { personId: caller.who.personId, decisionId, salt: told.salt };
  const asked = told.asked?.();
  const answered = told.answered?.();
  const hash = typeof answered === 'string' ? rooms.commitments?.begin(about, 'answer')?.update(answered) : answered;
  return {
    promptCommitment:
      (asked !== undefined && rooms.commitments?.begin(about, 'prompt')?.update(asked).digest('hex')) || null,
    answerCommitment: hash?.digest('hex') ?? null,
  };
}
