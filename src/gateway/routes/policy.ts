import { z } from 'zod';
import { IntramurosError } from '../../base/index.ts';
import { subjectOf } from '../../identity/index.ts';
import { replay } from '../../policy/index.ts';
import { endpoint } from '../http/endpoint.ts';
import { requireRight } from '../http/who.ts';
import { LabelBody } from '../labelling.ts';
import {
  effects,
  LabelInput,
  notFound,
  PolicyFiles,
  PolicyFileView,
  readLabel,
  requireOneOf,
  TierView,
} from './policy-schemas.ts';

const tag = 'Policy';
const dialect = 'native';

export const getPolicy = endpoint({
  operationId: 'policy.get',
  method: 'GET',
  path: '/api/policy',
  tag,
  summary: {
    en: 'The policy in force, and what is wrong with the one that should be.',
    fr: 'La politique en vigueur, et ce qui ne va pas dans celle qui devrait l’être.',
  },
  dialect,
  replies: {
    200: z
      .object({
        version: z.string().meta({ description: 'SHA-256 of the files.' }),
        since: z.string().nullable().meta({ description: 'null for the policy that the product brings.' }),
        files: z.array(PolicyFileView),
        state: z.enum(['in-force', 'previous-in-force', 'unavailable']),
        problem: z.string().nullable(),
      })
      .meta({ id: 'PolicyState' }),
  },
  errors: [],
  handle(_input, { rooms: { governance }, who }) {
    requireOneOf(who, ['admin.policy', 'policy.approve', 'audit.read']);
    return { json: governance.policy.state };
  },
});

const PlaceAnswer = z.object({
  id: z.string(),
  title: z.string(),
  tier: TierView,
  effect: z.enum(effects),
  reason: z.string(),
  words: z.string(),
  rules: z.array(z.string()),
});

export const explainPolicy = endpoint({
  operationId: 'policy.explain',
  method: 'POST',
  path: '/api/policy/explain',
  tag,
  summary: {
    en: 'Which places may receive data of a label, and which rules say so. Nothing is sent, nothing recorded.',
    fr: 'Quels lieux peuvent recevoir des données d’un marquage, et quelles règles le disent. Rien n’est envoyé ni consigné.',
  },
  dialect,
  body: z.strictObject({
    label: LabelInput,
    action: z.enum(['infer', 'embed', 'rerank', 'tool', 'export']).default('infer'),
    personId: z
      .string()
      .max(100)
      .optional()
      .meta({ description: 'For somebody else: needs the right `admin.policy`.' }),
  }),
  replies: {
    200: z
      .object({ label: LabelBody, destinations: z.array(PlaceAnswer), nearest: z.string().nullable() })
      .meta({ id: 'PolicyExplanation' }),
  },
  errors: ['not_found', 'policy_unavailable'],
  handle({ body: { label: given, action, personId } }, { rooms: { governance }, who }) {
    const { policy } = governance;
    const label = readLabel(given, 'label');
    const other = personId !== undefined && personId !== who.personId;
    if (other) requireRight(who, 'admin.policy');
    const subject = other ? governance.subject(personId) : subjectOf(who);
    if (subject === undefined) throw notFound('person', personId ?? '');
    const request = { subject, action, label };
    const places = governance.places();
    const destinations = places.map((destination) => {
      const { id, title, tier } = destination;
      const { effect, reason, words, rules } = policy.decide({ ...request, destination });
      return { id, title, tier, effect, reason, words, rules };
    });
    return { json: { label, destinations, nearest: policy.nearest(request, places)?.id ?? null } };
  },
});

const Problem = z.object({ file: z.string(), line: z.int(), words: z.string() });
const CaseFailure = z.object({ case: z.string(), expected: z.string(), found: z.string() });

export const checkPolicy = endpoint({
  operationId: 'policy.check',
  method: 'POST',
  path: '/api/policy/check',
  tag,
  summary: {
    en: 'Reads and type-checks files, and asks their cases. Nothing comes into force.',
    fr: 'Lit et vérifie des fichiers, puis pose leurs cas. Rien n’entre en vigueur.',
  },
  dialect,
  body: z.strictObject({ files: PolicyFiles }),
  replies: {
    200: z
      .object({
        ok: z.boolean(),
        version: z.string(),
        problems: z.array(Problem),
        tests: z.object({ passed: z.int(), failed: z.int(), failures: z.array(CaseFailure) }),
      })
      .meta({ id: 'PolicyCheck' }),
  },
  errors: [],
  handle({ body: { files } }, { rooms: { governance }, who }) {
    requireOneOf(who, ['admin.policy', 'policy.approve']);
    const { ok, version, problems, tests } = governance.policy.check(files);
    return { json: { ok, version, problems, tests } };
  },
});

const Changed = z.object({
  seq: z.int(),
  at: z.string(),
  actor: z.string(),
  label: LabelBody,
  destinationId: z.string(),
  before: z.enum(effects),
  after: z.enum(effects),
  reason: z.string(),
  rules: z.array(z.string()),
});

export const simulatePolicy = endpoint({
  operationId: 'policy.simulate',
  method: 'POST',
  path: '/api/policy/simulate',
  tag,
  summary: {
    en: 'Asks the decisions of the last days again under other files, and lists those that change.',
    fr: 'Repose les décisions des derniers jours sous d’autres fichiers, et liste celles qui changent.',
  },
  dialect,
  body: z.strictObject({ files: PolicyFiles, days: z.int().min(1).max(400).default(30) }),
  replies: {
    200: z
      .object({
        decisions: z.int(),
        changes: z.int(),
        changed: z.array(Changed).meta({ description: 'The newest of the changes.' }),
        truncated: z.boolean(),
      })
      .meta({ id: 'PolicySimulation' }),
  },
  errors: ['policy_invalid', 'audit_unavailable'],
  async handle({ body: { files, days } }, { rooms: { governance }, who, signal }) {
    requireOneOf(who, ['admin.policy', 'policy.approve']);
    const { policy, audit } = governance;
    const decider = policy.candidate(files);
    try {
      return { json: await replay(audit, decider, { nowMs: governance.now(), days, signal }) };
    } catch (error) {
      if (signal.aborted || error instanceof IntramurosError) throw error;
      throw new IntramurosError('policy_invalid', `These files fail on a past decision: ${(error as Error).message}`, {
        cause: error,
      });
    } finally {
      decider.close();
    }
  },
});
