import { isIntramurosError, type Logger } from './base/index.ts';
import type { Identity } from './identity/index.ts';
import type { Keyring } from './keyring/index.ts';

const accountMark = 'account/';

/** The mark that is left when a person's account is removed. */
export const markOfAccount = (personId: string): string => `${accountMark}${personId}`;

/** Removes again the accounts that were removed and came back with an older copy of the database. */
export async function removeErasedAccounts(
  identity: Pick<Identity, 'people'>,
  keyring: Pick<Keyring, 'destroyed'>,
  log: Logger,
): Promise<void> {
  const house = { personId: 'system', can: () => true };
  for (const { subject } of keyring.destroyed) {
    const id = subject.startsWith(accountMark) ? subject.slice(accountMark.length) : undefined;
    if (id === undefined || identity.people.find(id) === undefined) continue;
    try {
      await identity.people.remove(house, id);
      log.warn({ personId: id }, 'an account that was removed came back with an older database and is removed again');
    } catch (error) {
      if (!isIntramurosError(error)) throw error;
      log.error({ err: error, personId: id }, 'an account that was removed came back and could not be removed again');
    }
  }
}
