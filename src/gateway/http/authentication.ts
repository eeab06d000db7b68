import { hash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { IntramurosError, isConsoleToken } from '../../base/index.ts';
import type { Credentials, Identity, Who } from '../../identity/index.ts';
import { type GivenCredentials, readCredentials } from './credentials.ts';
import { localOwner, nobody } from './who.ts';

export interface AuthenticationOptions {
  readonly identity: Pick<Identity, 'mode' | 'authenticate'>;
  /** What only the operating-system user of this server can read: its holder, on this machine, is the owner. */
  readonly consoleToken: string | undefined;
  /** Told when the console is used although there are accounts. */
  readonly onConsole?: (() => void) | undefined;
}

/** What is read of a request to know who sends it. */
export interface Asked {
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly loopback: boolean;
  /** Served to anybody: without credentials, or with ones that no longer hold, it is `nobody` who asks. */
  readonly open: boolean;
}

/** Compares in the same time wherever the texts differ and however long they are. */
function sameSecret(secret: string | undefined): (given: string) => boolean {
  if (secret === undefined) return () => false;
  const digest = (text: string): Buffer => hash('sha256', text, 'buffer');
  const expected = digest(secret);
  return (given) => timingSafeEqual(digest(given), expected);
}

/**
 * Resolves who asks, from memory: the console's token here, all else in the room identity. A key and a session of two different people in one request are refused.
 * Not covered: rights (`who.ts`), where requests come from (`peer.ts`), guessing passwords (room identity).
 */
export function openAuthentication(options: AuthenticationOptions): (asked: Asked) => Who {
  const { identity } = options;
  const isConsole = sameSecret(options.consoleToken);
  const one = (credentials: Credentials): Who => {
    const { bearer, loopback } = credentials;
    if (bearer === undefined || !loopback || !isConsoleToken(bearer) || !isConsole(bearer))
      return identity.authenticate(credentials);
    if (identity.mode === 'accounts') options.onConsole?.();
    return localOwner;
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
