import type { Label } from '../policy/index.ts';
import type { Queryable } from '../store/index.ts';
import type { ApiKey, Group, Person, Role, Session } from './people-types.ts';
import type { Quota } from './quota-types.ts';

/** What is kept of a person beyond what is shown. */
export interface KeptPerson extends Omit<Person, 'groups' | 'hasPassword'> {
  readonly nameKey: string;
  readonly externalId: string | undefined;
  readonly password: string | undefined;
}
export interface KeptSession extends Session {
  readonly digest: string;
}
export interface KeptKey extends ApiKey {
  readonly digest: string;
}

/** The kinds of thing that every gateway keeps in memory. */
export interface KeptKinds {
  readonly person: KeptPerson;
  readonly group: Group;
  readonly role: Role;
  readonly session: KeptSession;
  readonly key: KeptKey;
  readonly quota: Quota;
}
export type KeptKind = keyof KeptKinds;
export const keptKinds: readonly KeptKind[] = ['person', 'group', 'role', 'session', 'key', 'quota'];

type Nullable<T> = T | null;
interface Table<K extends KeptKind> {
  readonly from: string;
  readonly id: string;
  // biome-ignore lint/suspicious/noExplicitAny: the one place where a row of SQL becomes typed
  readonly read: (row: any) => KeptKinds[K];
}

const tables: { readonly [K in KeptKind]: Table<K> } = {
  person: { from: 'SELECT * FROM people t', id: 't.id', read: toPerson },
  group: {
    from: `SELECT t.*, ARRAY(SELECT m.person_id FROM group_members m WHERE m.group_id = t.id ORDER BY 1) AS members FROM groups t`,
    id: 't.id',
    read: toGroup,
  },
  role: { from: 'SELECT * FROM roles t', id: 't.name', read: (row) => ({ ...row, builtIn: false }) },
  session: { from: 'SELECT * FROM sessions t', id: 't.id', read: toSession },
  key: { from: 'SELECT * FROM api_keys t', id: 't.id', read: toKey },
  quota: { from: 'SELECT * FROM quotas t', id: 't.id', read: toQuota },
};

/** Reads all things of a kind, or those of some ids. */
export async function readKept<K extends KeptKind>(
  on: Queryable,
  kind: K,
  ids?: readonly string[],
): Promise<readonly KeptKinds[K][]> {
  const { from, id, read } = tables[kind];
  const rows = ids
    ? await on.query(`${from} WHERE ${id} = ANY($1::text[])`, [ids])
    : await on.query(`${from} ORDER BY ${id}`);
  return rows.map(read);
}

function toPerson(row: {
  readonly id: string;
  readonly name: string;
  readonly name_key: string;
  readonly display_name: string;
  readonly email: Nullable<string>;
  readonly origin: Person['origin'];
  readonly external_id: Nullable<string>;
  readonly password: Nullable<string>;
  readonly roles: readonly string[];
  readonly disabled: boolean;
  readonly ceiling: Nullable<Label>;
  readonly created_at: string;
  readonly last_seen_at: Nullable<string>;
  readonly version: number;
}): KeptPerson {
  return {
    id: row.id,
    name: row.name,
    nameKey: row.name_key,
    displayName: row.display_name,
    email: row.email ?? undefined,
    origin: row.origin,
    externalId: row.external_id ?? undefined,
    password: row.password ?? undefined,
    roles: row.roles,
    disabled: row.disabled,
    ceiling: row.ceiling ?? undefined,
    createdAt: row.created_at,
    lastSeenAt: row.last_seen_at ?? undefined,
    version: row.version,
  };
}

function toGroup(row: {
  readonly id: string;
  readonly title: string;
  readonly members: readonly string[];
  readonly roles: readonly string[];
  readonly compartments: readonly string[];
  readonly external_name: Nullable<string>;
  readonly version: number;
}): Group {
  const { id, title, members, roles, compartments, version } = row;
  return { id, title, members, roles, compartments, externalName: row.external_name ?? undefined, version };
}

function toSession(row: {
  readonly id: string;
  readonly digest: string;
  readonly person_id: string;
  readonly origin: Session['origin'];
  readonly address: Nullable<string>;
  readonly created_at: string;
  readonly last_seen_at: string;
  readonly expires_at: string;
}): KeptSession {
  return {
    id: row.id,
    digest: row.digest,
    personId: row.person_id,
    origin: row.origin,
    address: row.address ?? undefined,
    createdAt: row.created_at,
    lastSeenAt: row.last_seen_at,
    expiresAt: row.expires_at,
  };
}

function toKey(row: {
  readonly id: string;
  readonly digest: string;
  readonly person_id: string;
  readonly name: string;
  readonly prefix: string;
  readonly created_at: string;
  readonly expires_at: Nullable<string>;
  readonly last_used_at: Nullable<string>;
  readonly revoked_at: Nullable<string>;
  readonly models: Nullable<readonly string[]>;
  readonly destinations: Nullable<readonly string[]>;
  readonly ceiling: Nullable<Label>;
  readonly rights: readonly string[];
}): KeptKey {
  return {
    id: row.id,
    digest: row.digest,
    personId: row.person_id,
    name: row.name,
    prefix: row.prefix,
    createdAt: row.created_at,
    expiresAt: row.expires_at ?? undefined,
    lastUsedAt: row.last_used_at ?? undefined,
    revokedAt: row.revoked_at ?? undefined,
    models: row.models ?? undefined,
    destinations: row.destinations ?? undefined,
    ceiling: row.ceiling ?? undefined,
    rights: row.rights,
  };
}

function toQuota(row: {
  readonly id: string;
  readonly subject_kind: Quota['subject']['kind'];
  readonly subject_id: string;
  readonly unit: Quota['unit'];
  readonly period: Quota['period'];
  readonly amount: number;
  readonly version: number;
}): Quota {
  const { id, unit, period, amount, version } = row;
  return { id, subject: { kind: row.subject_kind, id: row.subject_id }, unit, period, limit: amount, version };
}
