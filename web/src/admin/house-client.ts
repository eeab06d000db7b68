import type { Client } from '../api/client.ts';
import type {
  Connection,
  DecisionRecord,
  Egress,
  Group,
  Key,
  Person,
  PolicyCheck,
  PolicyFile,
  PolicyInForce,
  Quota,
  Role,
  Simulation,
  Upstream,
  UpstreamTest,
  UsageRow,
} from '../api/wire-house.ts';
import type { Proposal } from '../api/wire-policy.ts';
import { useServices } from '../ui/services.ts';

const path = encodeURIComponent;
type Page = { readonly cursor?: string; readonly limit?: number };

function query(values: Readonly<Record<string, string | number | undefined>>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(values))
    if (value !== undefined && value !== '') search.set(name, String(value));
  return search.size > 0 ? `?${search}` : '';
}

/** The administrator's part of the contract. */
export const houseClient = (client: Client) => ({
  people: async () => (await client.ask<{ people: Person[] }>('GET', '/api/people')).people,
  addPerson: (body: object) => client.ask<Person>('POST', '/api/people', body),
  changePerson: (id: string, body: object) => client.ask<Person>('PATCH', `/api/people/${path(id)}`, body),
  removePerson: (id: string) => client.tell('DELETE', `/api/people/${path(id)}`),
  newPassword: (id: string) => client.ask<{ password: string }>('POST', `/api/people/${path(id)}/password`, {}),

  groups: async () => (await client.ask<{ groups: Group[] }>('GET', '/api/groups')).groups,
  addGroup: (body: object) => client.ask<Group>('POST', '/api/groups', body),
  changeGroup: (id: string, body: object) => client.ask<Group>('PATCH', `/api/groups/${path(id)}`, body),
  removeGroup: (id: string) => client.tell('DELETE', `/api/groups/${path(id)}`),

  roles: async () => (await client.ask<{ roles: Role[] }>('GET', '/api/roles')).roles,
  putRole: (name: string, body: object) => client.ask<Role>('PUT', `/api/roles/${path(name)}`, body),
  removeRole: (name: string) => client.tell('DELETE', `/api/roles/${path(name)}`),

  keys: async () => (await client.ask<{ keys: Key[] }>('GET', '/api/keys')).keys,
  revokeKey: (id: string) => client.tell('DELETE', `/api/keys/${path(id)}`),

  quotas: async () => (await client.ask<{ quotas: Quota[] }>('GET', '/api/quotas')).quotas,
  addQuota: (body: object) => client.ask<Quota>('POST', '/api/quotas', body),
  putQuota: (id: string, body: object) => client.ask<Quota>('PUT', `/api/quotas/${path(id)}`, body),
  removeQuota: (id: string) => client.tell('DELETE', `/api/quotas/${path(id)}`),

  upstreams: async () => (await client.ask<{ upstreams: Upstream[] }>('GET', '/api/upstreams')).upstreams,
  addUpstream: (body: object) => client.ask<Upstream>('POST', '/api/upstreams', body),
  changeUpstream: (id: string, body: object) => client.ask<Upstream>('PATCH', `/api/upstreams/${path(id)}`, body),
  removeUpstream: (id: string) => client.tell('DELETE', `/api/upstreams/${path(id)}`),
  testUpstream: (id: string, model?: string) =>
    client.ask<UpstreamTest>('POST', `/api/upstreams/${path(id)}/test`, model ? { model } : {}),

  policy: () => client.ask<PolicyInForce>('GET', '/api/policy'),
  checkPolicy: (files: readonly PolicyFile[]) => client.ask<PolicyCheck>('POST', '/api/policy/check', { files }),
  simulatePolicy: (files: readonly PolicyFile[], days: number) =>
    client.ask<Simulation>('POST', '/api/policy/simulate', { files, days }),
  proposePolicy: (files: readonly PolicyFile[], reason: string) =>
    client.ask<Proposal>('POST', '/api/policy/proposals', { files, reason }),
  proposals: (state: 'open' | 'all') => client.proposals(state),
  decide: (id: string, verdict: 'approve' | 'reject', reason: string) =>
    client.ask<Proposal>('POST', `/api/proposals/${path(id)}/${verdict}`, reason ? { reason } : {}),

  decisions: (filter: Page & { readonly person?: string; readonly effect?: string; readonly destination?: string }) =>
    client.ask<{ decisions: DecisionRecord[]; nextCursor: string | null }>('GET', `/api/decisions${query(filter)}`),

  egress: () => client.ask<Egress>('GET', '/api/egress'),
  connections: (filter: Page & { readonly decision?: string }) =>
    client.ask<{ connections: Connection[]; nextCursor: string | null }>(
      'GET',
      `/api/egress/connections${query(filter)}`,
    ),
  setOffline: (offline: boolean) => client.ask<{ offline: boolean }>('PUT', '/api/egress/offline', { offline }),

  usage: async (by: string, days: number) =>
    (await client.ask<{ rows: UsageRow[] }>('GET', `/api/usage${query({ by, days })}`)).rows,
});
export type HouseClient = ReturnType<typeof houseClient>;

export function useHouse(): HouseClient {
  const { client } = useServices();
  return houseClient(client);
}
