import type { Audit, AuditRecord } from '../audit/index.ts';
import type { Decider } from './decider.ts';
import type { Decision, DecisionRequest, Effect, Label } from './types.ts';

/** A past decision that would come out otherwise. */
export interface ChangedDecision {
  readonly seq: number;
  readonly at: string;
  readonly actor: string;
  readonly label: Label;
  readonly destinationId: string;
  readonly before: Effect;
  readonly after: Effect;
  /** Why, under the policy that is tried. */
  readonly reason: string;
  readonly rules: readonly string[];
}

export interface Replay {
  /** How many decisions were asked again. */
  readonly decisions: number;
  /** How many come out otherwise; `changed` holds the newest of them. */
  readonly changes: number;
  readonly changed: readonly ChangedDecision[];
  readonly truncated: boolean;
}

const mostChanges = 500;
const dayMs = 86_400_000;

/**
 * Asks past decisions again, of the same people, labels and places as they were then, on the day they were made.
 * Those that policy or Cedar itself could not make are left out.
 */
export async function replay(
  audit: Pick<Audit, 'read'>,
  decider: Decider,
  options: { readonly nowMs: number; readonly days: number; readonly signal?: AbortSignal },
): Promise<Replay> {
  let [decisions, changes] = [0, 0];
  const changed: ChangedDecision[] = [];
  const sinceMs = options.nowMs - options.days * dayMs;
  for await (const record of audit.read({ kinds: ['decision'], sinceMs, newestFirst: true })) {
    options.signal?.throwIfAborted();
    const past = toPast(record);
    if (past === undefined) continue;
    decisions += 1;
    const { effect, reason, rules } = asTheGateDid(decider.decide(past.request, record.at.slice(0, 10)), past);
    if (effect === past.effect) continue;
    changes += 1;
    const { label, destination } = past.request;
    const { seq, at, actor } = record;
    if (changed.length < mostChanges)
      changed.push({
        seq,
        at,
        actor,
        label,
        destinationId: destination.id,
        before: past.effect,
        after: effect,
        reason,
        rules,
      });
  }
  return { decisions, changes, changed, truncated: changes > changed.length };
}

function toPast({
  actor,
  data,
}: AuditRecord): { request: DecisionRequest; effect: Effect; reason: unknown } | undefined {
  const { action, label, destination, subject, effect, reason } = data as Record<string, unknown>;
  if (reason === 'policy_unavailable' || !label || !destination || !subject) return undefined;
  const { ceiling, ...who } = subject as Omit<DecisionRequest['subject'], 'id'>;
  const request = { action, label, destination, subject: { id: actor, ...who, ceiling } } as DecisionRequest;
  return { request, effect: effect as Effect, reason };
}

/** What has to be masked did not go where it could not be, and would not under another policy. */
function asTheGateDid(
  decision: Decision,
  past: { readonly reason: unknown },
): Pick<Decision, 'effect' | 'reason' | 'rules'> {
  if (decision.effect !== 'pseudonymise' || past.reason !== 'not_pseudonymised') return decision;
  return { ...decision, effect: 'deny', reason: 'not_pseudonymised' };
}
