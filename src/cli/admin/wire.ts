import type { ServerClient } from '../http/client.ts';
import type { Context } from '../types.ts';
import { CommandError } from '../usage-error.ts';
import type { LabelText } from './actions.ts';

/** Replies of the server, as far as the commands read them. */
export interface PersonRow {
  readonly id: string;
  readonly name: string;
  readonly displayName: string;
  readonly email: string | null;
  readonly origin: string;
  readonly roles: readonly string[];
  readonly groups: readonly string[];
  readonly disabled: boolean;
  readonly hasPassword: boolean;
  readonly ceiling: LabelText | null;
  readonly createdAt: string;
  readonly lastSeenAt: string | null;
  readonly version: number;
}
export interface OpenSessionRow {
  readonly id: string;
  readonly createdAt: string;
  readonly lastSeenAt: string;
  readonly address: string | null;
  readonly origin: string;
}
export interface GroupRow {
  readonly id: string;
  readonly title: string;
  readonly members: readonly string[];
  readonly roles: readonly string[];
  readonly compartments: readonly string[];
  readonly externalName: string | null;
  readonly version: number;
}
export interface RoleRow {
  readonly name: string;
  readonly title: string;
  readonly allow: readonly string[];
  readonly deny: readonly string[];
  readonly builtIn: boolean;
  readonly version: number;
}
export interface KeyRow {
  readonly id: string;
  readonly name: string;
  readonly personId: string;
  readonly prefix: string;
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly lastUsedAt: string | null;
  readonly revokedAt: string | null;
  readonly models: readonly string[] | null;
  readonly ceiling: LabelText | null;
}
export interface QuotaRow {
  readonly id: string;
  readonly subject: { readonly kind: string; readonly id: string };
  readonly unit: string;
  readonly period: string;
  readonly limit: number;
  readonly used: number;
  readonly reserved: number;
  readonly resetAt: string;
  readonly version: number;
}
export interface SessionInfo {
  readonly mode: 'single' | 'accounts';
  readonly who: { readonly id: string; readonly name: string; readonly kind: string } | null;
  readonly signIn: {
    readonly password: boolean;
    readonly ldap: boolean;
    readonly oidc: readonly { readonly id: string; readonly title: string }[];
  };
}

/** Calls with the command's signal. */
export const call = <T>(
  context: Context,
  server: ServerClient,
  method: string,
  path: string,
  body?: unknown,
): Promise<T> => server.call<T>(method, path, body, { signal: context.signal });

export const listPeople = async (context: Context, server: ServerClient): Promise<readonly PersonRow[]> =>
  (await call<{ people: PersonRow[] }>(context, server, 'GET', '/api/people')).people;
export const listGroups = async (context: Context, server: ServerClient): Promise<readonly GroupRow[]> =>
  (await call<{ groups: GroupRow[] }>(context, server, 'GET', '/api/groups')).groups;
export const listRoles = async (context: Context, server: ServerClient): Promise<readonly RoleRow[]> =>
  (await call<{ roles: RoleRow[] }>(context, server, 'GET', '/api/roles')).roles;
export const sessionOf = (context: Context, server: ServerClient): Promise<SessionInfo> =>
  call<SessionInfo>(context, server, 'GET', '/api/session');

/** Whom a sign-in name or an id names. @throws {CommandError} */
export function personNamed(people: readonly PersonRow[], name: string): PersonRow {
  const wanted = name.toLocaleLowerCase();
  const found = people.find((person) => person.id === name || person.name.toLocaleLowerCase() === wanted);
  if (found) return found;
  throw new CommandError('not_found', {
    en: `There is no account "${name}". See them: intramuros user list.`,
    fr: `Il n’y a pas de compte « ${name} ». Pour les voir : intramuros user list.`,
  });
}

/** What a title or an id names. @throws {CommandError} */
export function groupNamed(groups: readonly GroupRow[], title: string): GroupRow {
  const wanted = title.toLocaleLowerCase();
  const found = groups.find((group) => group.id === title || group.title.toLocaleLowerCase() === wanted);
  if (found) return found;
  throw new CommandError('not_found', {
    en: `There is no group "${title}". See them: intramuros group list.`,
    fr: `Il n’y a pas de groupe « ${title} ». Pour les voir : intramuros group list.`,
  });
}
