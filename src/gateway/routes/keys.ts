import { z } from 'zod';
import { IntramurosError } from '../../base/index.ts';
import type { Who } from '../../identity/index.ts';
import { endpoint } from '../http/endpoint.ts';
import { unfit } from '../http/missing.ts';
import { Id } from './conversation-schemas.ts';
import { KeyCreateFor, KeyView, keyView, NewKeyView } from './people-schemas.ts';

const params = z.object({ id: Id });
const shared = { tag: 'People', dialect: 'native', right: 'admin.keys' } as const;

/** Who holds a key acts as its person and reads what they wrote: not even an administrator makes one for another. */
function mustBeTheirs(who: Who, personId: string): void {
  if (who.kind === 'owner' || who.personId === personId) return;
  const message = 'A key acts as its person, so only they make it. Ask them to make one at their page.';
  throw new IntramurosError('forbidden', message, { facts: { reason: 'not_yours' } });
}

export const listKeys = endpoint({
  operationId: 'keys.list',
  method: 'GET',
  path: '/api/keys',
  summary: { en: 'The keys of everybody.', fr: 'Les clés de toutes les personnes.' },
  ...shared,
  replies: { 200: z.object({ keys: z.array(KeyView) }).meta({ id: 'AllKeys' }) },
  errors: ['database_unavailable'],
  async handle(_input, { rooms }) {
    return { json: { keys: (await rooms.identity.keys.list()).map(keyView) } };
  },
});

export const createKeyFor = endpoint({
  operationId: 'keys.create',
  method: 'POST',
  path: '/api/keys',
  summary: {
    en: 'Makes a key for somebody, from the console of the machine alone: a key acts as its person.',
    fr: 'Crée une clé pour quelqu’un, depuis la console de la machine seulement : une clé agit comme sa personne.',
  },
  ...shared,
  body: KeyCreateFor,
  replies: { 201: NewKeyView },
  errors: ['not_found', 'conflict', 'database_unavailable', 'audit_unavailable'],
  async handle({ body: { personId, ...wanted } }, { rooms, who }) {
    mustBeTheirs(who, personId);
    const { key, view } = await rooms.identity.keys.create(who, personId, wanted).catch(unfit);
    return { json: { ...keyView(view), key }, status: 201 };
  },
});

export const revokeKey = endpoint({
  operationId: 'keys.revoke',
  method: 'DELETE',
  path: '/api/keys/{id}',
  summary: { en: 'Revokes anybody’s key at once.', fr: 'Révoque aussitôt la clé de n’importe qui.' },
  ...shared,
  params,
  replies: { 204: null },
  errors: ['not_found', 'database_unavailable', 'audit_unavailable'],
  async handle({ params: { id } }, { rooms, who }) {
    await rooms.identity.keys.revoke(who, id);
    return { empty: 204 };
  },
});

export const rotateKey = endpoint({
  operationId: 'keys.rotate',
  method: 'POST',
  path: '/api/keys/{id}/rotate',
  summary: {
    en: 'Gives anybody’s key a new secret, from the console of the machine alone.',
    fr: 'Donne un nouveau secret à la clé de n’importe qui, depuis la console de la machine seulement.',
  },
  ...shared,
  params,
  replies: { 200: NewKeyView },
  errors: ['not_found', 'conflict', 'database_unavailable', 'audit_unavailable'],
  async handle({ params: { id } }, { rooms, who }) {
    mustBeTheirs(who, (await rooms.identity.keys.get(id)).personId);
    const { key, view } = await rooms.identity.keys.rotate(who, id);
    return { json: { ...keyView(view), key } };
  },
});
