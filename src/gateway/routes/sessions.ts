import { z } from 'zod';
import { IntramurosError } from '../../base/index.ts';
import type { Session, Who } from '../../identity/index.ts';
import { endpoint } from '../http/endpoint.ts';
import { clearedCookie } from '../http/session-cookie.ts';
import { Id } from './conversation-schemas.ts';

const SessionRow = z
  .object({
    id: z.string(),
    createdAt: z.string(),
    lastSeenAt: z.string(),
    expiresAt: z.string(),
    address: z.string().nullable().meta({ description: 'Where it was opened from.' }),
    origin: z.enum(['local', 'oidc', 'ldap']),
    current: z.boolean().meta({ description: 'Whether it is the session of this request.' }),
  })
  .meta({ id: 'OpenSession' });
const SessionList = z.object({ sessions: z.array(SessionRow) }).meta({ id: 'OpenSessionList' });

const view =
  (who: Who) =>
  ({ personId: _, address, ...session }: Session): z.input<typeof SessionRow> => ({
    ...session,
    address: address ?? null,
    current: session.id === who.sessionId,
  });

/** A key that leaked must neither see where its person is signed in nor put them out. */
function mustBePresent({ kind }: Who): void {
  if (kind !== 'key') return;
  const message = 'Sessions are seen and ended by the person, signed in at the page. A key cannot.';
  throw new IntramurosError('forbidden', message, { facts: { reason: 'no_session' } });
}

const params = z.object({ id: Id });
const mine = { tag: 'Me', dialect: 'native', right: 'any' } as const;
const storing = ['database_unavailable', 'audit_unavailable'] as const;

export const listMySessions = endpoint({
  ...mine,
  operationId: 'me.sessions.list',
  method: 'GET',
  path: '/api/me/sessions',
  summary: { en: 'Where I am signed in, last used first.', fr: 'Où je suis connecté, usage le plus récent d’abord.' },
  replies: { 200: SessionList },
  errors: ['forbidden', 'database_unavailable'],
  async handle(_input, { rooms, who }) {
    mustBePresent(who);
    return { json: { sessions: (await rooms.identity.sessions.list(who.personId)).map(view(who)) } };
  },
});

export const endMySession = endpoint({
  ...mine,
  operationId: 'me.sessions.end',
  method: 'DELETE',
  path: '/api/me/sessions/{id}',
  summary: { en: 'Ends a session of mine at once.', fr: 'Met fin aussitôt à une de mes sessions.' },
  params,
  replies: { 204: null },
  errors: ['forbidden', 'not_found', ...storing],
  async handle({ params: { id } }, { rooms, who }) {
    mustBePresent(who);
    await rooms.identity.sessions.end(who, who.personId, id);
    return { empty: 204, ...(id === who.sessionId && { headers: { 'set-cookie': clearedCookie } }) };
  },
});

export const endMySessions = endpoint({
  ...mine,
  operationId: 'me.sessions.endOthers',
  method: 'DELETE',
  path: '/api/me/sessions',
  summary: {
    en: 'Ends all my sessions but the one that asks.',
    fr: 'Met fin à toutes mes sessions, sauf à celle qui demande.',
  },
  replies: { 204: null },
  errors: ['forbidden', ...storing],
  async handle(_input, { rooms, who }) {
    mustBePresent(who);
    await rooms.identity.sessions.signOutEverywhere(who, who.personId, who.sessionId);
    return { empty: 204 };
  },
});

const others = { tag: 'People', dialect: 'native', right: 'admin.people' } as const;

export const listSessions = endpoint({
  ...others,
  operationId: 'people.sessions.list',
  method: 'GET',
  path: '/api/people/{id}/sessions',
  summary: { en: 'Where somebody is signed in.', fr: 'Où une personne est connectée.' },
  params,
  replies: { 200: SessionList },
  errors: ['not_found', 'database_unavailable'],
  async handle({ params: { id } }, { rooms: { identity }, who }) {
    await identity.people.get(id);
    return { json: { sessions: (await identity.sessions.list(id)).map(view(who)) } };
  },
});

export const endSession = endpoint({
  ...others,
  operationId: 'people.sessions.end',
  method: 'DELETE',
  path: '/api/people/{id}/sessions/{sessionId}',
  summary: { en: 'Ends one session of somebody at once.', fr: 'Met fin aussitôt à une session d’une personne.' },
  params: z.object({ id: Id, sessionId: Id }),
  replies: { 204: null },
  errors: ['not_found', ...storing],
  async handle({ params: { id, sessionId } }, { rooms, who }) {
    await rooms.identity.sessions.end(who, id, sessionId);
    return { empty: 204 };
  },
});

export const endSessions = endpoint({
  ...others,
  operationId: 'people.sessions.endAll',
  method: 'DELETE',
  path: '/api/people/{id}/sessions',
  summary: { en: 'Signs somebody out everywhere.', fr: 'Déconnecte une personne partout.' },
  params,
  replies: { 204: null },
  errors: ['not_found', ...storing],
  async handle({ params: { id } }, { rooms, who }) {
    await rooms.identity.sessions.signOutEverywhere(who, id);
    return { empty: 204 };
  },
});
