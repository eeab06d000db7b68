import { z } from 'zod';
import { subjectOf } from '../../identity/index.ts';
import { UpstreamInput, UpstreamPatch } from '../../upstreams/index.ts';
import { endpoint } from '../http/endpoint.ts';
import { asConflict, unfit } from '../http/missing.ts';
import type { GatewayRooms } from '../rooms.ts';
import { Id, storable } from './conversation-schemas.ts';
import { toUpstreamView, UpstreamTestView, UpstreamView } from './upstream-schemas.ts';

const params = z.object({ id: Id });
const version = z.int().min(1).meta({ description: 'The one that was seen; a stale one is a conflict.' });
const storing = ['database_unavailable', 'disk_full', 'audit_unavailable'] as const;

const view = ({ upstreams }: GatewayRooms, id: string) => toUpstreamView(upstreams.get(id), upstreams.health(id));

export const listUpstreams = endpoint({
  operationId: 'upstreams.list',
  method: 'GET',
  path: '/api/upstreams',
  tag: 'Upstreams',
  summary: {
    en: 'The remote services that may answer, with what was declared of them and how they do.',
    fr: 'Les services distants qui peuvent répondre, ce qui en a été déclaré et leur état.',
  },
  dialect: 'native',
  right: 'admin.upstreams',
  replies: { 200: z.object({ upstreams: z.array(UpstreamView) }).meta({ id: 'UpstreamList' }) },
  errors: [],
  handle(_input, { rooms }) {
    return { json: { upstreams: rooms.upstreams.list().map(({ id }) => view(rooms, id)) } };
  },
});

export const createUpstream = endpoint({
  operationId: 'upstreams.create',
  method: 'POST',
  path: '/api/upstreams',
  tag: 'Upstreams',
  summary: { en: 'Declares a remote service.', fr: 'Déclare un service distant.' },
  dialect: 'native',
  right: 'admin.upstreams',
  body: UpstreamInput,
  replies: { 201: UpstreamView },
  errors: ['conflict', 'secret_unavailable', ...storing],
  async handle({ body }, { rooms, who }) {
    const { id } = await rooms.upstreams.create(body, who).catch(unfit);
    return { json: view(rooms, id), status: 201, headers: { location: `/api/upstreams/${id}` } };
  },
});

export const getUpstream = endpoint({
  operationId: 'upstreams.get',
  method: 'GET',
  path: '/api/upstreams/{id}',
  tag: 'Upstreams',
  summary: { en: 'One remote service.', fr: 'Un service distant.' },
  dialect: 'native',
  right: 'admin.upstreams',
  params,
  replies: { 200: UpstreamView },
  errors: ['not_found'],
  handle({ params: { id } }, { rooms }) {
    return { json: view(rooms, id) };
  },
});

export const updateUpstream = endpoint({
  operationId: 'upstreams.update',
  method: 'PATCH',
  path: '/api/upstreams/{id}',
  tag: 'Upstreams',
  summary: {
    en: 'Changes what was declared; who changes attributes of a place has declared them.',
    fr: 'Change ce qui a été déclaré ; qui change les attributs d’un lieu les a déclarés.',
  },
  dialect: 'native',
  right: 'admin.upstreams',
  params,
  body: UpstreamPatch.extend({ version }).meta({ id: 'UpstreamUpdate' }),
  replies: { 200: UpstreamView },
  errors: ['not_found', 'conflict', 'secret_unavailable', ...storing],
  async handle({ params: { id }, body: { version: seen, ...patch } }, { rooms, who }) {
    await rooms.upstreams.update(id, seen, patch, who).catch(unfit);
    return { json: view(rooms, id) };
  },
});

export const deleteUpstream = endpoint({
  operationId: 'upstreams.delete',
  method: 'DELETE',
  path: '/api/upstreams/{id}',
  tag: 'Upstreams',
  summary: { en: 'Removes a remote service and its secret.', fr: 'Retire un service distant et son secret.' },
  dialect: 'native',
  right: 'admin.upstreams',
  params,
  replies: { 204: null },
  errors: ['not_found', 'conflict', ...storing],
  async handle({ params: { id } }, { rooms, who }) {
    await rooms.upstreams.remove(id, who);
    return { empty: 204 };
  },
});

export const testUpstream = endpoint({
  operationId: 'upstreams.test',
  method: 'POST',
  path: '/api/upstreams/{id}/test',
  tag: 'Upstreams',
  summary: {
    en: 'Asks a remote service one small question, through the policy and the egress door; checks every replica.',
    fr: 'Pose une petite question à un service distant, à travers la politique et la porte de sortie ; vérifie chaque réplique.',
  },
  dialect: 'native',
  right: 'admin.upstreams',
  params,
  body: z
    .strictObject({
      model: storable(300).min(1).optional().meta({ description: 'The first declared when absent.' }),
    })
    .meta({ id: 'UpstreamTestRequest' }),
  bodyOptional: true,
  replies: { 200: UpstreamTestView },
  errors: ['not_found', 'conflict'],
  restated: { 409: ['model_not_found'] },
  async handle({ params: { id }, body }, { rooms, who, signal }) {
    await rooms.upstreams.check(id, { signal });
    const model = body?.model === undefined ? {} : { model: body.model };
    const tested = rooms.upstreams.test(id, { ...model, subject: subjectOf(who), signal });
    return { json: await tested.catch(asConflict('model_not_found')) };
  },
});
