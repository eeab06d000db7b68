import { type Audit, openAudit } from '../../src/audit/index.ts';
import { type Clock, silentLog, systemClock } from '../../src/base/index.ts';
import { type Identity, type OpenIdentityOptions, openIdentity, type SignedIn } from '../../src/identity/index.ts';
import type { Database } from '../../src/store/index.ts';
import type { DatabasePlace } from './databases.ts';

/** Who may ask, on a real database and record. */
export interface TestIdentity extends AsyncDisposable {
  readonly identity: Identity;
  readonly database: Database;
  readonly audit: Audit;
  readonly clock: HandClock;
  close(): Promise<void>;
}

/** A clock that a test turns by hand. */
export interface HandClock extends Clock {
  pass(ms: number): void;
}

/** Goes on from the true time by hand alone, so that what the database says of now stays near. */
export function handClock(startMs: number = Date.now()): HandClock {
  let nowMs = startMs;
  return {
    now: () => nowMs,
    monotonic: systemClock.monotonic,
    pass(ms) {
      nowMs += ms;
    },
  };
}

export const ownersPassword = 'un mot de passe pour les essais';

/** Opens identity in a place; passwords cost little, as these tests are not about them. */
export async function openTestIdentity(
  place: DatabasePlace,
  options: Partial<OpenIdentityOptions> & { readonly clock?: HandClock } = {},
): Promise<TestIdentity> {
  const log = silentLog();
  const database = await place.open();
  const clock = options.clock ?? handClock();
  const audit = openAudit({ home: place.home, clock, log });
  const identity = await openIdentity({ database, audit, log, passwordLogN: 4, ...options, clock });
  const close = async (): Promise<void> => {
    await identity.close();
    await audit.close();
    await database.close();
  };
  return { identity, database, audit, clock, close, [Symbol.asyncDispose]: close };
}

/** The same with a first account, the owner `marie`. */
export async function openWithOwner(
  place: DatabasePlace,
  options: Parameters<typeof openTestIdentity>[1] = {},
): Promise<TestIdentity & { readonly owner: SignedIn }> {
  const opened = await openTestIdentity(place, options);
  return { ...opened, owner: await opened.identity.setUp({ name: 'marie', password: ownersPassword }) };
}
