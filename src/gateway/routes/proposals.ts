import { z } from 'zod';
import { IntramurosError } from '../../base/index.ts';
import type { Who } from '../../identity/index.ts';
import type { Proposal } from '../../policy/index.ts';
import { endpoint } from '../http/endpoint.ts';
import { unfit } from '../http/missing.ts';
import { LabelBody } from '../labelling.ts';
import { Conversation, Id, Message, storable } from './conversation-schemas.ts';
import { LabelInput, notFound, PolicyFiles, PolicyFileView, readLabel } from './policy-schemas.ts';

const tag = 'Policy';
const dialect = 'native';
const storing = ['database_unavailable', 'disk_full', 'audit_unavailable'] as const;
const reason = storable(2_000).min(1).meta({ description: 'Why; kept with the change.' });

const PolicyDetail = z.object({
  version: z.string(),
  expected: z
    .string()
    .meta({ description: 'Version it was made on; with another one in force it cannot be approved.' }),
  files: z.array(PolicyFileView),
  changes: z.array(z.object({ name: z.string(), before: z.string().nullable(), after: z.string().nullable() })),
});
const LabelDetail = z.object({ conversationId: z.string(), from: LabelBody, to: LabelBody });

const BreakGlassDetail = z.object({ conversationId: z.string(), ownerId: z.string() });

const ProposalView = z
  .object({
    id: z.string(),
    kind: z.enum(['policy', 'label', 'break-glass']),
    by: z.string(),
    at: z.string(),
    reason: z.string(),
    state: z.enum(['open', 'approved', 'rejected', 'withdrawn']),
    decidedBy: z.string().nullable(),
    decidedAt: z.string().nullable(),
    decisionReason: z.string().nullable(),
    eyes: z.int().nullable().meta({ description: 'How many people agreed to an approved one.' }),
    summary: z.string(),
    detail: z.union([PolicyDetail, LabelDetail, BreakGlassDetail]),
  })
  .meta({ id: 'Proposal' });

/** Own proposals, and those of a kind that one may make or decide. */
function maySee(who: Who, { by, kind }: Proposal): boolean {
  if (by === who.personId || who.can('audit.read')) return true;
  if (kind === 'break-glass') return who.can('break-glass');
  return kind === 'policy'
    ? who.can('admin.policy') || who.can('policy.approve')
    : who.can('label.lower') || who.can('label.approve');
}

export const listProposals = endpoint({
  operationId: 'proposals.list',
  method: 'GET',
  path: '/api/proposals',
  tag,
  summary: {
    en: 'Proposed changes of the policy and of labels downwards, newest first.',
    fr: 'Changements proposés de la politique et abaissements de marquages, les plus récents d’abord.',
  },
  dialect,
  query: z.object({ state: z.enum(['open', 'all']).default('open') }),
  replies: { 200: z.object({ proposals: z.array(ProposalView) }).meta({ id: 'ProposalList' }) },
  errors: ['database_unavailable'],
  async handle({ query: { state } }, { rooms: { governance }, who }) {
    const all = await governance.proposals.list({ state });
    return { json: { proposals: all.filter((proposal) => maySee(who, proposal)) } };
  },
});

export const proposePolicy = endpoint({
  operationId: 'policy.propose',
  method: 'POST',
  path: '/api/policy/proposals',
  tag,
  summary: {
    en: 'Proposes another policy; somebody else approves it.',
    fr: 'Propose une autre politique ; quelqu’un d’autre l’approuve.',
  },
  dialect,
  right: 'admin.policy',
  body: z.strictObject({ files: PolicyFiles, reason }),
  replies: { 201: ProposalView },
  errors: ['policy_invalid', 'conflict', ...storing],
  async handle({ body }, { rooms: { governance }, who }) {
    return { json: await governance.proposals.proposePolicy(who, body), status: 201 };
  },
});

export const proposeLabel = endpoint({
  operationId: 'labels.propose',
  method: 'POST',
  path: '/api/labels/proposals',
  tag,
  summary: {
    en: 'Lowers the label of a conversation, with a reason; from SP on a second person has to approve.',
    fr: 'Abaisse le marquage d’une conversation, avec un motif ; à partir de SP, une seconde personne doit approuver.',
  },
  dialect,
  right: 'label.lower',
  body: z.strictObject({ conversationId: Id, to: LabelInput, reason }),
  replies: { 201: ProposalView },
  errors: ['conversation_not_found', 'conflict', ...storing],
  async handle({ body: { conversationId, to, reason: why } }, { rooms: { governance }, who }) {
    const wanted = { conversationId, to: readLabel(to, 'to'), reason: why };
    return { json: await governance.proposals.proposeLabel(who, wanted).catch(unfit), status: 201 };
  },
});

