import type { Audit } from '../audit/index.ts';
import { type Clock, IntramurosError, type Logger, systemClock } from '../base/index.ts';
import type { Database } from '../store/index.ts';
import { admit } from './admit.ts';
import { openAuthenticate } from './authenticate.ts';
import { Book } from './book.ts';
import { openChanges } from './changes.ts';
import { Counters } from './counters.ts';
import { openGroups } from './groups.ts';
import { openKeys } from './keys.ts';
import { openLastUse } from './last-use.ts';
import { checkNewPassword, openPasswords } from './password.ts';
import { openPeople } from './people.ts';
import { openQuotas } from './quotas.ts';
import { openRoles } from './roles.ts';
import { openSessions, type SessionOptions } from './sessions.ts';
import { setUp } from './set-up.ts';
import { SlowDown } from './slow-down.ts';
import { digestOf } from './token.ts';
import type { Identity } from './types.ts';
import { openUpkeep } from './upkeep.ts';
import { openUsage } from './usage.ts';
import type { TakeOver } from './who.ts';

export interface OpenIdentityOptions {
  readonly database: Database;
  readonly audit: Audit;
  readonly log: Logger;
  readonly clock?: Clock;
  /** The key of the setting `apiKeyFile`. */
  readonly houseKey?: string | undefined;
  /** A session that is not used ends. Default 12 hours. */
  readonly sessionIdleMs?: number;
  /** A session ends, used or not. Default 7 days. */
  readonly sessionLifetimeMs?: number;
  /** How often usage is written and other gateways are heard. Default 1 s. */
  readonly everyMs?: number;
  /** Roles of people whom a provider or directory brings. Default `member`. */
  readonly newRoles?: readonly string[];
  /** log2 of scrypt's N; for tests that are not about passwords. */
  readonly passwordLogN?: number;
}

/**
 * Opens who may ask, and how much. Everything that a request needs is answered from memory; changes go to the database, are
 * recorded, and reach every gateway of that database within a second or so.
 */
export async function openIdentity(options: OpenIdentityOptions): Promise<Identity> {
  const { database, audit, log, clock = systemClock } = options;
  const { sessionIdleMs: idleMs = 12 * 3_600_000, sessionLifetimeMs: lifetimeMs = 7 * 86_400_000 } = options;
  const book = new Book();
  await book.open(database);
  const changes = openChanges({ database, book, audit, log });
  const counters = new Counters({ book, clock, log });
  const usage = openUsage({ database, book, counters, clock, log });
  await usage.follow();
  const lastUse = openLastUse({ database, changes, clock, sessionEveryMs: Math.min(60_000, idleMs / 10) });
  const passwords = openPasswords({ logN: options.passwordLogN });
  const slowDown = new SlowDown(clock);
  const takers: TakeOver[] = [];
  const removers: TakeOver[] = [];
  const upkeep = openUpkeep({
    database,
    book,
    changes,
    counters,
    usage,
    lastUse,
    clock,
    log,
    idleMs,
    everyMs: options.everyMs ?? 1_000,
  });
  const session: Omit<SessionOptions, 'admit'> = {
    book,
    changes,
    passwords,
    slowDown,
    clock,
    audit,
    lifetimeMs,
    isIdle: ({ id, lastSeenAt }) =>
      clock.now() >= Math.max(Date.parse(lastSeenAt), lastUse.find('session', id) ?? 0) + idleMs,
    lastSeen: (id) => lastUse.iso('session', id),
  };
  const admitted: SessionOptions['admit'] = (proven, from) =>
    admit({ ...session, newRoles: options.newRoles ?? ['member'] }, proven, from);
  const { houseKey } = options;
  return {
    get mode() {
      return book.count('person') === 0 ? 'single' : 'accounts';
    },
    authenticate: openAuthenticate({
      book,
      lastUse,
      clock,
      idleMs,
      houseDigest: houseKey === undefined ? undefined : digestOf(houseKey),
    }),
    quotas: openQuotas({ book, changes, counters, usage, nowMs: () => clock.now() }),
    usage,
    people: openPeople({
      book,
      changes,
      passwords,
      clock,
      slowDown,
      removers,
      lastSeen: (id) => lastUse.iso('person', id),
    }),
    groups: openGroups({ book, changes }),
    roles: openRoles({ book, changes }),
    sessions: openSessions({ ...session, admit: admitted }),
    keys: openKeys({ book, changes, clock, lastUsed: (id) => lastUse.iso('key', id) }),
    async setUp(first) {
      if (book.count('person') > 0) throw alreadySetUp();
      checkNewPassword(first.password, first.name);
      const password = await passwords.hash(first.password);
      await usage.flush();
      return setUp({ ...session, takers }, first, password);
    },
    admit: admitted,
    whenTakenOver: (work) => void takers.push(work),
    whenRemoved: (work) => void removers.push(work),
    close: () => upkeep.close(),
    [Symbol.asyncDispose]: () => upkeep.close(),
  };
}

function alreadySetUp(): IntramurosError {
  return new IntramurosError('conflict', 'The first account is there already. Sign in with it.', {
    facts: { reason: 'set_up' },
  });
}
