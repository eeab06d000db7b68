import { z } from 'zod';
import { controllerFields } from '../../evidence/index.ts';
import { endpoint } from '../http/endpoint.ts';
import { storable } from './conversation-schemas.ts';
import { Article30View } from './evidence-schemas.ts';

const path = '/api/evidence/article-30';
const Field = storable(4_000);

export const getArticle30 = endpoint({
  operationId: 'evidence.article30.get',
  method: 'GET',
  path,
  tag: 'Audit',
  summary: {
    en: 'The record of processing (GDPR, article 30), from what this installation really has.',
    fr: 'Le registre des traitements (RGPD, article 30), d’après ce que cette installation a vraiment.',
  },
  dialect: 'native',
  right: 'audit.read',
  replies: { 200: Article30View },
  errors: ['database_unavailable', 'audit_unavailable'],
  async handle(_input, { rooms: { evidence } }) {
    return { json: await evidence.article30() };
  },
});

export const putArticle30 = endpoint({
  operationId: 'evidence.article30.put',
  method: 'PUT',
  path,
  tag: 'Audit',
  summary: {
    en: 'Writes down what the controller alone can say; the change is on record.',
    fr: 'Note ce que seul le responsable peut dire ; le changement est consigné.',
  },
  dialect: 'native',
  right: 'admin.policy',
  body: z
    .strictObject(
      Object.fromEntries(controllerFields.map((name) => [name, Field])) as Record<
        (typeof controllerFields)[number],
        typeof Field
      >,
    )
    .meta({ id: 'Article30Change' }),
  replies: { 200: Article30View },
  errors: ['database_unavailable', 'audit_unavailable'],
  async handle({ body }, { rooms: { evidence }, who }) {
    await evidence.setArticle30(who.personId, body);
    return { json: await evidence.article30() };
  },
});
