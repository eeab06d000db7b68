import type { Audit, NewRecord } from '../audit/index.ts';
import { type Clock, IntramurosError, isIntramurosError, type Logger, newId } from '../base/index.ts';
import { raisingSources } from './labelled.ts';
import { formatLabel, isWithin, joinAll } from './labels.ts';
import { latticeEffect } from './lattice.ts';
import { openSeals } from './seal.ts';
import type {
  Clearance,
  Decision,
  Destination,
  Gate,
  MaskingFailure,
  MaskingProof,
  PassRequest,
  Policy,
} from './types.ts';

export interface OpenGateOptions {
  readonly policy: Policy;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What the gate counted since it opened. */
export interface GateTotals {
  readonly allowed: number;
  readonly denied: number;
  /** Cedar would have let out more than the second opinion: an alarm. */
  readonly disagreements: number;
  /** Passes to the embedded engine while policy or record failed. */
  readonly withoutPolicy: number;
  readonly withoutRecord: number;
}

export interface OpenedGate extends Gate {
  readonly totals: GateTotals;
}

const validMs = 10 * 60_000;
const mostBytesDefault = 256 * 1024 * 1024;
const mostSourcesRecorded = 32;

/**
 * The one way to a destination: decides, writes the decision down durably, and only then hands out a clearance.
 * Fails closed: with no policy or no record, the embedded engine alone may answer, within what the lattice allows.
 */
export function openGate({ policy, audit, clock, log }: OpenGateOptions): OpenedGate {
  const seals = openSeals();
  const actors = new WeakMap<Clearance, string>();
  const masked = new WeakMap<Clearance, object>();
  const records = new WeakMap<Clearance, Promise<void>>();
  const totals = { allowed: 0, denied: 0, disagreements: 0, withoutPolicy: 0, withoutRecord: 0 };

  const decide = (request: PassRequest): Decision => {
    const joined = joinAll(request.sources.map(({ label }) => label));
    if (!isWithin(joined, request.label))
      throw new IntramurosError('internal', 'A request came to the gate with a label lower than its sources.');
    try {
      return policy.decide(request);
    } catch (error) {
      if (!isEmbedded(request)) throw error;
      totals.withoutPolicy += 1;
      return latticeAlone(request, policy.version, today(clock));
    }
  };

  const record = async (request: PassRequest, id: string, { decision, masking }: Decided): Promise<void> => {
    const entry = toRecord(request, id, { decision, masking });
    try {
      await audit.append(entry);
    } catch (error) {
      audit.note(entry);
      if (!isEmbedded(request) && decision.effect !== 'deny') throw error;
      totals.withoutRecord += 1;
    }
  };

  const refuse = (request: PassRequest, id: string, { decision, masking }: Decided): IntramurosError => {
    totals.denied += 1;
    if (decision.reason === 'disagreement') {
      totals.disagreements += 1;
      log.error(
        { decisionId: id, rules: decision.rules, destinationId: request.destination.id },
        'ALARM: policy and lattice disagree; nothing was sent',
      );
    }
    const nearest = policy.nearest(request, request.alternatives);
    return denial(request, id, { decision, masking }, nearest);
  };

  return {
    policy,
    totals,
    async pass(request) {
      const id = newId('dec', clock.now());
      const allowed = decide(request);
      const decided = allowed.effect === 'pseudonymise' ? await withProof(request, allowed) : { decision: allowed };
      const { decision, masking } = decided;
      const recorded = record(request, id, decided);
      // Nothing leaves for the engine inside: it computes while the record is flushed, and speaks when it is.
      if (!isEmbedded(request) || decision.effect === 'deny') await recorded;
      if (decision.effect === 'deny') throw refuse(request, id, decided);
      totals.allowed += 1;
      const clearance = seals.seal({
        decisionId: id,
        destinationId: request.destination.id,
        label: request.label,
        effect: decision.effect,
        tier: request.destination.tier,
        addresses: isEmbedded(request) ? [] : request.addresses,
        mostBytes: request.mostBytes ?? mostBytesDefault,
        expiresAt: clock.now() + validMs,
      });
      actors.set(clearance, request.subject.id);
      if (masking && 'value' in masking) masked.set(clearance, masking.value);
      if (isEmbedded(request)) records.set(clearance, recorded);
      return clearance;
    },
    recorded: (clearance) => records.get(clearance) ?? Promise.resolve(),
    settle(clearance, outcome) {
      const { decisionId, destinationId } = clearance;
      const actor = actors.get(clearance) ?? 'system';
      audit.note({ kind: 'outcome', actor, data: { decisionId, destinationId, ...outcome } });
    },
    verify: (clearance) => seals.fits(clearance) && clearance.expiresAt > clock.now(),
    covers: (clearance, value) => clearance.effect === 'allow' || masked.get(clearance) === value,
  };
}

/** A decision, and where it asked for it what became of masking. */
interface Decided {
  readonly decision: Decision;
  readonly masking?: MaskingProof | MaskingFailure | undefined;
}

const isEmbedded = ({ destination }: PassRequest): boolean => destination.tier === 'embedded';
const today = (clock: Clock): string => new Date(clock.now()).toISOString().slice(0, 10);

/** What may go only with names and identifiers replaced goes when that is shown, and not otherwise. */
async function withProof(request: PassRequest, decision: Decision): Promise<Decided> {
  const masking = (await request.pseudonymise?.()) ?? { failed: 'not_masked', words: 'Nothing here can replace them.' };
  if ('value' in masking && masking.residual === 0) return { decision, masking };
  const failure =
    'failed' in masking ? masking : { failed: 'residual', words: 'Some stayed after they were replaced.' };
  const words = `${decision.words} ${failure.words}`;
  return { decision: { ...decision, effect: 'deny', reason: 'not_pseudonymised', words }, masking: failure };
}

function latticeAlone(request: PassRequest, policyVersion: string, day: string): Decision {
  const effect = latticeEffect(request, day) === 'allow' ? 'allow' : 'deny';
  const words = 'The policy engine failed: the second opinion alone decides, and for the embedded engine alone.';
  return { effect, rules: ['lattice'], reason: 'policy_unavailable', words, policyVersion };
}

/** The decision with everything it was made from, so that it can be made again under another policy. No content. */
function toRecord(request: PassRequest, id: string, { decision, masking }: Decided): NewRecord {
  const { subject, action, label, destination, sources, about } = request;
  const { effect, reason, rules, policyVersion } = decision;
  const { roles, groups, compartments, ceiling } = subject;
  return {
    kind: 'decision',
    actor: subject.id,
    data: {
      id,
      action,
      label,
      sources: raisingSources(label, sources).slice(0, mostSourcesRecorded),
      destination,
      subject: { roles, groups, compartments, ...(ceiling && { ceiling }) },
      effect,
      reason,
      rules,
      policyVersion,
      ...(masking && { masking: toldOf(masking) }),
      ...about,
    },
  };
}

/** What is written down of masking: how much of what, never of whom. */
function toldOf(masking: MaskingProof | MaskingFailure): Readonly<Record<string, unknown>> {
  if ('failed' in masking) return { failed: masking.failed };
  const { detector, counts, residual } = masking;
  return { detector, counts, residual };
}

function denial(
  request: PassRequest,
  id: string,
  { decision, masking }: Decided,
  nearest: Destination | undefined,
): IntramurosError {
  const { label, destination } = request;
  const sources = raisingSources(label, request.sources).map(({ kind, id }) => `${kind}:${id}`);
  const where =
    nearest === undefined ? 'No other place may answer either.' : `Nearest place that may answer: "${nearest.title}".`;
  const from = sources.length === 0 ? '' : ` (from ${sources.slice(0, 5).join(', ')})`;
  return new IntramurosError(
    'destination_denied',
    `"${destination.title}" may not receive data labelled ${formatLabel(label)}${from}. ${decision.words} ${where}`,
    {
      facts: {
        level: label.level,
        mentions: label.mentions,
        compartments: label.compartments,
        sources,
        rules: decision.rules,
        reason: decision.reason,
        ...(masking && 'failed' in masking && { masking: masking.failed }),
        words: decision.words,
        destination: destination.id,
        tier: destination.tier,
        decisionId: id,
        policyVersion: decision.policyVersion,
        nearest: nearest?.id ?? null,
      },
    },
  );
}

/** True for the failures of a gate that could not decide or write down: the caller may go on with the embedded engine. */
export function isFailedClosed(error: unknown): boolean {
  return isIntramurosError(error) && (error.code === 'policy_unavailable' || error.code === 'audit_unavailable');
}
