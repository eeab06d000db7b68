/** What the page reads of people, labels and places. Declared here on its own, as all of the wire. */
export const levels = ['PUBLIC', 'INTERNE', 'SENSIBLE', 'SP', 'DR', 'SECRET'] as const;
export type Level = (typeof levels)[number];

export interface Label {
  readonly level: Level;
  readonly mentions: readonly string[];
  readonly compartments: readonly string[];
}

export interface LabelSource {
  readonly kind: string;
  readonly id: string;
  readonly label: Label;
  readonly reason?: string;
  readonly by?: string;
  readonly at?: string;
}

export const tiers = ['embedded', 'on-premises', 'iaas', 'paas', 'saas'] as const;
export type Tier = (typeof tiers)[number];

export interface LabelInfo {
  readonly levels: readonly Level[];
  readonly mentions: readonly string[];
  readonly compartments: readonly string[];
  readonly default: Label;
}

/** A model, and what policy says now of sending it this label. */
export interface Choice {
  readonly model: string;
  readonly title: string;
  readonly tier: Tier;
  readonly destinationId: string;
  readonly destinationTitle: string;
  readonly country: string | null;
  readonly effect: 'allow' | 'deny';
  /** Allowed with names and identifiers replaced on the way. */
  readonly masked?: true;
  readonly reason: string;
  readonly words: string;
  readonly nearest?: true;
  readonly installed: boolean;
}

export interface Choices {
  readonly label: Label;
  readonly sources: readonly LabelSource[];
  readonly choices: readonly Choice[];
}

/** Facts of a refusal, as `destination_denied` carries them. */
export interface DeniedFacts {
  readonly level?: Level;
  readonly mentions?: readonly string[];
  readonly compartments?: readonly string[];
  readonly sources?: readonly string[];
  readonly rules?: readonly string[];
  readonly reason?: string;
  readonly nearest?: string | null;
  readonly nearestModel?: string | null;
}

/** Where an answer went, told before its first word. */
export interface Routed {
  readonly model: string;
  readonly destinationId: string;
  readonly tier: Tier;
  readonly decisionId?: string | null;
  readonly fellBackFrom?: string | null;
  /** Where names were replaced on the way: how many different ones, by kind. */
  readonly masked?: Readonly<Record<string, number>>;
}

export interface Who {
  readonly id: string;
  readonly name: string;
  readonly displayName: string;
  readonly kind: 'owner' | 'person' | 'key';
  readonly roles: readonly string[];
  readonly groups: readonly string[];
  readonly rights: readonly string[];
  readonly ceiling: Label | null;
  readonly compartments: readonly string[];
}

export interface Session {
  readonly mode: 'single' | 'accounts';
  readonly canSetUp: boolean;
  readonly who: Who | null;
  readonly signIn: {
    readonly password: boolean;
    readonly ldap: boolean;
    readonly oidc: readonly { readonly id: string; readonly title: string }[];
  };
}

export interface Proposal {
  readonly id: string;
  readonly kind: 'policy' | 'label' | 'break-glass';
  readonly by: string;
  readonly at: string;
  readonly reason: string;
  readonly state: 'open' | 'approved' | 'rejected' | 'withdrawn';
  readonly decidedBy: string | null;
  readonly decidedAt: string | null;
  readonly summary: string;
  readonly detail: unknown;
}
