/** What the pages of proof read: receipts, the record of what was decided and done, and what is held about a person. */
export interface Both {
  readonly fr: string;
  readonly en: string;
}

export interface InclusionProof {
  readonly seq: number;
  /** The record, byte for byte as it stands in the log. */
  readonly line: string;
  readonly leafHash: string;
  readonly path: readonly string[];
  /** C2SP signed note. */
  readonly checkpoint: string;
}

export type Standing = 'self-attested' | 'witnessed' | 'timestamped';

interface Opening {
  readonly commitment: string | null;
  readonly nonce: string | null;
  readonly text: string | null;
}

export interface AnswerReceipt {
  readonly format: string;
  readonly message: string;
  readonly conversationId: string;
  readonly decisionId: string;
  readonly records: readonly InclusionProof[];
  readonly checkpoint: string;
  readonly cosignatures: readonly string[];
  readonly timestamps: readonly string[];
  readonly publicKey: string;
  readonly opening: { readonly prompt: Opening; readonly answer: Opening };
  readonly facts: {
    readonly modelHash: string | null;
    readonly policyVersion: string;
    readonly machine: string;
    readonly at: string;
    readonly detectors: string | null;
    readonly placeholders: Readonly<Record<string, number>>;
  };
  readonly standing: Standing;
}

export interface ErasureReceipt {
  readonly format: string;
  readonly subject: string;
  readonly at: string;
  readonly destroyedKeys: number;
  readonly erased: { readonly conversations: number; readonly messages: number };
  readonly record: InclusionProof;
  readonly checkpoint: string;
  readonly publicKey: string;
}

export interface Held {
  readonly conversations: number;
  readonly messages: number;
  readonly firstAt: string | null;
  readonly lastAt: string | null;
  readonly keys: number;
  readonly sessions: number;
  readonly usageDays: number;
  readonly vaults: number;
  readonly memories: number;
  readonly auditRecords: number;
  readonly reads: readonly {
    readonly at: string;
    readonly by: string;
    readonly what: string;
    readonly reason: string | null;
  }[];
  readonly models: readonly SeenBy[];
}
export interface SeenBy {
  readonly model: string;
  readonly destination: string;
  readonly destinationTitle: string;
  readonly tier: string;
  readonly country: string | null;
  readonly answers: number;
  readonly bytesSent: number;
  readonly firstAt: string;
  readonly lastAt: string;
}

export interface AuditAnchor {
  readonly kind: 'witness' | 'timestamp';
  readonly name: string;
  readonly url: string;
  readonly state: 'ok' | 'waiting' | 'failing' | 'off';
  readonly size: number | null;
  readonly at: string | null;
  readonly problem: string | null;
  readonly triedAt: string | null;
  readonly tries: number;
}

export interface AuditState {
  readonly size: number;
  readonly origin: string;
  readonly publicKey: string;
  readonly failure: string | null;
  readonly checkpoint: {
    readonly size: number;
    readonly root: string;
    readonly at: string | null;
    readonly text: string;
  } | null;
  readonly standing: Standing;
  readonly anchoredSize: number;
  readonly anchors: readonly AuditAnchor[];
  readonly retention: { readonly months: number | null; readonly oldestAt: string | null };
}

export const auditKinds = [
  'decision',
  'outcome',
  'policy',
  'label',
  'identity',
  'upstream',
  'egress',
  'system',
  'erasure',
  'access',
  'checkpoint',
  'export',
  'anchor',
] as const;

export interface AuditRecord {
  readonly seq: number;
  readonly at: string;
  readonly kind: string;
  readonly actor: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** One record's proof, and who outside saw the checkpoint that it leads to. */
export interface RecordProof {
  readonly proof: InclusionProof;
  readonly cosignatures: readonly string[];
  readonly timestamps: readonly string[];
}

export interface AuditVerification {
  readonly ok: boolean;
  readonly records: number;
  readonly checkpoints: number;
  readonly ms: number;
  readonly problems: readonly { readonly seq: number | null; readonly code: string; readonly words: Both }[];
}

export interface Basis {
  readonly kind: 'test' | 'setting' | 'page' | 'doc';
  readonly ref: string;
  readonly value?: string;
}

export const evidenceStates = ['met', 'partly', 'not', 'organisation'] as const;
export type EvidenceState = (typeof evidenceStates)[number];

export interface Anssi {
  readonly title: Both;
  readonly source: string;
  readonly at: string;
  readonly rows: readonly {
    readonly id: string;
    readonly title: Both;
    readonly state: EvidenceState;
    readonly words: Both;
    readonly by: readonly Basis[];
  }[];
  readonly counts: Readonly<Record<EvidenceState, number>>;
}

export const article30Fields = [
  'controller',
  'contact',
  'representative',
  'dpo',
  'jointControllers',
  'purposes',
  'legalBasis',
  'retention',
  'transfers',
] as const;
export type Article30Fields = Readonly<Record<(typeof article30Fields)[number], string>>;

export interface Article30 {
  readonly at: string;
  readonly sinceAt: string;
  readonly fields: Article30Fields;
  readonly changedAt: string | null;
  readonly changedBy: string | null;
  readonly purposes: readonly Both[];
  readonly subjects: readonly Both[];
  readonly categories: readonly { readonly title: Both; readonly count: number | null; readonly retention: Both }[];
  readonly recipients: readonly {
    readonly id: string;
    readonly title: string;
    readonly tier: string;
    readonly country: string | null;
    readonly operatorCountry: string | null;
    readonly extraEuExposure: boolean;
    readonly retentionDays: number | null;
    readonly trainsOnData: boolean | null;
    readonly dpaRef: string | null;
    readonly answers: number;
    readonly bytesSent: number;
  }[];
  readonly labels: readonly { readonly level: string; readonly answers: number }[];
  readonly security: readonly { readonly title: Both; readonly by: readonly Basis[] }[];
}
