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
