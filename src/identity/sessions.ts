import type { Audit } from '../audit/index.ts';
import { type Clock, IntramurosError, newId } from '../base/index.ts';
import type { Book } from './book.ts';
import type { Change, Changes } from './changes.ts';
import { checkReach, nameKeyOf, notFound } from './checks.ts';
import type { Passwords } from './password.ts';
import { endSessions, getPerson, nowOf } from './people.ts';
import type { ProvenPerson, Session, Sessions, SignIn } from './people-types.ts';
import type { KeptPerson } from './rows.ts';
import type { SlowDown } from './slow-down.ts';
import { digestOf, newSessionToken } from './token.ts';
import type { Actor, SignedIn, Who } from './who.ts';
import { whoOfPerson } from './who-of.ts';

const mostSessions = 50; // of one person; the oldest end first

export interface SessionOptions {
  readonly book: Book;
  readonly changes: Changes;
  readonly passwords: Passwords;
  readonly slowDown: SlowDown;
  readonly clock: Clock;
  readonly audit: Audit;
  readonly lifetimeMs: number;
  readonly isIdle: (session: Session) => boolean;
  readonly lastSeen: (sessionId: string) => string | undefined;
  readonly admit: (proven: ProvenPerson, from: { readonly address?: string | undefined }) => Promise<SignedIn>;
}

/** Signing in by name and password, and out again. */
export function openSessions(options: SessionOptions): Sessions {
  const { book, changes, clock } = options;
  return {
    signIn: (attempt) => signIn(options, attempt),
    async signOut(sessionId) {
      const session = book.get('session', sessionId);
      if (session === undefined) return;
      await changes.make(session.personId, async (on) => {
        await on.query('DELETE FROM sessions WHERE id = $1', [sessionId]);
        on.touch('session', sessionId);
        on.record('session.end', { id: sessionId, personId: session.personId });
      });
    },
    signOutEverywhere: (by, personId, keep) =>
      changes.make(by.personId, async (on) => {
        mayEnd(on, by, personId);
        const sessions = await endSessions(on, personId, keep);
        on.record('session.end-all', { personId, sessions });
      }),
    end: (by, personId, id) =>
      changes.make(by.personId, async (on) => {
        mayEnd(on, by, personId);
        if (on.book.get('session', id)?.personId !== personId) throw notFound('session', id);
        await on.query('DELETE FROM sessions WHERE id = $1', [id]);
        on.touch('session', id);
        on.record('session.end', { id, personId });
      }),
    list: async (personId) =>
      book
        .all('session')
        .filter((session) => session.personId === personId)
        .filter((session) => Date.parse(session.expiresAt) > clock.now() && !options.isIdle(session))
        .map(({ digest, ...session }) => ({
          ...session,
          lastSeenAt: options.lastSeen(session.id) ?? session.lastSeenAt,
        }))
        .sort((a, b) => (a.lastSeenAt < b.lastSeenAt ? 1 : -1)),
  };
}

/** One's own, and those of people who may not do more than oneself. */
function mayEnd(on: Change, by: Actor, personId: string): void {
  if (by.personId !== personId) checkReach(on.book, by, getPerson(on.book, personId));
}

async function signIn(options: SessionOptions, attempt: SignIn): Promise<SignedIn> {
  const { book, passwords, slowDown, audit } = options;
  const nameKey = nameKeyOf(attempt.name).slice(0, 200);
  const succeeded = slowDown.begin(nameKey, attempt.address);
  const person = book.personByName(nameKey);
  const isElsewhere = person === undefined || person.origin === 'ldap';
  if (isElsewhere && attempt.directory && attempt.password !== '') {
    const proven = await attempt.directory(attempt.name, attempt.password);
    if (proven) {
      succeeded();
      return options.admit(proven, attempt);
    }
  }
  const isRight = await passwords.verify(attempt.password, person?.password);
  if (person === undefined || !isRight || person.disabled) {
    const reason = isRight && person?.disabled ? 'disabled' : 'wrong';
    const who = person ? { id: person.id } : {};
    audit.note({ kind: 'identity', actor: 'system', data: { what: 'session.refused', reason, ...who } });
    throw refusal(reason);
  }
  succeeded();
  const rehashed = passwords.isWeak(person.password ?? '') ? await passwords.hash(attempt.password) : undefined;
  return startSession(options, person.id, attempt.address, async (on) => {
    if (rehashed === undefined || getPerson(on.book, person.id).password !== person.password) return;
    await on.query('UPDATE people SET password = $2 WHERE id = $1', [person.id, rehashed]);
    on.touch('person', person.id);
  });
}

/** Why somebody may not come in, in words that do not tell a wrong name from a wrong password. */
export function refusal(reason: 'wrong' | 'disabled'): IntramurosError {
  const words = {
    wrong: 'The name or the password is wrong. Check both; an administrator can set a new password.',
    disabled: 'This account is disabled. An administrator can enable it.',
  };
  return new IntramurosError('sign_in_failed', words[reason], { facts: { reason } });
}

/** Opens a session for somebody who proved to be that person. */
export async function startSession(
  options: Pick<SessionOptions, 'book' | 'changes' | 'clock' | 'lifetimeMs'>,
  personId: string,
  address: string | undefined,
  also: (on: Change) => Promise<void> = async () => {},
): Promise<SignedIn> {
  const { book, changes } = options;
  const session = await changes.make(personId, async (on) => {
    const person = on.book.get('person', personId);
    if (person === undefined || person.disabled) throw refusal(person ? 'disabled' : 'wrong');
    await also(on);
    return insertSession(on, options, person, address);
  });
  return { token: session.token, expiresAt: session.expiresAt, who: whoNow(book, personId, session.id) };
}

/** Adds the row of a session. */
export async function insertSession(
  on: Change,
  options: Pick<SessionOptions, 'clock' | 'lifetimeMs'>,
  person: Pick<KeptPerson, 'id' | 'origin'>,
  address: string | undefined,
): Promise<{ readonly id: string; readonly token: string; readonly expiresAt: string }> {
  const token = newSessionToken();
  const id = newId('ses');
  const now = nowOf(options.clock);
  const expiresAt = new Date(options.clock.now() + options.lifetimeMs).toISOString();
  await on.query(
    `INSERT INTO sessions (id, digest, person_id, origin, address, created_at, last_seen_at, expires_at)
     VALUES ($1, $2, $3, $4, $5, $6, $6, $7)`,
    [id, digestOf(token), person.id, person.origin, address, now, expiresAt],
  );
  const over = await on.query<{ id: string }>(
    `DELETE FROM sessions WHERE id IN
       (SELECT id FROM sessions WHERE person_id = $1 ORDER BY created_at DESC, id DESC OFFSET $2) RETURNING id`,
    [person.id, mostSessions],
  );
  for (const old of over) on.touch('session', old.id);
  on.touch('session', id);
  on.record('session.start', { id, personId: person.id, origin: person.origin, address: address ?? null });
  return { id, token, expiresAt };
}

/** Who a fresh session belongs to. */
export function whoNow(book: Book, personId: string, sessionId: string): Who {
  return whoOfPerson(book, getPerson(book, personId), book.get('session', sessionId));
}
