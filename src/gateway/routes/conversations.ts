import { z } from 'zod';
import { IntramurosError } from '../../base/index.ts';
import type { Marked } from '../../conversations/index.ts';
import { conversationsOf } from '../../flows/index.ts';
import { formatLabel, isWithin, type Label } from '../../policy/index.ts';
import { endpoint, type RequestContext } from '../http/endpoint.ts';
import { asConflict, asMissing } from '../http/missing.ts';
import { GivenLabel, givenLabel, labelHeader, runsOf } from '../labelling.ts';
import { Conversation, ConversationList, Id, Message, storable, titleText } from './conversation-schemas.ts';

const params = z.object({ id: Id });

export const listConversations = endpoint({
  operationId: 'conversations.list',
  method: 'GET',
  path: '/api/conversations',
  tag: 'Conversations',
  summary: {
    en: 'Conversations, the last touched first; `q` searches titles and messages.',
    fr: 'Les conversations, la dernière touchée d’abord ; `q` cherche dans les titres et les messages.',
  },
  dialect: 'native',
  query: z.object({
    q: storable(500).optional().meta({ description: 'Words to find; accents do not matter.' }),
    limit: z
      .string()
      .regex(/^[0-9]+$/, 'wanted a whole number from 1 to 100')
      .optional()
      .meta({
        description: 'Most conversations of a page, 1 to 100.',
        type: 'integer',
        minimum: 1,
        maximum: 100,
        pattern: undefined,
      }),
    cursor: storable(500).optional().meta({ description: '`nextCursor` of the page before.' }),
  }),
  replies: { 200: ConversationList },
  errors: ['not_found', 'database_unavailable'],
  async handle({ query: { q, limit, cursor } }, { rooms, who }) {
    const asked = { q, cursor, ...(limit === undefined ? {} : { limit: Number(limit) }) };
    const page = await conversationsOf(rooms, who)
      .list(asked)
      .catch(asMissing(cursor !== undefined, 'not_found'));
    return { json: { conversations: page.conversations, nextCursor: page.nextCursor ?? null } };
  },
});

export const createConversation = endpoint({
  operationId: 'conversations.create',
  method: 'POST',
  path: '/api/conversations',
  tag: 'Conversations',
  summary: { en: 'Opens a conversation.', fr: 'Ouvre une conversation.' },
  dialect: 'native',
  body: z
    .strictObject({ title: titleText.optional(), model: storable(500).min(1).optional() })
    .meta({ id: 'ConversationCreate' }),
  bodyOptional: true,
  replies: { 201: Conversation },
  errors: ['database_unavailable', 'disk_full'],
  async handle({ body }, { rooms, who }) {
    const created = await conversationsOf(rooms, who).create(body);
    return { json: created, status: 201, headers: { location: `/api/conversations/${created.id}` } };
  },
});

export const getConversation = endpoint({
  operationId: 'conversations.get',
  method: 'GET',
  path: '/api/conversations/{id}',
  tag: 'Conversations',
  summary: { en: 'One conversation, without its messages.', fr: 'Une conversation, sans ses messages.' },
  dialect: 'native',
  params,
  replies: { 200: Conversation },
  errors: ['conversation_not_found', 'database_unavailable'],
  async handle({ params: { id } }, { rooms, who }) {
    return { json: await conversationsOf(rooms, who).get(id) };
  },
});

export const updateConversation = endpoint({
  operationId: 'conversations.update',
  method: 'PATCH',
  path: '/api/conversations/{id}',
  tag: 'Conversations',
  summary: {
    en: 'Renames a conversation, changes its model or the branch that is looked at.',
    fr: 'Renomme une conversation, change son modèle ou la branche regardée.',
  },
  dialect: 'native',
  params,
  body: z
    .strictObject({
      title: titleText.optional(),
      model: storable(500).min(1).optional(),
      activeLeafId: Id.optional(),
      label: GivenLabel.optional().meta({ description: 'Raises the label; a lower one is refused with 403.' }),
    })
    .meta({ id: 'ConversationUpdate' }),
  replies: { 200: Conversation },
  errors: ['conversation_not_found', 'forbidden', 'conflict', 'audit_unavailable', 'database_unavailable', 'disk_full'],
  async handle({ params: { id }, body }, context) {
    const { label, ...values } = body;
    const raise = label && (await raiseOf(id, givenLabel(label), context));
    const change = conversationsOf(context.rooms, context.who).update(id, { ...values, raise });
    return { json: await change.catch(asConflict('message_not_found')) };
  },
});

