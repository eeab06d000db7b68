import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { IntramurosError } from '../../base/index.ts';
import type { Credentials, Who } from '../../identity/index.ts';
import type { GatewayRooms } from '../rooms.ts';
import { type GivenCredentials, readCredentials } from './credentials.ts';
import { localOwner, nobody } from './who.ts';

export interface AuthenticationOptions {
  readonly identity: GatewayRooms['identity'];
  /** First line of the setting `apiKeyFile`. */
  readonly houseKey: string | undefined;
}

/** What is read of a request to know who sends it. */
export interface Asked {
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly loopback: boolean;
  /** Served to anybody: without credentials, or with ones that no longer hold, it is `nobody` who asks. */
  readonly open: boolean;
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/**
 * Resolves who asks, from memory. A key and a session of two different people in one request are refused.
 * Not covered: rights (`who.ts`), where requests come from (`peer.ts`), guessing passwords (`throttle.ts`).
 */
export function openAuthentication({ identity, houseKey }: AuthenticationOptions): (asked: Asked) => Who {
  const expected = houseKey === undefined ? undefined : digest(houseKey);
  const isHouseKey = (bearer: string): boolean => expected !== undefined && timingSafeEqual(digest(bearer), expected);
  const one = (credentials: Credentials): Who => {
    if (credentials.bearer !== undefined && isHouseKey(credentials.bearer)) return localOwner;
    // Without accounts and keys, clients that insist on a key may send any: it means nothing here.
    const loopback = credentials.loopback && expected === undefined;
    return identity.authenticate({ ...credentials, loopback });
  };
  const resolve = (given: GivenCredentials, loopback: boolean): Who => {
    if (given.bearer === undefined || given.sessionToken === undefined) return one({ ...given, loopback });
    const byKey = one({ bearer: given.bearer, sessionToken: undefined, loopback });
    const bySession = attempt(() => one({ bearer: undefined, sessionToken: given.sessionToken, loopback: false }));
    if (bySession === undefined || bySession.personId === byKey.personId) return byKey;
    const message = 'The key and the session of this request belong to two people. Send one of them.';
    throw new IntramurosError('unauthorized', message, { facts: { reason: 'ambiguous' } });
  };
  return ({ headers, rawHeaders, loopback, open }) => {
    const who = (): Who => resolve(readCredentials(headers, rawHeaders), loopback);
    return open ? (attempt(who) ?? nobody) : who();
  };
}

/** Undefined where the credentials do not hold; other failures are thrown on. */
function attempt(work: () => Who): Who | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof IntramurosError && error.code === 'unauthorized') return undefined;
    throw error;
  }
}
