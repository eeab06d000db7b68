import type { Audit } from '../audit/index.ts';
import type { Destination, Label, PolicyHouse, Proposals, Subject } from '../policy/index.ts';

/** What the routes of policy, labels, proposals and decisions need. */
export interface Governance {
  readonly policy: PolicyHouse;
  readonly proposals: Proposals;
  readonly audit: Pick<Audit, 'read' | 'find'>;
  /** What a question is labelled when nobody said anything. */
  readonly defaultLabel: Label;
  /** Every place that may answer somebody, the embedded engine first. */
  places(): readonly Destination[];
  /** A person as policy sees them; undefined when there is none of that id. */
  subject(personId: string): Subject | undefined;
  now(): number;
}
