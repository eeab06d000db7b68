import { IntramurosError } from '../../src/base/index.ts';
import type { Identity, Who } from '../../src/identity/index.ts';

/** The one user of a machine without accounts. */
export const owner: Who = {
  personId: 'local',
  name: 'local',
  displayName: '',
  kind: 'owner',
  roles: ['owner'],
  groups: [],
  compartments: [],
  ceiling: undefined,
  keyId: undefined,
  sessionId: undefined,
  models: undefined,
  destinations: undefined,
  can: () => true,
};

/** The room identity of a machine without accounts whose database is away: everybody on loopback is the owner, nothing is capped. */
export function ownerIdentity(): Identity {
  const away = (): never => {
    throw new IntramurosError('database_unavailable', 'The database does not answer.');
  };
  const closed = new Proxy({}, { get: () => away });
  return {
    mode: 'single',
    authenticate({ loopback }) {
      if (loopback) return owner;
      throw new IntramurosError('unauthorized', 'This server needs a key.', { facts: { reason: 'missing' } });
    },
    quotas: {
      reserve: () => ({ settle: () => {} }),
      remaining: () => ({ requests: Infinity, tokens: Infinity, costMicros: Infinity }),
      statesOf: () => [],
      list: () => [],
      create: away,
      change: away,
      remove: away,
    },
    usage: closed as Identity['usage'],
    people: closed as Identity['people'],
    groups: closed as Identity['groups'],
    roles: closed as Identity['roles'],
    sessions: closed as Identity['sessions'],
    keys: closed as Identity['keys'],
    setUp: away,
    admit: away,
    whenTakenOver: () => {},
    whenRemoved: () => {},
    close: async () => {},
    [Symbol.asyncDispose]: async () => {},
  };
}
