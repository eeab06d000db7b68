import type { Label, Proposal, Tier } from './wire-policy.ts';

/** What the pages of accounts and administration read. */
export const quotaUnits = ['requests', 'tokens', 'money'] as const;
export const quotaPeriods = ['minute', 'hour', 'day', 'month'] as const;
export const quotaSubjects = ['everybody', 'person', 'group', 'model', 'key'] as const;

export interface Quota {
  readonly id: string;
  readonly subject: { readonly kind: (typeof quotaSubjects)[number]; readonly id: string };
  readonly unit: (typeof quotaUnits)[number];
  readonly period: (typeof quotaPeriods)[number];
  readonly limit: number;
  readonly used: number;
  readonly reserved: number;
  readonly resetAt: string;
  readonly version: number;
}

interface Amounts {
  readonly requests: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly costMicros: number;
}
export interface DayUsage extends Amounts {
  readonly date: string;
}
export interface ModelUsage extends Amounts {
  readonly model: string;
}
export interface UsageRow extends Amounts {
  readonly id: string;
  readonly title: string;
}
export interface MyUsage {
  readonly quotas: readonly Quota[];
  readonly days: readonly DayUsage[];
  readonly models: readonly ModelUsage[];
}

export interface Key {
  readonly id: string;
  readonly name: string;
  readonly personId: string;
  readonly prefix: string;
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly lastUsedAt: string | null;
  readonly revokedAt: string | null;
  readonly models: readonly string[] | null;
  readonly destinations: readonly string[] | null;
  readonly ceiling: Label | null;
}
export interface OpenSession {
  readonly id: string;
  readonly createdAt: string;
  readonly lastSeenAt: string;
  readonly expiresAt: string;
  readonly address: string | null;
  readonly origin: 'local' | 'oidc' | 'ldap';
  readonly current: boolean;
}
export interface NewKey {
  readonly name: string;
  readonly expiresAt?: string;
  readonly models?: readonly string[];
  readonly destinations?: readonly string[];
  readonly ceiling?: Label;
}

export interface Person {
  readonly id: string;
  readonly name: string;
  readonly displayName: string;
  readonly email: string | null;
  readonly origin: 'local' | 'oidc' | 'ldap';
  readonly roles: readonly string[];
  readonly groups: readonly string[];
  readonly disabled: boolean;
  readonly ceiling: Label | null;
  readonly createdAt: string;
  readonly lastSeenAt: string | null;
  readonly hasPassword?: boolean;
  readonly version: number;
}

export interface Group {
  readonly id: string;
  readonly title: string;
  readonly members: readonly string[];
  readonly roles: readonly string[];
  readonly compartments: readonly string[];
  readonly externalName: string | null;
  readonly version: number;
}

export interface Role {
  readonly name: string;
  readonly title: string;
  readonly allow: readonly string[];
  readonly deny: readonly string[];
  readonly builtIn: boolean;
  readonly version: number;
}

export interface Certificate {
  readonly certificate: string;
  readonly scope: string;
  readonly expires: string;
}

/** A place, as far as a form fills it. */
export interface PlaceFields {
  readonly tier: Tier;
  readonly country?: string | null | undefined;
  readonly operatorCountry?: string | null | undefined;
  readonly extraEuExposure: boolean;
  readonly secnumcloud?: Certificate | null | undefined;
  readonly hds?: Certificate | null | undefined;
  readonly retentionDays?: number | null | undefined;
  readonly trainsOnData?: boolean | null | undefined;
  readonly dpaRef?: string | null | undefined;
  readonly enclave: boolean;
}
export interface Place extends PlaceFields {
  readonly id: string;
  readonly title: string;
  readonly declaredBy: string;
  readonly declaredAt: string;
}