/** Two people, signed in themselves: a key of one of them is not that person. */
function needPerson({ kind }: Who): void {
  if (kind !== 'key') return;
  const message = 'This takes people who are signed in at the page; a key cannot.';
  throw new IntramurosError('forbidden', message, { facts: { reason: 'no_session' } });
}

export const proposeBreakGlass = endpoint({
  operationId: 'breakGlass.propose',
  method: 'POST',
  path: '/api/proposals',
  tag,
  summary: {
    en: 'Asks to read a conversation of another person; a second person approves it, and its owner is told.',
    fr: 'Demande à lire la conversation d’une autre personne ; une seconde personne l’approuve, et la personne en est avertie.',
  },
  dialect,
  right: 'break-glass',
  body: z.strictObject({ kind: z.literal('break-glass'), conversationId: Id, reason }),
  replies: { 201: ProposalView },
  errors: ['forbidden', 'conversation_not_found', ...storing],
  async handle({ body: { conversationId, reason: why } }, { rooms: { governance }, who }) {
    needPerson(who);
    return { json: await governance.proposals.proposeBreakGlass(who, { conversationId, reason: why }), status: 201 };
  },
});

export const readBreakGlass = endpoint({
  operationId: 'breakGlass.read',
  method: 'GET',
  path: '/api/break-glass/{id}',
  tag,
  summary: {
    en: 'The conversation that two people agreed to read, for an hour; recorded before it is read.',
    fr: 'La conversation que deux personnes ont convenu de lire, pendant une heure ; enregistré avant la lecture.',
  },
  dialect,
  right: 'break-glass',
  params: z.object({ id: Id }),
  replies: {
    200: z
      .object({ proposalId: z.string(), until: z.string(), conversation: Conversation, messages: z.array(Message) })
      .meta({ id: 'BreakGlassReading' }),
  },
  errors: ['forbidden', 'not_found', 'conversation_not_found', 'key_destroyed', 'key_unavailable', ...storing],
  async handle({ params: { id } }, { rooms: { governance, conversations }, who }) {
    needPerson(who);
    const { proposalId, until, ownerId, conversationId } = await governance.proposals.openRead(who, id);
    const theirs = conversations.of(ownerId);
    const conversation = await theirs.get(conversationId);
    return { json: { proposalId, until, conversation, messages: await theirs.messages(conversationId) } };
  },
});

const params = z.object({ id: Id });
const body = z.strictObject({ reason: storable(2_000).optional() });

export const approveProposal = endpoint({
  operationId: 'proposals.approve',
  method: 'POST',
  path: '/api/proposals/{id}/approve',
  tag,
  summary: {
    en: 'Approves a proposal and applies it, whole or not at all. Not by whoever made it, where there are accounts.',
    fr: 'Approuve une proposition et l’applique, entière ou pas du tout. Pas par son auteur, là où il y a des comptes.',
  },
  dialect,
  params,
  body,
  bodyOptional: true,
  replies: { 200: ProposalView },
  errors: ['not_found', 'conflict', 'policy_invalid', 'conversation_not_found', ...storing],
  async handle({ params: { id }, body: how }, { rooms: { governance }, who }) {
    const { proposals } = governance;
    if (!maySee(who, await proposals.get(id))) throw notFound('proposal', id);
    return { json: await proposals.approve(who, id, reasonOf(how)) };
  },
});

export const rejectProposal = endpoint({
  operationId: 'proposals.reject',
  method: 'POST',
  path: '/api/proposals/{id}/reject',
  tag,
  summary: {
    en: 'Rejects a proposal; whoever made it withdraws it.',
    fr: 'Rejette une proposition ; son auteur la retire.',
  },
  dialect,
  params,
  body,
  bodyOptional: true,
  replies: { 200: ProposalView },
  errors: ['not_found', 'conflict', ...storing],
  async handle({ params: { id }, body: how }, { rooms: { governance }, who }) {
    const { proposals } = governance;
    if (!maySee(who, await proposals.get(id))) throw notFound('proposal', id);
    return { json: await proposals.reject(who, id, reasonOf(how)) };
  },
});

function reasonOf(how: { readonly reason?: string | undefined } | undefined): { readonly reason?: string } {
  return how?.reason === undefined ? {} : { reason: how.reason };
}
