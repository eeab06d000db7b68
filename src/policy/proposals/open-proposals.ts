import type { Audit } from '../../audit/index.ts';
import { type Clock, IntramurosError, type Logger, newId } from '../../base/index.ts';
import type { Database } from '../../store/index.ts';
import { inOrder, type PolicyFile, versionOf } from '../cedar/files.ts';
import { compareLabels, formatLabel, heightOf } from '../labels.ts';
import { invalid, type PolicyHouse } from '../open-policy.ts';
import {
  breakGlassRight,
  checkSecond,
  openRead,
  readsOf,
  record as recordAccess,
  refused,
  tell,
} from './break-glass.ts';
import {
  breakGlassSummary,
  decideRow,
  getRow,
  insertRow,
  labelSummary,
  listRows,
  markApplied,
  policySummary,
  reopenRow,
  unfinishedRows,
} from './rows.ts';
import type { Actor, ConversationLabels, FileChange, Proposal, Proposals } from './types.ts';

export interface OpenProposalsOptions {
  readonly database: Database;
  readonly policy: PolicyHouse;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly log: Logger;
  /** True where accounts exist: then the proposer may not approve. */
  readonly fourEyes: () => boolean;
  readonly labels: ConversationLabels;
  /** Whose a conversation is; undefined for one that is not there. */
  readonly ownerOf: (conversationId: string) => Promise<string | undefined>;
}

/** Opens the proposals, and finishes an approved change of the policy that a kill cut short. */
export async function openProposals(options: OpenProposalsOptions): Promise<Proposals> {
  const { database, policy, audit, clock, log, fourEyes, labels, ownerOf } = options;
  const now = (): string => new Date(clock.now()).toISOString();
  for (const proposal of await unfinishedRows(database)) await finish(proposal);

  async function finish(proposal: Proposal): Promise<void> {
    if (proposal.kind !== 'policy') return;
    const { files, expected, version } = proposal.detail;
    if (policy.version === expected && policy.version !== version) {
      await policy.apply(files, {
        by: proposal.decidedBy ?? proposal.by,
        expected,
        reason: proposal.reason,
        proposalId: proposal.id,
      });
      log.warn({ proposalId: proposal.id }, 'an approved policy was brought into force after an interruption');
    }
    await markApplied(database, proposal.id);
  }

  const record = (kind: 'policy' | 'label', what: string, actor: Actor, data: Record<string, unknown>) =>
    audit.append({ kind, actor: actor.personId, data: { what, ...data } });

  const make = (actor: Actor, reason: string) => ({
    id: newId('prp', clock.now()),
    by: actor.personId,
    at: now(),
    reason: checkReason(reason),
    state: 'open' as const,
    decidedBy: null,
    decidedAt: null,
    decisionReason: null,
    eyes: null,
  });

  /** @throws {IntramurosError} `forbidden` when this person may not approve it. */
  const eyesOf = (actor: Actor, proposal: Proposal): number => {
    need(actor, approvers[proposal.kind]);
    if (proposal.kind === 'break-glass') checkSecond(actor, proposal);
    if (actor.personId !== proposal.by) return 2;
    if (!fourEyes()) return 1;
    throw new IntramurosError('forbidden', 'Whoever proposes a change may not approve it: ask somebody else.', {
      facts: { reason: 'four_eyes', proposalId: proposal.id },
    });
  };

  const applyPolicy = async (actor: Actor, proposal: Proposal & { kind: 'policy' }, decision: Decision) => {
    const { files, expected } = proposal.detail;
    if (policy.version !== expected)
      throw new IntramurosError(
        'conflict',
        'Another policy came into force since this was proposed. Propose it again.',
        {
          facts: { expected, found: policy.version },
        },
      );
    await decideRow(database, { ...decision, applied: false });
    try {
      await policy.apply(files, { by: actor.personId, expected, reason: proposal.reason, proposalId: proposal.id });
    } catch (error) {
      await reopenRow(database, proposal.id);
      throw error;
    }
    await markApplied(database, proposal.id);
  };

  const applyLabel = async (proposal: Proposal & { kind: 'label' }, decision: Decision) => {
    const { detail, id: proposalId, reason } = proposal;
    await database.transaction(async (transaction) => {
      await decideRow(transaction, { ...decision, applied: true });
      await labels.lower(transaction, { ...detail, by: decision.by, reason, proposalId, at: decision.at });
    });
    labels.lowered?.(detail.conversationId);
  };

  const applyBreakGlass = async (proposal: Proposal & { kind: 'break-glass' }, decision: Decision) => {
    await database.transaction(async (transaction) => {
      await decideRow(transaction, { ...decision, applied: true });
      await tell(transaction, proposal, { what: 'approved', by: decision.by, at: decision.at });
    });
  };

  const apply = async (
    actor: Actor,
    proposal: Proposal,
    eyes: number,
    reason: string | undefined,
  ): Promise<Proposal> => {
    const decision: Decision = { id: proposal.id, state: 'approved', by: actor.personId, at: now(), reason, eyes };
    if (proposal.kind === 'break-glass') {
      await recordAccess(audit, 'break-glass.approved', actor, proposal);
      await applyBreakGlass(proposal, decision);
      return getRow(database, proposal.id);
    }
    const { id: proposalId, kind, by: proposedBy, summary } = proposal;
    const facts = { proposalId, proposedBy, eyes, reason: proposal.reason, decisionReason: reason ?? null, summary };
    const change = proposal.kind === 'label' ? proposal.detail : { version: proposal.detail.version };
    await record(kind, `${kind}.approved`, actor, { ...facts, ...change });
    try {
      if (proposal.kind === 'policy') await applyPolicy(actor, proposal, decision);
      else await applyLabel(proposal, decision);
    } catch (error) {
      const code = error instanceof IntramurosError ? error.code : 'internal';
      audit.note({ kind, actor: actor.personId, data: { what: `${kind}.approval_failed`, proposalId, code } });
      throw error;
    }
    return getRow(database, proposalId);
  };

  return {
    list: ({ state }) => listRows(database, state),
    get: (id) => getRow(database, id),
    async proposePolicy(actor, { files, reason }) {
      need(actor, 'admin.policy');
      const check = policy.check(files);
      if (!check.ok) throw invalid(check);
      const changes = changesBetween(policy.state.files, files);
      if (changes.length === 0)
        throw new IntramurosError('conflict', 'These files are in force already: there is nothing to propose.');
      const detail = { version: versionOf(files), expected: policy.version, files: inOrder(files), changes };
      const proposal: Proposal = { ...make(actor, reason), kind: 'policy', detail, summary: policySummary(changes) };
      const { id: proposalId, summary } = proposal;
      await record('policy', 'policy.proposed', actor, { proposalId, version: detail.version, summary, reason });
      await insertRow(database, proposal);
      return proposal;
    },
    async proposeLabel(actor, { conversationId, to, reason }) {
      need(actor, 'label.lower');
      const found = await labels.find(conversationId, actor.personId);
      if (found === undefined)
        throw new IntramurosError('conversation_not_found', 'There is no such conversation, or it is not yours.');
      const from = found.label;
      if (compareLabels(to, from) !== 'lower')
        throw new IntramurosError(
          'invalid_request',
          `${formatLabel(to)} is not lower than ${formatLabel(from)}. A label is raised on the conversation itself.`,
          { facts: { field: 'to' } },
        );
      const detail = { conversationId, from, to };
      const proposal: Proposal = { ...make(actor, reason), kind: 'label', detail, summary: labelSummary(detail) };
      await record('label', 'label.proposed', actor, { proposalId: proposal.id, ...detail, reason });
      await insertRow(database, proposal);
      return needsTwo(proposal) ? proposal : apply(actor, proposal, 1, undefined);
    },
    async proposeBreakGlass(actor, { conversationId, reason }) {
      need(actor, breakGlassRight);
      if (!fourEyes()) throw refused('four_eyes', 'This takes two people with accounts; there are none here.');
      const ownerId = await ownerOf(conversationId);
      if (ownerId === undefined)
        throw new IntramurosError('conversation_not_found', `There is no conversation "${conversationId}".`);
      if (ownerId === actor.personId) throw refused('own', 'The conversation is yours: read it as you always do.');
      const detail = { conversationId, ownerId };
      const summary = breakGlassSummary(detail);
      const proposal = { ...make(actor, reason), kind: 'break-glass' as const, detail, summary };
      await recordAccess(audit, 'break-glass.proposed', actor, proposal);
      await insertRow(database, proposal);
      return proposal;
    },
    openRead: (actor, id) => openRead({ database, audit, clock }, actor, id),
    readsOf: (personId) => readsOf(database, personId),
    async approve(actor, id, how = {}) {
      const proposal = await getRow(database, id);
      const eyes = eyesOf(actor, proposal);
      if (proposal.state !== 'open') throw decided(proposal);
      return apply(actor, proposal, eyes, how.reason);
    },
    async reject(actor, id, how = {}) {
      const proposal = await getRow(database, id);
      const own = proposal.by === actor.personId;
      if (!own) need(actor, approvers[proposal.kind]);
      if (proposal.state !== 'open') throw decided(proposal);
      const state = own ? 'withdrawn' : 'rejected';
      if (proposal.kind === 'break-glass') await recordAccess(audit, `break-glass.${state}`, actor, proposal);
      const data = { proposalId: id, proposedBy: proposal.by, reason: how.reason ?? null };
      if (proposal.kind !== 'break-glass') await record(proposal.kind, `${proposal.kind}.${state}`, actor, data);
      const decision = { id, state, by: actor.personId, at: now(), reason: how.reason, eyes: null } as const;
      await decideRow(database, { ...decision, applied: false });
      return getRow(database, id);
    },
  };
}

