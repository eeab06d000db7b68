import { z } from 'zod';
import { endpoint } from '../http/endpoint.ts';
import { unfit } from '../http/missing.ts';
import { Id } from './conversation-schemas.ts';
import {
  GroupChange,
  GroupCreate,
  GroupView,
  groupView,
  RoleName,
  RolePut,
  RoleView,
  roleView,
} from './people-schemas.ts';

const params = z.object({ id: Id });
const shared = { tag: 'People', dialect: 'native', right: 'admin.people' } as const;

export const listGroups = endpoint({
  operationId: 'groups.list',
  method: 'GET',
  path: '/api/groups',
  summary: { en: 'The groups, by title.', fr: 'Les groupes, par titre.' },
  ...shared,
  replies: { 200: z.object({ groups: z.array(GroupView) }).meta({ id: 'GroupList' }) },
  errors: ['database_unavailable'],
  async handle(_input, { rooms }) {
    return { json: { groups: (await rooms.identity.groups.list()).map(groupView) } };
  },
});

export const createGroup = endpoint({
  operationId: 'groups.create',
  method: 'POST',
  path: '/api/groups',
  summary: {
    en: 'Makes a group; its roles and compartments are those of its members.',
    fr: 'Crée un groupe ; ses rôles et ses compartiments valent pour ses membres.',
  },
  ...shared,
  body: GroupCreate,
  replies: { 201: GroupView },
  errors: ['conflict', 'database_unavailable', 'audit_unavailable'],
  async handle({ body }, { rooms, who }) {
    return { json: groupView(await rooms.identity.groups.create(who, body).catch(unfit)), status: 201 };
  },
});

export const changeGroup = endpoint({
  operationId: 'groups.change',
  method: 'PATCH',
  path: '/api/groups/{id}',
  summary: { en: 'Changes a group or who is in it.', fr: 'Modifie un groupe ou qui en fait partie.' },
  ...shared,
  params,
  body: GroupChange,
  replies: { 200: GroupView },
  errors: ['not_found', 'conflict', 'database_unavailable', 'audit_unavailable'],
  async handle({ params: { id }, body: { title, ...body } }, { rooms, who }) {
    const change = { ...body, ...(title === undefined ? {} : { title }) };
    return { json: groupView(await rooms.identity.groups.change(who, id, change).catch(unfit)) };
  },
});

export const deleteGroup = endpoint({
  operationId: 'groups.delete',
  method: 'DELETE',
  path: '/api/groups/{id}',
  summary: { en: 'Removes a group; its members stay.', fr: 'Supprime un groupe ; ses membres restent.' },
  ...shared,
  params,
  replies: { 204: null },
  errors: ['not_found', 'conflict', 'database_unavailable', 'audit_unavailable'],
  async handle({ params: { id } }, { rooms, who }) {
    await rooms.identity.groups.remove(who, id);
    return { empty: 204 };
  },
});

export const listRoles = endpoint({
  operationId: 'roles.list',
  method: 'GET',
  path: '/api/roles',
  summary: { en: 'The roles with what they allow and deny.', fr: 'Les rôles, ce qu’ils permettent et interdisent.' },
  ...shared,
  replies: { 200: z.object({ roles: z.array(RoleView) }).meta({ id: 'RoleList' }) },
  errors: ['database_unavailable'],
  async handle(_input, { rooms }) {
    return { json: { roles: (await rooms.identity.roles.list()).map(roleView) } };
  },
});

const named = z.object({ name: RoleName });

export const putRole = endpoint({
  operationId: 'roles.put',
  method: 'PUT',
  path: '/api/roles/{name}',
  summary: {
    en: 'Makes or changes a role; a denial outweighs every allowance.',
    fr: 'Crée ou modifie un rôle ; une interdiction l’emporte sur toute permission.',
  },
  ...shared,
  params: named,
  body: RolePut,
  replies: { 200: RoleView },
  errors: ['not_found', 'conflict', 'database_unavailable', 'audit_unavailable'],
  async handle({ params: { name }, body }, { rooms, who }) {
    const role = rooms.identity.roles.put(who, { name, ...body, deny: body.deny ?? [] });
    return { json: roleView(await role.catch(unfit)) };
  },
});

export const deleteRole = endpoint({
  operationId: 'roles.delete',
  method: 'DELETE',
  path: '/api/roles/{name}',
  summary: { en: 'Removes a role of your own making.', fr: 'Supprime un rôle que vous avez créé.' },
  ...shared,
  params: named,
  replies: { 204: null },
  errors: ['not_found', 'conflict', 'database_unavailable', 'audit_unavailable'],
  async handle({ params: { name } }, { rooms, who }) {
    await rooms.identity.roles.remove(who, name);
    return { empty: 204 };
  },
});