/** A raise of a conversation's label, recorded before it is made. @throws {IntramurosError} `forbidden` for one that lowers. */
async function raiseOf(id: string, to: Label, { rooms, who }: RequestContext): Promise<Marked> {
  const { label: from } = await conversationsOf(rooms, who).get(id);
  if (!isWithin(from, to)) {
    throw new IntramurosError(
      'forbidden',
      `This conversation is labelled ${formatLabel(from)}; ${formatLabel(to)} would take something of that away. A label is only raised here: propose to lower it, with a reason.`,
      { facts: { right: 'label.lower', todo: 'proposal', from: formatLabel(from), to: formatLabel(to) } },
    );
  }
  const data = { what: 'conversation.raised', conversationId: id, from, to };
  const { at } = await rooms.audit.append({ kind: 'label', actor: who.personId, data });
  return { label: to, sources: [{ kind: 'person', id: who.personId, label: to, by: who.personId, at }] };
}

export const deleteConversation = endpoint({
  operationId: 'conversations.delete',
  method: 'DELETE',
  path: '/api/conversations/{id}',
  tag: 'Conversations',
  summary: { en: 'Deletes a conversation with its messages.', fr: 'Supprime une conversation et ses messages.' },
  dialect: 'native',
  params,
  replies: { 204: null },
  errors: ['conversation_not_found', 'database_unavailable'],
  async handle({ params: { id } }, { rooms, who }) {
    await conversationsOf(rooms, who).get(id);
    await runsOf(rooms, who).stopAll(id);
    await conversationsOf(rooms, who).remove(id);
    return { empty: 204 };
  },
});

export const listMessages = endpoint({
  operationId: 'conversations.messages.list',
  method: 'GET',
  path: '/api/conversations/{id}/messages',
  tag: 'Conversations',
  summary: {
    en: 'The whole tree of messages in order of creation, and the answers being written.',
    fr: 'L’arbre entier des messages dans l’ordre de création, et les réponses en cours.',
  },
  dialect: 'native',
  params,
  replies: {
    200: z
      .object({
        messages: z.array(Message),
        activeRuns: z.array(z.object({ runId: z.string(), messageId: z.string() })),
      })
      .meta({ id: 'MessageTree' }),
  },
  errors: ['conversation_not_found', 'database_unavailable'],
  async handle({ params: { id } }, { rooms, who }) {
    const messages = await conversationsOf(rooms, who).messages(id);
    return { json: { messages, activeRuns: runsOf(rooms, who).active(id) } };
  },
});

export const deleteMessage = endpoint({
  operationId: 'conversations.messages.delete',
  method: 'DELETE',
  path: '/api/conversations/{id}/messages/{messageId}',
  tag: 'Conversations',
  summary: {
    en: 'Deletes a message and all that follows from it.',
    fr: 'Supprime un message et tout ce qui en découle.',
  },
  dialect: 'native',
  params: z.object({ id: Id, messageId: Id }),
  replies: { 204: null },
  errors: ['conversation_not_found', 'message_not_found', 'database_unavailable'],
  async handle({ params: { id, messageId } }, { rooms, who }) {
    await conversationsOf(rooms, who).removeMessage(id, messageId);
    return { empty: 204 };
  },
});

export const exportConversation = endpoint({
  operationId: 'conversations.export',
  method: 'GET',
  path: '/api/conversations/{id}/export',
  tag: 'Conversations',
  summary: {
    en: 'A conversation as a document, every branch of it.',
    fr: 'Une conversation en document, avec toutes ses branches.',
  },
  dialect: 'native',
  params,
  query: z.object({
    format: z.enum(['markdown', 'json']).default('markdown'),
    language: z.enum(['fr', 'en']).optional(),
    thinking: z.enum(['true', 'false']).optional().meta({ description: 'Also what the model thought.' }),
  }),
  replies: { 200: z.string() },
  replyTypes: ['text/markdown', 'application/json'],
  errors: ['conversation_not_found', 'audit_unavailable', 'database_unavailable'],
  async handle({ params: { id }, query }, { rooms, who, acceptLanguage }) {
    const language = query.language ?? (/^\s*fr\b/i.test(acceptLanguage ?? '') ? 'fr' : 'en');
    const mine = conversationsOf(rooms, who);
    const { label } = await mine.get(id);
    const data = { what: 'conversation.exported', conversationId: id, label, format: query.format };
    await rooms.audit.append({ kind: 'label', actor: who.personId, data });
    const text = await mine.export(id, {
      format: query.format,
      language,
      thinking: query.thinking === 'true',
    });
    const json = query.format === 'json';
    return {
      text,
      contentType: json ? 'application/json; charset=utf-8' : 'text/markdown; charset=utf-8',
      headers: {
        'content-disposition': `attachment; filename="${id}.${json ? 'json' : 'md'}"`,
        'cache-control': 'no-store',
        'x-intramuros-label': labelHeader(label),
      },
    };
  },
});
