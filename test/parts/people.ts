import type { Who } from '../../src/identity/index.ts';

/** Somebody as the answer path sees them, with every right unless told otherwise. */
export function person(id: string, more: Partial<Who> = {}): Who {
  return {
    personId: id,
    name: id,
    displayName: id,
    kind: 'person',
    roles: ['member'],
    groups: [],
    compartments: [],
    ceiling: undefined,
    keyId: undefined,
    sessionId: undefined,
    models: undefined,
    destinations: undefined,
    can: () => true,
    ...more,
  };
}

/** Quotas where nothing is capped. */
export const noCaps = { reserve: () => ({ settle: () => {} }) };