export interface Price {
  readonly currency: string;
  readonly inputMicros: number;
  readonly outputMicros: number;
  readonly cachedInputMicros?: number;
  readonly asOf: string;
}
export const upstreamKinds = ['openai', 'ollama', 'anthropic', 'bedrock'] as const;
export interface UpstreamModel {
  readonly id: string;
  readonly name: string;
  readonly capabilities: readonly string[];
  readonly contextTokens?: number | null;
  readonly price?: Price | null;
}
export interface Replica {
  readonly url: string;
  readonly state: 'well' | 'ill' | 'unknown';
  readonly words: string;
  readonly activeRequests: number;
  readonly firstTokenMs: number | null;
  readonly checkedAt: string | null;
}
export const flavours = ['compatible', 'openai', 'vllm', 'llama-server'] as const;
export interface Timeouts {
  readonly connectMs: number;
  readonly firstTokenMs: number;
  readonly betweenTokensMs: number;
  readonly totalMs: number;
}
export interface Upstream {
  readonly id: string;
  readonly title: string;
  readonly kind: (typeof upstreamKinds)[number];
  readonly urls: readonly string[];
  readonly destination: Place;
  readonly models: readonly UpstreamModel[];
  readonly flavour?: (typeof flavours)[number];
  readonly region?: string | null;
  /** Models that are computed elsewhere, by prefix or name. */
  readonly profiles?: readonly { readonly match: string; readonly destination: Place }[];
  readonly timeouts?: Timeouts;
  readonly secretSet: boolean;
  readonly enabled: boolean;
  readonly fallbacks: readonly string[];
  readonly version: number;
  readonly health?: { readonly replicas: readonly Replica[] } | null;
}
export interface UpstreamTest {
  readonly ok: boolean;
  readonly ms: number;
  readonly firstTokenMs: number | null;
  readonly models: readonly string[];
  /** Names among them that it passes on to another service. */
  readonly elsewhere?: readonly string[];
  readonly reason?: string;
  readonly words: string;
}

export interface PolicyFile {
  readonly name: string;
  readonly text: string;
}
export interface PolicyInForce {
  readonly version: string;
  /** null for the policy that the product brings. */
  readonly since: string | null;
  readonly files: readonly PolicyFile[];
  readonly state: 'in-force' | 'previous-in-force' | 'unavailable';
  readonly problem: string | null;
}
export interface PolicyCheck {
  readonly ok: boolean;
  readonly problems: readonly { readonly file: string; readonly line: number; readonly words: string }[];
  readonly tests: { readonly passed: number; readonly failed: number; readonly failures: readonly unknown[] };
}
export interface ChangedDecision {
  readonly seq: number;
  readonly at: string;
  readonly actor: string;
  readonly label: Label;
  readonly destinationId: string;
  readonly before: string;
  readonly after: string;
  readonly reason: string;
}
export interface Simulation {
  readonly decisions: number;
  /** How many change; `changed` holds the newest of them. */
  readonly changes: number;
  readonly changed: readonly ChangedDecision[];
  readonly truncated: boolean;
}
export interface DecisionRecord {
  readonly seq: number;
  readonly at: string;
  readonly id: string;
  readonly actor: string;
  readonly action: string;
  readonly label: Label;
  readonly sources: readonly (string | { readonly kind: string; readonly id: string; readonly reason?: string })[];
  readonly destinationId: string;
  readonly destinationTitle?: string;
  readonly tier: Tier;
  readonly effect: 'allow' | 'pseudonymise' | 'deny';
  readonly reason: string;
  readonly rules: readonly string[];
  readonly policyVersion: string;
  readonly runId: string | null;
  readonly model: string | null;
  readonly outcome: {
    readonly ok: boolean;
    readonly why: string;
    readonly sentBytes: number;
    readonly receivedBytes: number;
    readonly costMicros?: number;
    readonly totalMs: number;
  } | null;
}
export type ProposalList = readonly Proposal[];

export interface EgressTotal {
  readonly purpose: string;
  /** Host and port, or the name of a client that dialled by itself. */
  readonly destination: string;
  /** This machine itself: nothing left it. */
  readonly loopback: boolean;
  readonly connections: number;
  readonly sentBytes: number;
  readonly receivedBytes: number;
}
export interface Egress {
  readonly offline: boolean;
  readonly allowList: readonly {
    readonly id: string;
    readonly host: string;
    readonly port: number | string;
    readonly purpose: string;
    readonly origin: string;
  }[];
  readonly totals: readonly EgressTotal[];
  readonly layers: readonly { readonly name: string; readonly active: boolean; readonly words: string }[];
  readonly unexplainedBytes: number;
}
export interface Connection {
  readonly id: string;
  readonly at: string;
  readonly purpose: string;
  readonly decisionId: string | null;
  readonly destinationId: string | null;
  readonly host: string;
  readonly port: number;
  readonly address: string | null;
  readonly refused: string | null;
  readonly sentBytes: number;
  readonly receivedBytes: number;
  readonly durationMs: number | null;
}
