import type { Groups, Keys, People, ProvenPerson, Roles, Sessions } from './people-types.ts';
import type { QuotaBook, UsageBook } from './quota-types.ts';
import type { Credentials, SignedIn, TakeOver, Who } from './who.ts';

/** The doors of identity that the answer path and the gateway use on every request. */
export interface Identity extends AsyncDisposable {
  /** `single`: no account exists and loopback is the owner; `accounts` from the first administrator on. */
  readonly mode: 'single' | 'accounts';
  /** From memory, without input or output. @throws {IntramurosError} `unauthorized` with `facts.reason`: missing, unknown, expired, revoked, disabled. */
  authenticate(credentials: Credentials): Who;
  readonly quotas: QuotaBook;
  readonly usage: UsageBook;
  readonly people: People;
  readonly groups: Groups;
  readonly roles: Roles;
  readonly sessions: Sessions;
  readonly keys: Keys;
  /**
   * Makes the first account, with the role `owner`, and ends mode `single`. What the person `local` had goes to it in the
   * same transaction. @throws {IntramurosError} `conflict` when there is an account already.
   */
  setUp(first: {
    readonly name: string;
    readonly displayName?: string | undefined;
    readonly password: string;
  }): Promise<SignedIn>;
  /**
   * Finds or makes the person whom a provider or directory proved, takes over their groups by `externalName`, and signs
   * them in. @throws {IntramurosError} `sign_in_failed` with `facts.reason` `disabled`.
   */
  admit(proven: ProvenPerson, from?: { readonly address?: string | undefined }): Promise<SignedIn>;
  /** Other rooms hand over here what `local` had, within the transaction that makes the first account. */
  whenTakenOver(work: TakeOver): void;
  /** Other rooms erase here what a removed person had, within the transaction that removes it. */
  whenRemoved(work: TakeOver): void;
  close(): Promise<void>;
}
