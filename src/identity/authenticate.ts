import { type Clock, IntramurosError } from '../base/index.ts';
import type { Book } from './book.ts';
import type { LastUse } from './last-use.ts';
import { digestOf, isKeyText } from './token.ts';
import type { Credentials, Who } from './who.ts';
import { houseWho, localOwner, whoOfKey, whoOfPerson } from './who-of.ts';

type Reason = 'missing' | 'unknown' | 'expired' | 'revoked' | 'disabled';

interface Known {
  readonly who: Who;
  readonly endsMs: number;
  /** When it was last used, as far as the database knew. */
  readonly seenMs: number;
}

export interface AuthenticateOptions {
  readonly book: Book;
  readonly lastUse: LastUse;
  readonly clock: Clock;
  /** Digest of the key of `apiKeyFile`. */
  readonly houseDigest: string | undefined;
  readonly idleMs: number;
}

/**
 * Says who sent a request, from memory. A bearer that is given decides alone: a wrong one is never made good by a cookie. On a
 * machine without accounts and without a house key, a program on this machine may send any key that is not one of ours,
 * because many clients insist on sending one.
 */
export function openAuthenticate(options: AuthenticateOptions): (credentials: Credentials) => Who {
  const { book, lastUse, clock, houseDigest, idleMs } = options;
  const keys = new Map<string, Known>();
  const sessions = new Map<string, Known>();
  let generation = -1;

  const follow = (): void => {
    if (generation === book.generation) return;
    keys.clear();
    sessions.clear();
    generation = book.generation;
  };
  const find = (known: Map<string, Known>, digest: string, resolve: () => Known): Known => {
    follow();
    let found = known.get(digest);
    if (found === undefined) {
      found = resolve();
      known.set(digest, found);
    }
    return found;
  };
  const byKey = (digest: string): Who => {
    const { who, endsMs } = find(keys, digest, () => resolveKey(book, digest));
    if (clock.now() >= endsMs) throw refused('expired', 'The key has expired. Make a new one.');
    if (who.keyId !== undefined) lastUse.mark('key', who.keyId);
    lastUse.mark('person', who.personId);
    return who;
  };
  const bySession = (token: string): Who => {
    const digest = digestOf(token);
    const { who, endsMs, seenMs } = find(sessions, digest, () => resolveSession(book, digest));
    const id = who.sessionId ?? '';
    const lastMs = Math.max(seenMs, lastUse.find('session', id) ?? 0);
    if (clock.now() >= Math.min(endsMs, lastMs + idleMs))
      throw refused('expired', 'The session has ended. Sign in again.');
    lastUse.mark('session', id);
    lastUse.mark('person', who.personId);
    return who;
  };
  const isSingle = (): boolean => book.count('person') === 0;

  return ({ bearer, sessionToken, loopback }) => {
    const isOpenHere = loopback && houseDigest === undefined && isSingle();
    if (bearer !== undefined) {
      const digest = digestOf(bearer);
      if (digest === houseDigest) return isSingle() ? localOwner : houseWho(book);
      // Only what has the form of a key is ever known as one.
      if (keys.has(digest) || isKeyText(bearer)) return byKey(digest);
      if (isOpenHere && !bearer.startsWith('imu_')) return localOwner;
      throw refused('unknown', 'The key is not one of this server. Check that it was copied whole.');
    }
    if (isSingle()) {
      if (isOpenHere) return localOwner;
    } else if (sessionToken !== undefined) return bySession(sessionToken);
    throw refused('missing', 'This server needs to know who asks. Sign in, or send "authorization: Bearer <key>".');
  };
}

function resolveKey(book: Book, digest: string): Known {
  const key = book.byDigest('key', digest);
  if (key === undefined) throw refused('unknown', 'The key is not one of this server. Check that it was copied whole.');
  if (key.revokedAt !== undefined) throw refused('revoked', 'The key was revoked. Make a new one.');
  const endsMs = key.expiresAt === undefined ? Number.POSITIVE_INFINITY : Date.parse(key.expiresAt);
  const isLocal = key.personId === 'local' && book.count('person') === 0;
  const of = isLocal ? localOwner : whoOfEnabled(book, key.personId, undefined);
  return { who: whoOfKey(of, key), endsMs, seenMs: 0 };
}

function resolveSession(book: Book, digest: string): Known {
  const session = book.byDigest('session', digest);
  if (session === undefined) throw refused('unknown', 'The session is not known here. Sign in again.');
  const who = whoOfEnabled(book, session.personId, session.id);
  return { who, endsMs: Date.parse(session.expiresAt), seenMs: Date.parse(session.lastSeenAt) };
}

function whoOfEnabled(book: Book, personId: string, sessionId: string | undefined): Who {
  const person = book.get('person', personId);
  if (person === undefined) throw refused('unknown', 'The account is gone.');
  if (person.disabled) throw refused('disabled', 'This account is disabled. An administrator can enable it.');
  return whoOfPerson(book, person, sessionId === undefined ? undefined : book.get('session', sessionId));
}

function refused(reason: Reason, message: string): IntramurosError {
  return new IntramurosError('unauthorized', message, { facts: { reason } });
}
