import type { Label } from '../policy/index.ts';
import type { Actor, Right, SignedIn } from './who.ts';

/** What a directory or provider said of somebody who proved to be that person. */
export interface ProvenPerson {
  readonly origin: 'oidc' | 'ldap';
  /** Stable within the origin: issuer and subject, or the entry's unique id. */
  readonly externalId: string;
  readonly name: string;
  readonly displayName: string;
  readonly email: string | undefined;
  readonly groups: readonly string[];
}

/** Somebody with an account. */
export interface Person {
  readonly id: string;
  /** Sign-in name, unique whatever its case. */
  readonly name: string;
  readonly displayName: string;
  readonly email: string | undefined;
  readonly origin: 'local' | 'oidc' | 'ldap';
  /** Roles given to this person alone; those of groups come on top. */
  readonly roles: readonly string[];
  /** Ids of groups. */
  readonly groups: readonly string[];
  readonly disabled: boolean;
  readonly ceiling: Label | undefined;
  readonly hasPassword: boolean;
  readonly createdAt: string;
  readonly lastSeenAt: string | undefined;
  readonly version: number;
}

export interface NewPerson {
  readonly name: string;
  readonly displayName?: string | undefined;
  readonly email?: string | undefined;
  /** Without one the person cannot sign in until a password is set. At least 12 characters. */
  readonly password?: string | undefined;
  /** Default `member`. */
  readonly roles?: readonly string[] | undefined;
  readonly groups?: readonly string[] | undefined;
  readonly ceiling?: Label | null | undefined;
}

/** Fields left out stay; null clears. `version` is the one that was seen: another one is a `conflict`. */
export interface PersonChange {
  readonly version: number;
  readonly displayName?: string | undefined;
  readonly email?: string | null | undefined;
  readonly roles?: readonly string[] | undefined;
  readonly groups?: readonly string[] | undefined;
  readonly disabled?: boolean | undefined;
  readonly ceiling?: Label | null | undefined;
}

/** Every change throws `not_found`, `conflict` (stale version, taken name, last owner), `invalid_request` or `forbidden`. */
export interface People {
  /** By name. */
  list(): Promise<readonly Person[]>;
  get(id: string): Promise<Person>;
  /** From memory; for words of pages and records. */
  find(id: string): Person | undefined;
  findByName(name: string): Person | undefined;
  create(by: Actor, person: NewPerson): Promise<Person>;
  change(by: Actor, id: string, change: PersonChange): Promise<Person>;
  /** Ends their sessions and keys too. */
  remove(by: Actor, id: string): Promise<void>;
  /** A new random password, shown once; ends their sessions. */
  resetPassword(by: Actor, id: string): Promise<{ readonly password: string }>;
  /** By the person; ends their other sessions. @throws {IntramurosError} `sign_in_failed` when `current` is wrong. */
  changePassword(
    personId: string,
    change: { readonly current: string; readonly next: string; readonly keepSessionId?: string | undefined },
  ): Promise<void>;
}

export interface Group {
  readonly id: string;
  readonly title: string;
  /** Ids of people. */
  readonly members: readonly string[];
  readonly roles: readonly string[];
  readonly compartments: readonly string[];
  /** Name of this group at a provider or directory, which then decides who is in it. */
  readonly externalName: string | undefined;
  readonly version: number;
}
export interface NewGroup {
  readonly title: string;
  readonly members?: readonly string[] | undefined;
  readonly roles?: readonly string[] | undefined;
  readonly compartments?: readonly string[] | undefined;
  readonly externalName?: string | null | undefined;
}
export type GroupChange = Partial<NewGroup> & { readonly version: number };

export interface Groups {
  /** By title. */
  list(): Promise<readonly Group[]>;
  find(id: string): Group | undefined;
  create(by: Actor, group: NewGroup): Promise<Group>;
  change(by: Actor, id: string, change: GroupChange): Promise<Group>;
  remove(by: Actor, id: string): Promise<void>;
}

