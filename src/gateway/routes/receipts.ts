import { z } from 'zod';
import { endpoint } from '../http/endpoint.ts';
import { Id } from './conversation-schemas.ts';
import { ReceiptView } from './evidence-schemas.ts';

export const getReceipt = endpoint({
  operationId: 'messages.receipt',
  method: 'GET',
  path: '/api/messages/{id}/receipt',
  tag: 'Conversations',
  summary: {
    en: 'The receipt of an answer of mine: what was decided and what answered, provable to a stranger.',
    fr: 'Le reçu d’une de mes réponses : ce qui a été décidé et ce qui a répondu, prouvable à un tiers.',
  },
  dialect: 'native',
  params: z.object({ id: Id }),
  replies: { 200: ReceiptView },
  errors: ['message_not_found', 'not_found', 'database_unavailable', 'audit_unavailable', 'key_unavailable'],
  async handle({ params: { id } }, { rooms: { evidence }, who }) {
    const receipt = await evidence.receipt(who, id);
    const headers = { 'content-disposition': `inline; filename="intramuros-receipt-${id}.json"` };
    return { json: receipt, headers };
  },
});
