import { z } from 'zod';
import { IntramurosError } from '../../base/index.ts';
import type { Who } from '../../identity/index.ts';
import { endpoint } from '../http/endpoint.ts';
import { unfit } from '../http/missing.ts';
import { Id } from './conversation-schemas.ts';
import {
  days,
  daysOf,
  KeyCreate,
  KeyView,
  keyView,
  NewKeyView,
  Password,
  QuotaView,
  quotaView,
  UsageDay,
  UsageModel,
} from './people-schemas.ts';
import { restated } from './session.ts';

const params = z.object({ id: Id });

/** A key that leaked must not take away the others. Whether a key may make one is for the room identity to say. */
function mayRevoke(who: Who, id: string): void {
  if (who.kind !== 'key' || who.keyId === id || who.can('admin.keys')) return;
  const message = 'A key revokes no other. Sign in at the page, or use a key that has the right "admin.keys".';
  throw new IntramurosError('forbidden', message, { facts: { right: 'admin.keys' } });
}

export const getMyUsage = endpoint({
  operationId: 'me.usage',
  method: 'GET',
  path: '/api/me/usage',
  tag: 'Me',
  right: 'any',
  summary: {
    en: 'What I used, day by day and model by model, and what my quotas leave.',
    fr: 'Ce que j’ai utilisé, par jour et par modèle, et ce que laissent mes quotas.',
  },
  dialect: 'native',
  query: z.object({ days }),
  replies: {
    200: z
      .object({ quotas: z.array(QuotaView), days: z.array(UsageDay), models: z.array(UsageModel) })
      .meta({ id: 'MyUsage' }),
  },
  errors: ['database_unavailable'],
  async handle({ query }, { rooms: { identity }, who }) {
    const span = daysOf(query.days);
    const [byDay, byModel] = await Promise.all([
      identity.usage.days(who.personId, span),
      identity.usage.models(who.personId, span),
    ]);
    const models = byModel.map(({ id, title: _title, ...figures }) => ({ model: id, ...figures }));
    return { json: { quotas: identity.quotas.statesOf(who).map(quotaView), days: byDay, models } };
  },
});

export const listMyKeys = endpoint({
  operationId: 'me.keys.list',
  method: 'GET',
  path: '/api/me/keys',
  tag: 'Me',
  right: 'any',
  summary: { en: 'My keys; revoked ones stay listed.', fr: 'Mes clés ; celles qui sont révoquées restent listées.' },
  dialect: 'native',
  replies: { 200: z.object({ keys: z.array(KeyView) }).meta({ id: 'KeyList' }) },
  errors: ['database_unavailable'],
  async handle(_input, { rooms, who }) {
    return { json: { keys: (await rooms.identity.keys.list(who.personId)).map(keyView) } };
  },
});

export const createMyKey = endpoint({
  operationId: 'me.keys.create',
  method: 'POST',
  path: '/api/me/keys',
  tag: 'Me',
  right: 'any',
  summary: { en: 'Makes a key, shown this once.', fr: 'Crée une clé, montrée cette seule fois.' },
  dialect: 'native',
  body: KeyCreate,
  replies: { 201: NewKeyView },
  errors: ['forbidden', 'conflict', 'database_unavailable', 'audit_unavailable'],
  async handle({ body }, { rooms, who }) {
    const { key, view } = await rooms.identity.keys.create(who, who.personId, body).catch(unfit);
    return { json: { ...keyView(view), key }, status: 201 };
  },
});

export const revokeMyKey = endpoint({
  operationId: 'me.keys.revoke',
  method: 'DELETE',
  path: '/api/me/keys/{id}',
  tag: 'Me',
  right: 'any',
  summary: { en: 'Revokes a key of mine at once.', fr: 'Révoque aussitôt une de mes clés.' },
  dialect: 'native',
  params,
  replies: { 204: null },
  errors: ['not_found', 'database_unavailable', 'audit_unavailable'],
  async handle({ params: { id } }, { rooms, who }) {
    mayRevoke(who, id);
    await rooms.identity.keys.revoke(who, id, who.personId);
    return { empty: 204 };
  },
});

export const rotateMyKey = endpoint({
  operationId: 'me.keys.rotate',
  method: 'POST',
  path: '/api/me/keys/{id}/rotate',
  tag: 'Me',
  right: 'any',
  summary: {
    en: 'Gives a key a new secret, shown this once; the old one dies at once.',
    fr: 'Donne à une clé un nouveau secret, montré cette seule fois ; l’ancien meurt aussitôt.',
  },
  dialect: 'native',
  params,
  replies: { 200: NewKeyView },
  errors: ['forbidden', 'not_found', 'conflict', 'database_unavailable', 'audit_unavailable'],
  async handle({ params: { id } }, { rooms, who }) {
    const { key, view } = await rooms.identity.keys.rotate(who, id, who.personId);
    return { json: { ...keyView(view), key } };
  },
});

export const changeMyPassword = endpoint({
  operationId: 'me.password',
  method: 'PUT',
  path: '/api/me/password',
  tag: 'Me',
  right: 'any',
  summary: {
    en: 'Changes my password; my other sessions end.',
    fr: 'Change mon mot de passe ; mes autres sessions prennent fin.',
  },
  dialect: 'native',
  body: z.strictObject({ current: Password, next: Password }).meta({ id: 'PasswordChange' }),
  replies: { 204: null },
  errors: ['forbidden', 'sign_in_failed', 'password_weak', 'database_unavailable', 'audit_unavailable'],
  restated: { 429: ['sign_in_failed'] },
  async handle({ body }, { rooms, who }) {
    if (who.kind !== 'person' || who.sessionId === undefined) {
      const message = 'A password is changed by the person, signed in at the page. A key cannot.';
      throw new IntramurosError('forbidden', message, { facts: { reason: 'no_session' } });
    }
    const change = { ...body, keepSessionId: who.sessionId };
    await rooms.identity.people.changePassword(who.personId, change).catch((error: unknown) => {
      throw restated(error);
    });
    return { empty: 204 };
  },
});