/**
 * Entries of `allow` and `deny` are a right, `*`, `admin.*`, or a right for some resources: `model.use:mistral/*`. A denial in
 * any role of a person outweighs every allowance.
 */
export interface Role {
  readonly name: string;
  readonly title: string;
  readonly allow: readonly string[];
  readonly deny: readonly string[];
  readonly builtIn: boolean;
  readonly version: number;
}

export interface Roles {
  list(): Promise<readonly Role[]>;
  find(name: string): Role | undefined;
  /** Makes it (version left out) or changes it. Built-in roles stay as they are (`forbidden`). */
  put(
    by: Actor,
    role: Pick<Role, 'name' | 'title' | 'allow' | 'deny'> & { readonly version?: number | undefined },
  ): Promise<Role>;
  remove(by: Actor, name: string): Promise<void>;
}

export interface Session {
  readonly id: string;
  readonly personId: string;
  readonly createdAt: string;
  readonly lastSeenAt: string;
  readonly expiresAt: string;
  readonly address: string | undefined;
  readonly origin: Person['origin'];
}

export interface SignIn {
  readonly name: string;
  readonly password: string;
  /** Address of the caller; failures slow down by name and by address. */
  readonly address?: string | undefined;
  /** Asked when `name` is no local account: a directory. Undefined is a wrong name or password. */
  readonly directory?: ((name: string, password: string) => Promise<ProvenPerson | undefined>) | undefined;
}

export interface Sessions {
  /**
   * @throws {IntramurosError} `sign_in_failed` with `facts.reason`: wrong (name or password, the same for both), disabled, or
   *   slow_down with `facts.retryAfterSeconds`.
   */
  signIn(attempt: SignIn): Promise<SignedIn>;
  /** Unknown ids do nothing. */
  signOut(sessionId: string): Promise<void>;
  /** Ends the sessions of somebody, but for the one to keep. */
  signOutEverywhere(by: Actor, personId: string, keepSessionId?: string): Promise<void>;
  /** Ends one session of somebody. @throws {IntramurosError} `not_found` for another's too; `forbidden`. */
  end(by: Actor, personId: string, sessionId: string): Promise<void>;
  list(personId: string): Promise<readonly Session[]>;
}

export interface ApiKey {
  readonly id: string;
  readonly name: string;
  readonly personId: string;
  /** First characters, to tell keys apart. */
  readonly prefix: string;
  readonly createdAt: string;
  readonly expiresAt: string | undefined;
  readonly lastUsedAt: string | undefined;
  readonly revokedAt: string | undefined;
  readonly models: readonly string[] | undefined;
  readonly destinations: readonly string[] | undefined;
  readonly ceiling: Label | undefined;
  /** What of its person's rights it carries; entries as in roles. */
  readonly rights: readonly string[];
}
export interface NewKey {
  readonly name: string;
  readonly expiresAt?: string | null | undefined;
  readonly models?: readonly string[] | null | undefined;
  readonly destinations?: readonly string[] | null | undefined;
  readonly ceiling?: Label | null | undefined;
  /** Default: `inferenceRights`. Rights to administer must be asked for by name. */
  readonly rights?: readonly string[] | undefined;
}

/** What a key may do when nothing else was asked for. */
export const inferenceRights: readonly Right[] = ['chat.use', 'api.use', 'model.use', 'destination.use'];

export interface Keys {
  /** Newest first; of one person, or of all. Revoked ones stay listed. */
  list(personId?: string): Promise<readonly ApiKey[]>;
  /** @throws {IntramurosError} `not_found`, also when it is not `personId`'s, where that is given. */
  get(id: string, personId?: string): Promise<ApiKey>;
  /** The key itself is in the answer alone. */
  create(by: Actor, personId: string, key: NewKey): Promise<{ readonly key: string; readonly view: ApiKey }>;
  revoke(by: Actor, id: string, personId?: string): Promise<void>;
  /** A new secret for the same key; the old one dies at once. */
  rotate(by: Actor, id: string, personId?: string): Promise<{ readonly key: string; readonly view: ApiKey }>;
}
