import { z } from 'zod';
import type { AuditKind } from '../../audit/index.ts';
import { exportFormats, type LogStatus } from '../../evidence/index.ts';
import { endpoint } from '../http/endpoint.ts';
import { wholeNumber } from '../http/whole-number.ts';
import {
  AnssiView,
  AuditRecordView,
  AuditStateView,
  AuditVerification,
  InclusionProofView,
} from './evidence-schemas.ts';

const kinds = [
  ...(['decision', 'outcome', 'policy', 'label', 'identity', 'upstream', 'egress', 'system'] as const),
  ...(['erasure', 'access', 'checkpoint', 'export', 'anchor'] as const),
] as const satisfies readonly AuditKind[];

const Kinds = z
  .string()
  .regex(new RegExp(`^(${kinds.join('|')})(,(${kinds.join('|')}))*$`))
  .transform((text) => text.split(',') as AuditKind[]);
/** Milliseconds since 1970, up to the year 9999. */
const Ms = wholeNumber({ max: 253_402_300_799_999 });
const Seq = wholeNumber({ max: Number.MAX_SAFE_INTEGER });

function toState({
  checkpoint,
  failure,
  oldestAt,
  retentionMonths,
  anchors,
  ...status
}: LogStatus): Record<string, unknown> {
  return {
    ...status,
    failure: failure ?? null,
    checkpoint: checkpoint
      ? { size: checkpoint.size, root: checkpoint.root, at: checkpoint.at, text: checkpoint.note }
      : null,
    anchors: anchors.map(({ words: _words, ...anchor }) => anchor),
    retention: { months: retentionMonths, oldestAt: oldestAt ?? null },
  };
}

export const getAudit = endpoint({
  operationId: 'audit.get',
  method: 'GET',
  path: '/api/audit',
  tag: 'Audit',
  summary: {
    en: 'The log of the house: its size, its newest signed checkpoint, and who outside confirmed it.',
    fr: 'Le journal de la maison : sa taille, son dernier point de contrôle signé, et qui au-dehors l’a confirmé.',
  },
  dialect: 'native',
  right: 'audit.read',
  replies: { 200: AuditStateView },
  errors: ['audit_unavailable'],
  async handle(_input, { rooms: { evidence } }) {
    return { json: toState(await evidence.status()) };
  },
});

export const listAuditRecords = endpoint({
  operationId: 'audit.records.list',
  method: 'GET',
  path: '/api/audit/records',
  tag: 'Audit',
  summary: { en: 'Records of the log, newest first.', fr: 'Les enregistrements du journal, les plus récents d’abord.' },
  dialect: 'native',
  right: 'audit.read',
  query: z.object({
    kinds: Kinds.optional().meta({ description: 'Kinds, separated by commas; all when absent.' }),
    actor: z.string().min(1).max(200).optional(),
    text: z.string().min(1).max(200).optional().meta({ description: 'Stands somewhere in the record.' }),
    sinceMs: Ms.optional(),
    untilMs: Ms.optional(),
    beforeSeq: Seq.optional().meta({ description: 'Where a reading goes on: the `nextSeq` of the page before.' }),
    limit: wholeNumber({ min: 1, max: 500 }).default(50),
  }),
  replies: {
    200: z.object({ records: z.array(AuditRecordView), nextSeq: z.int().nullable() }).meta({ id: 'AuditRecordList' }),
  },
  errors: ['audit_unavailable'],
  async handle({ query }, { rooms: { evidence } }) {
    return { json: await evidence.search(query) };
  },
});

export const proveAuditRecord = endpoint({
  operationId: 'audit.records.proof',
  method: 'GET',
  path: '/api/audit/records/{seq}/proof',
  tag: 'Audit',
  summary: {
    en: 'The proof that a record is in the log, for somebody who trusts nobody here.',
    fr: 'La preuve qu’un enregistrement est au journal, pour qui ne se fie à personne ici.',
  },
  dialect: 'native',
  right: 'audit.read',
  params: z.object({ seq: Seq }),
  replies: {
    200: z
      .object({ proof: InclusionProofView, cosignatures: z.array(z.string()), timestamps: z.array(z.string()) })
      .meta({ id: 'AuditProof' }),
  },
  errors: ['not_found', 'audit_unavailable'],
  async handle({ params: { seq } }, { rooms: { evidence } }) {
    return { json: await evidence.prove(seq) };
  },
});

export const verifyAudit = endpoint({
  operationId: 'audit.verify',
  method: 'POST',
  path: '/api/audit/verify',
  tag: 'Audit',
  summary: {
    en: 'Verifies the whole log with the file that auditors take away.',
    fr: 'Vérifie tout le journal avec le fichier que les auditeurs emportent.',
  },
  dialect: 'native',
  right: 'audit.read',
  replies: { 200: AuditVerification },
  errors: ['audit_unavailable'],
  async handle(_input, { rooms: { evidence }, signal }) {
    return { json: await evidence.verify({ signal }) };
  },
});

export const exportAudit = endpoint({
  operationId: 'audit.export',
  method: 'GET',
  path: '/api/audit/export',
  tag: 'Audit',
  summary: {
    en: 'The log as lines: byte for byte, or as events of OCSF. The export is itself on record.',
    fr: 'Le journal en lignes : octet pour octet, ou en événements OCSF. L’export est lui-même consigné.',
  },
  dialect: 'native',
  right: 'audit.read',
  query: z.object({
    format: z.enum(exportFormats).default('jsonl'),
    sinceMs: Ms.optional(),
    untilMs: Ms.optional(),
  }),
  replies: { 200: z.string() },
  replyTypes: ['application/x-ndjson'],
  errors: ['audit_unavailable'],
  async handle({ query }, { rooms: { evidence }, who }) {
    const stream = await evidence.export({ ...query, by: who.personId });
    const name = query.format === 'ocsf' ? 'intramuros-audit-ocsf.ndjson' : 'intramuros-audit.jsonl';
    const headers = { 'content-disposition': `attachment; filename="${name}"` };
    return { stream, contentType: 'application/x-ndjson', headers, keepAlive: '' };
  },
});

export const anchorAudit = endpoint({
  operationId: 'audit.anchor',
  method: 'POST',
  path: '/api/audit/anchor',
  tag: 'Audit',
  summary: {
    en: 'Shows the newest checkpoint to the witnesses and the timestamp authority now.',
    fr: 'Montre maintenant le dernier point de contrôle aux témoins et à l’autorité d’horodatage.',
  },
  dialect: 'native',
  right: 'audit.read',
  replies: { 200: AuditStateView },
  errors: ['audit_unavailable'],
  async handle(_input, { rooms: { evidence } }) {
    await evidence.anchor();
    return { json: toState(await evidence.status()) };
  },
});

export const getAnssiEvidence = endpoint({
  operationId: 'evidence.anssi',
  method: 'GET',
  path: '/api/evidence/anssi',
  tag: 'Audit',
  summary: {
    en: 'How this installation stands to each of the 35 recommendations of ANSSI for generative AI, and what shows it.',
    fr: 'Où en est cette installation de chacune des 35 recommandations de l’ANSSI pour l’IA générative, et ce qui le montre.',
  },
  dialect: 'native',
  right: 'audit.read',
  replies: { 200: AnssiView },
  errors: [],
  handle: (_input, { rooms: { evidence } }) => ({ json: evidence.anssi() }),
});
