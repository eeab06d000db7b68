import type { Book } from './book.ts';
import { lower } from './checks.ts';
import { canOf, matches } from './rights.ts';
import type { KeptKey, KeptPerson, KeptSession } from './rows.ts';
import { type Right, rights, type Who } from './who.ts';

/** The one user of a machine without accounts. */
export const localOwner: Who = {
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
  can: (right) => rights.includes(right),
};

/** The key of the setting `apiKeyFile` once there are accounts: a plain member. */
export function houseWho(book: Book): Who {
  return {
    ...localOwner,
    personId: 'house',
    name: 'house',
    kind: 'key',
    keyId: 'house',
    roles: ['member'],
    can: canOf(book.rolesNamed(['member'])),
  };
}

/** A person at the page. */
export function whoOfPerson(book: Book, person: KeptPerson, session: KeptSession | undefined): Who {
  const roles = book.rolesOf(person);
  const groups = book.groupsOf(person.id);
  return {
    personId: person.id,
    name: person.name,
    displayName: person.displayName,
    kind: 'person',
    roles,
    groups,
    compartments: [...new Set(groups.flatMap((id) => book.get('group', id)?.compartments ?? []))].sort(),
    ceiling: person.ceiling,
    keyId: undefined,
    sessionId: session?.id,
    models: undefined,
    destinations: undefined,
    can: canOf(book.rolesNamed(roles)),
  };
}

/** A key: what its person may, less what the key is limited to. */
export function whoOfKey(of: Who, key: KeptKey): Who {
  const keyCan = canOf([{ allow: key.rights, deny: [] }]);
  const within = (patterns: readonly string[] | undefined, resource: string | undefined): boolean =>
    patterns === undefined || (resource !== undefined && patterns.some((pattern) => matches(pattern, resource)));
  const limits: Partial<Record<Right, readonly string[] | undefined>> = {
    'model.use': key.models,
    'destination.use': key.destinations,
  };
  return {
    ...of,
    kind: 'key',
    keyId: key.id,
    ceiling: lower(of.ceiling, key.ceiling),
    models: key.models,
    destinations: key.destinations,
    can: (right, resource) => of.can(right, resource) && keyCan(right, resource) && within(limits[right], resource),
  };
}
