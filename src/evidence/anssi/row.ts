import type { Destination } from '../../policy/index.ts';

/** A text in both languages of the house. */
export interface Both {
  readonly fr: string;
  readonly en: string;
}

/** `organisation`: not a property of a program; somebody must do it. */
export type EvidenceState = 'met' | 'partly' | 'not' | 'organisation';

/** What stands behind a row: `test:`, `doc:` and a path of the repository, `setting:` and its name, `page:` and its address. */
export type Basis = `test:${string}` | `doc:${string}` | `setting:${string}` | `page:${string}`;

/** What a row may depend on in this very installation. */
export interface LiveFacts {
  /** Value of each setting as text, now. */
  readonly settings: ReadonlyMap<string, string>;
  /** Every place that may answer. */
  readonly destinations: readonly Destination[];
  /** Whether people sign in. */
  readonly accounts: boolean;
}

/** One recommendation: what it asks in our words, how far this installation meets it, and what shows that. */
export interface AnssiRow {
  readonly id: string;
  readonly title: Both;
  readonly state: EvidenceState | ((live: LiveFacts) => EvidenceState);
  readonly words: Both;
  readonly by: readonly Basis[];
}

const clouds: ReadonlySet<string> = new Set(['iaas', 'paas', 'saas']);
/** Places in somebody's cloud. */
export const inCloud = ({ destinations }: LiveFacts): readonly Destination[] =>
  destinations.filter(({ tier }) => clouds.has(tier));

const loopback: ReadonlySet<string> = new Set(['127.0.0.1', '::1', 'localhost']);
/** Whether this machine alone can reach the server. */
export const isLocalOnly = ({ settings }: LiveFacts): boolean => loopback.has(settings.get('host') ?? '');
