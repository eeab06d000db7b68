import { z } from 'zod';
import { endpoint } from '../http/endpoint.ts';
import { unfit } from '../http/missing.ts';
import { Id } from './conversation-schemas.ts';
import { days, daysOf, QuotaChange, QuotaCreate, QuotaView, quotaView, UsageRow } from './people-schemas.ts';

const params = z.object({ id: Id });
const shared = { tag: 'Quotas', dialect: 'native', right: 'admin.people' } as const;

export const listQuotas = endpoint({
  operationId: 'quotas.list',
  method: 'GET',
  path: '/api/quotas',
  summary: { en: 'Every cap and how much of it is taken.', fr: 'Chaque plafond et ce qui en est pris.' },
  ...shared,
  right: 'usage.read',
  replies: { 200: z.object({ quotas: z.array(QuotaView) }).meta({ id: 'QuotaList' }) },
  errors: ['database_unavailable'],
  handle: (_input, { rooms }) => ({ json: { quotas: rooms.identity.quotas.list().map(quotaView) } }),
});

export const createQuota = endpoint({
  operationId: 'quotas.create',
  method: 'POST',
  path: '/api/quotas',
  summary: {
    en: 'Caps a person, group, model, key or everybody, in requests, tokens or money.',
    fr: 'Plafonne une personne, un groupe, un modèle, une clé ou tous, en demandes, en jetons ou en argent.',
  },
  ...shared,
  body: QuotaCreate,
  replies: { 201: QuotaView },
  errors: ['conflict', 'database_unavailable', 'audit_unavailable'],
  async handle({ body }, { rooms, who }) {
    return { json: quotaView(await rooms.identity.quotas.create(who, body).catch(unfit)), status: 201 };
  },
});

export const changeQuota = endpoint({
  operationId: 'quotas.change',
  method: 'PUT',
  path: '/api/quotas/{id}',
  summary: { en: 'Changes the limit of a cap.', fr: 'Modifie la limite d’un plafond.' },
  ...shared,
  params,
  body: QuotaChange,
  replies: { 200: QuotaView },
  errors: ['not_found', 'conflict', 'database_unavailable', 'audit_unavailable'],
  async handle({ params: { id }, body }, { rooms, who }) {
    return { json: quotaView(await rooms.identity.quotas.change(who, id, body).catch(unfit)) };
  },
});

export const deleteQuota = endpoint({
  operationId: 'quotas.delete',
  method: 'DELETE',
  path: '/api/quotas/{id}',
  summary: { en: 'Removes a cap.', fr: 'Supprime un plafond.' },
  ...shared,
  params,
  replies: { 204: null },
  errors: ['not_found', 'database_unavailable', 'audit_unavailable'],
  async handle({ params: { id } }, { rooms, who }) {
    await rooms.identity.quotas.remove(who, id);
    return { empty: 204 };
  },
});

export const getUsage = endpoint({
  operationId: 'usage.get',
  method: 'GET',
  path: '/api/usage',
  summary: {
    en: 'What was used, by person, group, model or key.',
    fr: 'Ce qui a été utilisé, par personne, groupe, modèle ou clé.',
  },
  ...shared,
  right: 'usage.read',
  query: z.object({ by: z.enum(['person', 'group', 'model', 'key']).optional(), days }),
  replies: { 200: z.object({ rows: z.array(UsageRow) }).meta({ id: 'UsageTable' }) },
  errors: ['database_unavailable'],
  async handle({ query }, { rooms }) {
    return { json: { rows: await rooms.identity.usage.by(query.by ?? 'person', daysOf(query.days)) } };
  },
});
