import { z } from 'zod';
import type { AuditRecord } from '../../audit/index.ts';
import { listDecisions, type PastDecision } from '../../policy/index.ts';
import { endpoint } from '../http/endpoint.ts';
import { wholeNumber } from '../http/whole-number.ts';
import { LabelBody, LabelSourceBody } from '../labelling.ts';
import { effects } from './policy-schemas.ts';

const OutcomeView = z.object({
  at: z.string(),
  ok: z.boolean(),
  why: z.string(),
  sentBytes: z.number(),
  receivedBytes: z.number(),
  promptTokens: z.number().optional(),
  completionTokens: z.number().optional(),
  costMicros: z.number().optional(),
  firstTokenMs: z.number().optional(),
  totalMs: z.number(),
});

const DecisionView = z
  .object({
    seq: z.int(),
    at: z.string(),
    id: z.string(),
    actor: z.string(),
    action: z.string(),
    label: LabelBody,
    sources: z.array(LabelSourceBody),
    destinationId: z.string(),
    destinationTitle: z.string(),
    tier: z.string(),
    effect: z.enum(effects),
    reason: z.string(),
    rules: z.array(z.string()),
    policyVersion: z.string(),
    runId: z.string().nullable(),
    conversationId: z.string().nullable(),
    model: z.string().nullable(),
    outcome: OutcomeView.nullable().meta({ description: 'null as long as what became of it is unknown.' }),
  })
  .meta({ id: 'PolicyDecision' });

export const listPolicyDecisions = endpoint({
  operationId: 'decisions.list',
  method: 'GET',
  path: '/api/decisions',
  tag: 'Policy',
  summary: {
    en: 'What policy decided, newest first, with what became of it.',
    fr: 'Ce que la politique a décidé, le plus récent d’abord, et ce qu’il en est advenu.',
  },
  dialect: 'native',
  right: 'audit.read',
  query: z.object({
    limit: wholeNumber({ min: 1, max: 500 }).default(50),
    cursor: wholeNumber({ max: Number.MAX_SAFE_INTEGER }).optional(),
    person: z.string().max(100).optional(),
    effect: z.enum(effects).optional(),
    destination: z.string().max(200).optional(),
  }),
  replies: {
    200: z
      .object({ decisions: z.array(DecisionView), nextCursor: z.string().nullable() })
      .meta({ id: 'PolicyDecisionList' }),
  },
  errors: ['audit_unavailable'],
  async handle({ query: { limit, cursor, person, effect, destination } }, { rooms: { governance } }) {
    const found = await listDecisions(governance.audit, { limit, beforeSeq: cursor, person, effect, destination });
    const nextCursor = found.nextSeq === null ? null : String(found.nextSeq);
    return { json: { decisions: found.decisions.map(toView), nextCursor } };
  },
});

/** Of an outcome what this page shows; its record holds more. */
function outcomeView({ at, data }: AuditRecord): Record<string, unknown> {
  const shown = Object.keys(OutcomeView.shape).filter((name) => data[name] !== undefined);
  return { ...Object.fromEntries(shown.map((name) => [name, data[name]])), at };
}

function toView({ record: { seq, at, actor, data }, outcome }: PastDecision): Record<string, unknown> {
  const { id, action, label, sources, effect, reason, rules, policyVersion } = data;
  const { runId = null, conversationId = null, model = null } = data;
  const place = data.destination as { id: string; title: string; tier: string };
  const where = { destinationId: place.id, destinationTitle: place.title, tier: place.tier };
  const what = { id, actor, action, label, sources, ...where, effect, reason, rules, policyVersion };
  return { seq, at, ...what, runId, conversationId, model, outcome: outcome && outcomeView(outcome) };
}
