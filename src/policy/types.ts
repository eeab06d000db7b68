/** Levels from what anybody may read to what this product refuses everywhere. The order is the lattice's. */
export const levels = ['PUBLIC', 'INTERNE', 'SENSIBLE', 'SP', 'DR', 'SECRET'] as const;
export type Level = (typeof levels)[number];

/** Mentions that the shipped policy knows; an organisation may add its own in capitals. */
export const knownMentions = ['PII', 'SANTE', 'SECRET_AFFAIRES', 'CODE', 'SECRETS'] as const;

/** How sensitive data is. Mentions and compartments are sorted and without repeats, so that equal labels are equal text. */
export interface Label {
  readonly level: Level;
  readonly mentions: readonly string[];
  /** Need-to-know groups: whoever reads must be in all of them. */
  readonly compartments: readonly string[];
}

/** What raised a label, kept so that a refusal can name it. */
export interface LabelSource {
  readonly kind:
    | 'default'
    | 'client'
    | 'person'
    | 'key'
    | 'conversation'
    | 'message'
    | 'document'
    | 'memory'
    | 'tool'
    | 'detector'
    | 'model'
    | 'downgrade';
  /** Id of the thing; for `client`, the header or field. */
  readonly id: string;
  readonly label: Label;
  readonly reason?: string;
  readonly by?: string;
  /** ISO time. */
  readonly at?: string;
}

declare const madeByLabelled: unique symbol;

/** A value that may be handed on only together with what it is labelled. Made by `labelled`, joined by `joinLabelled`. */
export interface Labelled<T> {
  /** Exists in types alone: an object literal is no `Labelled`, so an unlabelled value does not compile where one is asked for. */
  readonly [madeByLabelled]: true;
  readonly value: T;
  readonly label: Label;
  readonly sources: readonly LabelSource[];
}

/** Where inference runs, from this process to somebody else's service. The order is the lattice's. */
export const tiers = ['embedded', 'on-premises', 'iaas', 'paas', 'saas'] as const;
export type Tier = (typeof tiers)[number];

export interface Certificate {
  readonly certificate: string;
  readonly scope: string;
  /** ISO date of the last valid day; a later day denies. */
  readonly expires: string;
}

/** A place that may receive data, with the attributes a named person declared. Nothing is guessed from an address. */
export interface Destination {
  /** `embedded`, or the id of an upstream (and, where they differ, of its inference profile). */
  readonly id: string;
  readonly title: string;
  readonly tier: Tier;
  /** ISO 3166 alpha-2 country where data is processed; undefined is unknown and trusted with nothing that asks for it. */
  readonly country: string | undefined;
  readonly operatorCountry: string | undefined;
  /** Whether a law from outside the European Union may reach the operator. */
  readonly extraEuExposure: boolean;
  readonly secnumcloud: Certificate | undefined;
  readonly hds: Certificate | undefined;
  /** 0 is none; undefined is unknown, which counts as kept. */
  readonly retentionDays: number | undefined;
  /** undefined is unknown, which counts as yes. */
  readonly trainsOnData: boolean | undefined;
  /** Reference of the data processing agreement. */
  readonly dpaRef: string | undefined;
  /** Declared as part of the enclave that may hold DR. */
  readonly enclave: boolean;
  readonly declaredBy: string;
  readonly declaredAt: string;
}

/** Who asks, as far as policy needs to know. */
export interface Subject {
  readonly id: string;
  readonly roles: readonly string[];
  readonly groups: readonly string[];
  readonly compartments: readonly string[];
  /** Highest label that this person or key may handle; undefined is no bound. */
  readonly ceiling: Label | undefined;
}

/** What would be done with the data. Every inference is a sink, and so is an export. */
export type PolicyAction = 'infer' | 'embed' | 'rerank' | 'tool' | 'export';

export interface DecisionRequest {
  readonly subject: Subject;
  readonly action: PolicyAction;
  readonly label: Label;
  readonly destination: Destination;
}

export type Effect = 'allow' | 'pseudonymise' | 'deny';

/** What policy says, as a pure answer: same version and request, same decision. */
export interface Decision {
  readonly effect: Effect;
  /** Ids of the Cedar policies that decided, and `lattice` when the second opinion denied. */
  readonly rules: readonly string[];
  /** One sentence in English; pages translate by `reason`. */
  readonly words: string;
  /** Stable word: `label_above_tier`, `retention`, `no_agreement`, `certificate_missing`, `certificate_expired`, `enclave`, `compartment`, `ceiling`, `not_pseudonymised`, `marking`, `disagreement`, `no_rule`, `rule`, `training`, `secrets`, `foreign_law`, `policy_unavailable`; `allowed` when it is. */
  readonly reason: string;
  readonly policyVersion: string;
}

