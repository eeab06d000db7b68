import { z } from 'zod';
import { endpoint } from '../http/endpoint.ts';
import { asConflict, asMissing } from '../http/missing.ts';
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
  async handle({ query: { q, limit, cursor } }, { rooms }) {
    const asked = { q, cursor, ...(limit === undefined ? {} : { limit: Number(limit) }) };
    const page = await rooms.conversations.list(asked).catch(asMissing(cursor !== undefined, 'not_found'));
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
  async handle({ body }, { rooms }) {
    const created = await rooms.conversations.create(body);
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
  async handle({ params: { id } }, { rooms }) {
    return { json: await rooms.conversations.get(id) };
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
    })
    .meta({ id: 'ConversationUpdate' }),
  replies: { 200: Conversation },
  errors: ['conversation_not_found', 'conflict', 'database_unavailable', 'disk_full'],
  async handle({ params: { id }, body }, { rooms }) {
    const change = rooms.conversations.update(id, body);
    return { json: await change.catch(asConflict('message_not_found')) };
  },
});

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
  async handle({ params: { id } }, { rooms }) {
    await rooms.runs.stopAll(id);
    await rooms.conversations.remove(id);
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
  async handle({ params: { id } }, { rooms }) {
    return { json: { messages: await rooms.conversations.messages(id), activeRuns: rooms.runs.active(id) } };
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
  async handle({ params: { id, messageId } }, { rooms }) {
    await rooms.conversations.removeMessage(id, messageId);
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
  errors: ['conversation_not_found', 'database_unavailable'],
  async handle({ params: { id }, query }, { rooms, acceptLanguage }) {
    const language = query.language ?? (/^\s*fr\b/i.test(acceptLanguage ?? '') ? 'fr' : 'en');
    const text = await rooms.conversations.export(id, {
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
      },
    };
  },
});
