import { z } from 'zod';
import { endpoint } from '../http/endpoint.ts';
import { unfit } from '../http/missing.ts';
import { Id } from './conversation-schemas.ts';
import { PersonChange, PersonCreate, PersonView, personView } from './people-schemas.ts';

const params = z.object({ id: Id });
const shared = { tag: 'People', dialect: 'native', right: 'admin.people' } as const;

export const listPeople = endpoint({
  operationId: 'people.list',
  method: 'GET',
  path: '/api/people',
  summary: { en: 'Everybody with an account, by name.', fr: 'Toutes les personnes qui ont un compte, par nom.' },
  ...shared,
  replies: { 200: z.object({ people: z.array(PersonView) }).meta({ id: 'PersonList' }) },
  errors: ['database_unavailable'],
  async handle(_input, { rooms }) {
    return { json: { people: (await rooms.identity.people.list()).map(personView) } };
  },
});

export const createPerson = endpoint({
  operationId: 'people.create',
  method: 'POST',
  path: '/api/people',
  summary: {
    en: 'Makes an account. Nobody gives a role with rights they lack.',
    fr: 'Crée un compte. Nul ne donne un rôle dont il n’a pas les droits.',
  },
  ...shared,
  body: PersonCreate,
  replies: { 201: PersonView },
  errors: ['conflict', 'password_weak', 'database_unavailable', 'audit_unavailable'],
  async handle({ body }, { rooms, who }) {
    const person = await rooms.identity.people.create(who, body).catch(unfit);
    return { json: personView(person), status: 201 };
  },
});

export const changePerson = endpoint({
  operationId: 'people.change',
  method: 'PATCH',
  path: '/api/people/{id}',
  summary: {
    en: 'Changes an account; disabling it ends its sessions and stops its keys.',
    fr: 'Modifie un compte ; le désactiver ferme ses sessions et arrête ses clés.',
  },
  ...shared,
  params,
  body: PersonChange,
  replies: { 200: PersonView },
  errors: ['not_found', 'conflict', 'database_unavailable', 'audit_unavailable'],
  async handle({ params: { id }, body }, { rooms, who }) {
    return { json: personView(await rooms.identity.people.change(who, id, body).catch(unfit)) };
  },
});

export const deletePerson = endpoint({
  operationId: 'people.delete',
  method: 'DELETE',
  path: '/api/people/{id}',
  summary: {
    en: 'Removes an account with its keys, sessions and conversations.',
    fr: 'Supprime un compte avec ses clés, ses sessions et ses conversations.',
  },
  ...shared,
  params,
  replies: { 204: null },
  errors: ['not_found', 'conflict', 'database_unavailable', 'audit_unavailable'],
  async handle({ params: { id } }, { rooms, who }) {
    await rooms.identity.people.remove(who, id);
    return { empty: 204 };
  },
});

export const resetPassword = endpoint({
  operationId: 'people.password',
  method: 'POST',
  path: '/api/people/{id}/password',
  summary: {
    en: 'Gives an account a new password, shown this once; its sessions end.',
    fr: 'Donne à un compte un nouveau mot de passe, montré cette seule fois ; ses sessions prennent fin.',
  },
  ...shared,
  params,
  replies: { 200: z.object({ password: z.string() }).meta({ id: 'NewPassword' }) },
  errors: ['not_found', 'conflict', 'database_unavailable', 'audit_unavailable'],
  async handle({ params: { id } }, { rooms, who }) {
    return { json: await rooms.identity.people.resetPassword(who, id) };
  },
});
