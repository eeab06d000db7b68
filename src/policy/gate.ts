import type { Audit, NewRecord } from '../audit/index.ts';
import { type Clock, IntramurosError, isIntramurosError, type Logger, newId } from '../base/index.ts';
import { raisingSources } from './labelled.ts';
import { formatLabel, isWithin, joinAll } from './labels.ts';
import { latticeEffect } from './lattice.ts';
import { openSeals } from './seal.ts';
import type { Clearance, Decision, Destination, Gate, PassRequest, Policy } from './types.ts';

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
  const records = new WeakMap<Clearance, Promise<void>>();
  const totals = { allowed: 0, denied: 0, disagreements: 0, withoutPolicy: 0, withoutRecord: 0 };

  const decide = (request: PassRequest): Decision => {
    const joined = joinAll(request.sources.map(({ label }) => label));
    if (!isWithin(joined, request.label))
      throw new IntramurosError('internal', 'A request came to the gate with a label lower than its sources.');
    try {
      const decision = policy.decide(request);
      return decision.effect === 'pseudonymise' ? cannotPseudonymise(decision) : decision;
    } catch (error) {
      if (!isEmbedded(request)) throw error;
      totals.withoutPolicy += 1;
      return latticeAlone(request, policy.version, today(clock));
    }
  };

  const record = async (request: PassRequest, id: string, decision: Decision): Promise<void> => {
    const entry = toRecord(request, id, decision);
    try {
      await audit.append(entry);
    } catch (error) {
      audit.note(entry);
      if (!isEmbedded(request) && decision.effect === 'allow') throw error;
      totals.withoutRecord += 1;
    }
  };

  const refuse = (request: PassRequest, id: string, decision: Decision): IntramurosError => {
    totals.denied += 1;
    if (decision.reason === 'disagreement') {
      totals.disagreements += 1;
      log.error(
        { decisionId: id, rules: decision.rules, destinationId: request.destination.id },
        'ALARM: policy and lattice disagree; nothing was sent',
      );
    }
    const nearest = policy.nearest(request, request.alternatives);
    return denial(request, id, decision, nearest);
  };

  return {
    policy,
    totals,
    async pass(request) {
      const id = newId('dec', clock.now());
      const decision = decide(request);
      const recorded = record(request, id, decision);
      // Nothing leaves for the engine inside: it computes while the record is flushed, and speaks when it is.
      if (!isEmbedded(request) || decision.effect === 'deny') await recorded;
      if (decision.effect === 'deny') throw refuse(request, id, decision);
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
  };
}

const isEmbedded = ({ destination }: PassRequest): boolean => destination.tier === 'embedded';
const today = (clock: Clock): string => new Date(clock.now()).toISOString().slice(0, 10);

/** Until something replaces names and identifiers, what asks for it does not go. */
function cannotPseudonymise(decision: Decision): Decision {
  const words = `${decision.words} This installation cannot replace them yet.`;
  return { ...decision, effect: 'deny', reason: 'not_pseudonymised', words };
}

function latticeAlone(request: PassRequest, policyVersion: string, day: string): Decision {
  const effect = latticeEffect(request, day) === 'allow' ? 'allow' : 'deny';
  const words = 'The policy engine failed: the second opinion alone decides, and for the embedded engine alone.';
  return { effect, rules: ['lattice'], reason: 'policy_unavailable', words, policyVersion };
}

/** The decision with everything it was made from, so that it can be made again under another policy. No content. */
function toRecord(request: PassRequest, id: string, decision: Decision): NewRecord {
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
      ...about,
    },
  };
}

function denial(
  request: PassRequest,
  id: string,
  decision: Decision,
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
