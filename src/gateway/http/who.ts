import { IntramurosError } from '../../base/index.ts';
import type { Right, Who } from '../../identity/index.ts';
import type { Endpoint } from './endpoint.ts';

const anonymous: Omit<Who, 'can' | 'personId' | 'name' | 'displayName' | 'kind'> = {
  roles: [],
  groups: [],
  compartments: [],
  ceiling: undefined,
  keyId: undefined,
  sessionId: undefined,
  models: undefined,
  destinations: undefined,
};

/** Whoever asks an open operation without saying who it is: may do nothing that asks for a right. */
export const nobody: Who = {
  ...anonymous,
  personId: '',
  name: '',
  displayName: '',
  kind: 'person',
  can: () => false,
};

/** Whether a request said nothing that holds about who sends it. */
export const isNobody = (who: Who): boolean => who === nobody;

/** The one user of a machine without accounts, and whoever is at the console of one that has them. */
export const localOwner: Who = {
  ...anonymous,
  personId: 'local',
  name: 'local',
  displayName: 'local',
  kind: 'owner',
  can: () => true,
};

/**
 * Right that an operation asks for; undefined where it asks for none. Without a declaration it is that of using the house
 * at all: `api.use` for a key, `chat.use` for a person at the page.
 */
export function rightFor(endpoint: Pick<Endpoint, 'open' | 'right'>, who: Who): Right | undefined {
  if (endpoint.open || endpoint.right === 'any') return undefined;
  return endpoint.right ?? (who.kind === 'key' ? 'api.use' : 'chat.use');
}

/** @throws {IntramurosError} `forbidden`, naming the right. */
export function checkRight(endpoint: Pick<Endpoint, 'open' | 'right'>, who: Who): void {
  const right = rightFor(endpoint, who);
  if (right !== undefined) requireRight(who, right);
}

/** @throws {IntramurosError} `forbidden`, naming the right and what it was asked on. */
export function requireRight(who: Who, right: Right, resource?: string): void {
  if (who.can(right, resource)) return;
  const on = resource === undefined ? '' : ` on "${resource.slice(0, 200)}"`;
  throw new IntramurosError(
    'forbidden',
    `This needs the right "${right}"${on}, which your roles do not give. Ask an administrator for it.`,
    { facts: { right, ...(resource === undefined ? {} : { resource }) } },
  );
}
