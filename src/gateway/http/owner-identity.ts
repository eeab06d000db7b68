import { IntramurosError } from '../../base/index.ts';
import type { GatewayRooms } from '../rooms.ts';
import { localOwner } from './who.ts';

/** Identity of a machine without accounts: whoever is at it is the owner, nothing is counted. */
export function ownerIdentity(): GatewayRooms['identity'] {
  return {
    mode: 'single',
    authenticate({ loopback }) {
      if (loopback) return localOwner;
      const message = 'This server needs a key. Send it as "authorization: Bearer <key>".';
      throw new IntramurosError('unauthorized', message, { facts: { reason: 'missing' } });
    },
    quotas: { reserve: () => ({ settle: () => {} }) },
  };
}
