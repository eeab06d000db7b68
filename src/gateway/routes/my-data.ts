import { z } from 'zod';
import { IntramurosError } from '../../base/index.ts';
import type { Who } from '../../identity/index.ts';
import { endpoint } from '../http/endpoint.ts';
import { Id, storable } from './conversation-schemas.ts';
import { ErasureReceipt, HeldView } from './evidence-schemas.ts';

/** A key that leaked must not take everything away, nor out. */
function mustBePresent({ kind }: Who): void {
  if (kind !== 'key') return;
  const message =
    'Only the person themselves, signed in at the page, may take out or erase all that is theirs. A key cannot.';
  throw new IntramurosError('forbidden', message, { facts: { reason: 'no_session' } });
}

const Erased = z.object({ receipt: ErasureReceipt }).meta({ id: 'Erasure' });

export const getHeld = endpoint({
  operationId: 'me.held',
  method: 'GET',
  path: '/api/me/held',
  tag: 'Me',
  right: 'any',
  summary: {
    en: 'Everything held about me, who else read it, and which models saw it.',
    fr: 'Tout ce qui est détenu sur moi, qui d’autre l’a lu, et quels modèles l’ont vu.',
  },
  dialect: 'native',
  replies: { 200: HeldView },
  errors: ['database_unavailable', 'audit_unavailable'],
  async handle(_input, { rooms: { evidence }, who }) {
    const { models, ...held } = await evidence.held(who);
    return { json: { ...held, models: models.map(({ bytesReceived: _, ...model }) => model) } };
  },
});

export const exportMe = endpoint({
  operationId: 'me.export',
  method: 'GET',
  path: '/api/me/export',
  tag: 'Me',
  right: 'any',
  summary: {
    en: 'Everything held about me, as one JSON file.',
    fr: 'Tout ce qui est détenu sur moi, en un fichier JSON.',
  },
  dialect: 'native',
  replies: { 200: z.looseObject({ format: z.literal('intramuros.person') }).meta({ id: 'PersonExport' }) },
  errors: ['database_unavailable', 'audit_unavailable', 'key_unavailable'],
  async handle(_input, { rooms: { evidence }, who }) {
    mustBePresent(who);
    const headers = { 'content-disposition': 'attachment; filename="intramuros-my-data.json"' };
    return { stream: await evidence.exportOf(who), contentType: 'application/json', headers, keepAlive: '' };
  },
});

export const eraseMe = endpoint({
  operationId: 'me.erase',
  method: 'POST',
  path: '/api/me/erase',
  tag: 'Me',
  right: 'any',
  summary: {
    en: 'Erases all that I said and was answered, for good, and gives a receipt.',
    fr: 'Efface pour de bon tout ce que j’ai dit et ce qui m’a été répondu, et en donne un reçu.',
  },
  dialect: 'native',
  body: z
    .strictObject({ confirm: storable(200).min(1).meta({ description: 'My sign-in name.' }) })
    .meta({ id: 'ErasureRequest' }),
  replies: { 200: Erased },
  errors: ['conflict', 'database_unavailable', 'audit_unavailable', 'key_unavailable'],
  async handle({ body: { confirm } }, { rooms: { evidence }, who }) {
    mustBePresent(who);
    if (confirm !== who.name) {
      const message = `To erase everything, "confirm" must be your sign-in name, "${who.name}".`;
      throw new IntramurosError('conflict', message, { facts: { field: 'confirm', reason: 'not_confirmed' } });
    }
    return { json: { receipt: await evidence.erase(who) } };
  },
});

export const eraseConversation = endpoint({
  operationId: 'conversations.erase',
  method: 'POST',
  path: '/api/conversations/{id}/erase',
  tag: 'Conversations',
  summary: {
    en: 'Erases a conversation for good, from backups too, and gives a receipt.',
    fr: 'Efface une conversation pour de bon, des sauvegardes aussi, et en donne un reçu.',
  },
  dialect: 'native',
  params: z.object({ id: Id }),
  replies: { 200: Erased },
  errors: ['conversation_not_found', 'database_unavailable', 'audit_unavailable', 'key_unavailable'],
  async handle({ params: { id } }, { rooms: { evidence }, who }) {
    return { json: { receipt: await evidence.eraseConversation(who, id) } };
  },
});
