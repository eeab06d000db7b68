import type { Label, Subject } from '../policy/index.ts';

/** Whoever is behind a request, resolved from memory: a person at the page, a key, or the one user of a machine without accounts. */
export interface Who {
  readonly personId: string;
  /** Sign-in name. */
  readonly name: string;
  readonly displayName: string;
  readonly kind: 'owner' | 'person' | 'key';
  readonly roles: readonly string[];
  /** Ids of groups. */
  readonly groups: readonly string[];
  readonly compartments: readonly string[];
  /** Lower of the person's and the key's highest label; undefined is no bound. */
  readonly ceiling: Label | undefined;
  readonly keyId: string | undefined;
  readonly sessionId: string | undefined;
  /** Models and destinations that a key is limited to; undefined is all. Patterns may end in `*`. */
  readonly models: readonly string[] | undefined;
  readonly destinations: readonly string[] | undefined;
  /**
   * Whether a role allows it and none denies it; a key's limits to models, destinations and rights count too. Asked without
   * a resource, an entry for some resources alone does not allow. @example who.can('admin.people'), who.can('model.use', 'mistral/large')
   */
  can(right: Right, resource?: string): boolean;
}

/** Rights that roles speak of; a role may use `*` for all, or `admin.*`. */
export const rights = [
  'chat.use',
  'api.use',
  'model.use',
  'destination.use',
  'model.manage',
  'label.lower',
  'label.approve',
  'admin.people',
  'admin.keys',
  'admin.upstreams',
  'admin.policy',
  'policy.approve',
  'admin.egress',
  'admin.settings',
  'audit.read',
  'usage.read',
  'backup.make',
  'break-glass',
] as const;
export type Right = (typeof rights)[number];

/** What a request carries to say who it is from. */
export interface Credentials {
  readonly bearer: string | undefined;
  readonly sessionToken: string | undefined;
  /** True when the connection comes from this machine. */
  readonly loopback: boolean;
}

/** What one request will use at most, reserved before and settled after. */
export interface Reservation {
  /** Frees what was not used and books what was. Called once; a second call changes nothing. */
  settle(used: { readonly promptTokens: number; readonly completionTokens: number; readonly costMicros: number }): void;
}

export interface Quotas {
  /**
   * Takes the place of a request in every cap that applies (person, groups, model, key), from process memory.
   * @throws {IntramurosError} `quota_exceeded` with `facts.resetAt` (ISO) and `facts.retryAfterSeconds`.
   */
  reserve(
    who: Who,
    request: { readonly model: string; readonly mostTokens: number; readonly mostCostMicros: number },
  ): Reservation;
}

/** Whoever makes a change: it is recorded under the id, and gives away only rights that it has. */
export type Actor = Pick<Who, 'personId' | 'can'> & Partial<Pick<Who, 'keyId' | 'ceiling'>>;

/** A new session: `token` goes into the cookie and nowhere else. */
export interface SignedIn {
  readonly token: string;
  readonly expiresAt: string;
  readonly who: Who;
}

/** Something that answers SQL, as the store's `Queryable`. */
export type TakeOver = (
  on: { query<R>(sql: string, parameters?: readonly unknown[]): Promise<readonly R[]> },
  personId: string,
) => Promise<void>;

/** The part of `who` that policy sees. */
export function subjectOf(who: Who): Subject {
  let subject = subjects.get(who);
  if (subject === undefined) {
    const { personId: id, roles, groups, compartments, ceiling } = who;
    subject = { id, roles, groups, compartments, ceiling };
    subjects.set(who, subject);
  }
  return subject;
}

/** Whoever asks twice is the same object while nothing about them changes. */
const subjects = new WeakMap<Who, Subject>();