/** The policy in force. Deciding does no input or output and is memoised. */
export interface Policy {
  /** SHA-256 of the files in force, hexadecimal. */
  readonly version: string;
  decide(request: DecisionRequest): Decision;
  /** The nearest place that may answer: lowest tier first among those allowed. */
  nearest(request: Omit<DecisionRequest, 'destination'>, among: readonly Destination[]): Destination | undefined;
}

/**
 * The right to send, made only by the gate after the decision is durable, and asked for by the egress door. Opaque:
 * bound to one decision, one destination and its addresses, a byte limit and a time.
 */
export interface Clearance {
  readonly decisionId: string;
  readonly destinationId: string;
  readonly label: Label;
  readonly effect: Exclude<Effect, 'deny'>;
  readonly tier: Tier;
  /** `host:port` that may be dialled; empty for the embedded engine. */
  readonly addresses: readonly string[];
  readonly mostBytes: number;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  readonly seal: string;
}

/** Shows that nothing personal is left in what would go out where policy says `pseudonymise`. No content is in it. */
export interface MaskingProof {
  /** The very thing that may be sent, and no other: known by identity. */
  readonly value: object;
  /** Version of the detectors that found nothing more in it. */
  readonly detector: string;
  /** Different things that were replaced, by kind. */
  readonly counts: Readonly<Record<string, number>>;
  /** What a last reading still found. */
  readonly residual: number;
}

/** Why it could not be shown. */
export interface MaskingFailure {
  /** Stable word. */
  readonly failed: string;
  /** One sentence in English. */
  readonly words: string;
}

export interface PassRequest extends DecisionRequest {
  readonly sources: readonly LabelSource[];
  /** Id of the run, conversation or export, for the record. */
  readonly about: {
    readonly runId: string;
    readonly conversationId?: string;
    readonly model: string;
    readonly keyId?: string;
  };
  readonly addresses: readonly string[];
  readonly mostBytes?: number;
  /**
   * Replaces names and identifiers in what would go out: asked only where policy says `pseudonymise`. What it throws calls the
   * pass off, with nothing decided.
   */
  readonly pseudonymise?: () => Promise<MaskingProof | MaskingFailure>;
  /** Places that could answer instead, for the words of a refusal. */
  readonly alternatives: readonly Destination[];
}

export interface Outcome {
  readonly ok: boolean;
  readonly why: string;
  readonly sentBytes: number;
  readonly receivedBytes: number;
  readonly promptTokens?: number;
  readonly completionTokens?: number;
  readonly costMicros?: number;
  readonly firstTokenMs?: number;
  readonly totalMs: number;
  /** Where names were replaced: how many by kind, by which detectors, and placeholders that the model made up. */
  readonly masked?: {
    readonly counts: Readonly<Record<string, number>>;
    readonly detector: string;
    readonly unknown: number;
  };
  /** What answered, and the SHA-256 of its file; null for a model that is not here. */
  readonly model?: string;
  readonly modelHash?: string | null;
  readonly tier?: Tier;
  /** As one line. */
  readonly label?: string;
  readonly policyVersion?: string;
  /** Pseudonym of the installation. */
  readonly machine?: string;
  /** SHA-256 of a nonce and of what was asked or answered; null where there is none. */
  readonly promptCommitment?: string | null;
  readonly answerCommitment?: string | null;
}

/** The one way to a destination: decides, records durably, and only then hands out the clearance. */
export interface Gate {
  readonly policy: Policy;
  /**
   * @throws {IntramurosError} `destination_denied` with the label, its sources, the rules and the nearest allowed place in
   *   its facts; `policy_unavailable` or `audit_unavailable` when either fails and the destination is not embedded.
   */
  pass(request: PassRequest): Promise<Clearance>;
  /**
   * Resolves when the decision of a clearance is durable. At once for every other place, as `pass` waited; the embedded
   * engine may begin to compute meanwhile, and its first word waits here. Never rejects.
   */
  recorded(clearance: Clearance): Promise<void>;
  /** Records what became of it; never throws. */
  settle(clearance: Clearance, outcome: Outcome): void;
  /** True when this process's gate made it, it is unchanged and still valid. */
  verify(clearance: Clearance): boolean;
  /** Whether a clearance is for sending this: of one with the effect `pseudonymise`, for what was shown to be masked alone. */
  covers(clearance: Clearance, value: object): boolean;
}