/** Right that approving or rejecting takes. */
const approvers = { policy: 'policy.approve', label: 'label.approve', 'break-glass': breakGlassRight } as const;

type Decision = Omit<Parameters<typeof decideRow>[1], 'applied'>;

/** Lowering from SP or above takes a second person. */
function needsTwo(proposal: Proposal): boolean {
  return proposal.kind !== 'label' || heightOf(proposal.detail.from.level) >= heightOf('SP');
}

function need(actor: Actor, right: string): void {
  if (actor.can(right)) return;
  throw new IntramurosError('forbidden', `This needs the right "${right}".`, { facts: { right } });
}

function checkReason(reason: string): string {
  const text = reason.trim();
  if (text.length > 0 && text.length <= 2_000) return text;
  throw new IntramurosError(
    'invalid_request',
    'Say why, in at most 2,000 characters: the reason is kept with the change.',
    {
      facts: { field: 'reason' },
    },
  );
}

function decided({ id, state }: Proposal): IntramurosError {
  return new IntramurosError('conflict', `The proposal "${id}" is ${state} already.`, { facts: { state } });
}

function changesBetween(before: readonly PolicyFile[], after: readonly PolicyFile[]): FileChange[] {
  const textOf = (files: readonly PolicyFile[], name: string): string | null =>
    files.find((file) => file.name === name)?.text ?? null;
  const names = [...new Set([...before, ...after].map(({ name }) => name))].sort();
  return names
    .map((name) => ({ name, before: textOf(before, name), after: textOf(after, name) }))
    .filter((change) => change.before !== change.after);
}
