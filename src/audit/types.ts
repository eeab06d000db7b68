/** Kinds of record; each has its own retention. */
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
export type AuditKind = (typeof auditKinds)[number];

/** How long records are kept. */
export interface Retention {
  readonly months: Readonly<Record<AuditKind, number>>;
  /** Why some are kept for more than 12 months. */
  readonly motive: string;
}

/** A fact to be kept. `data` holds no prompt, answer or secret. */
export interface NewRecord {
  readonly kind: AuditKind;
  /** Person who did it, or `system`. */
  readonly actor: string;
  readonly data: Readonly<Record<string, unknown>>;
  /**
   * A text that belongs to a person: only its commitment is in the record (`data.commitment`); the text itself is kept
   * beside it under the subject's own key, and is gone for good once that key is destroyed.
   */
  readonly sealed?: { readonly subject: string; readonly payload: string };
}

export interface AuditRecord extends Omit<NewRecord, 'sealed'> {
  /** From 0, without gaps. */
  readonly seq: number;
  /** ISO time. */
  readonly at: string;
}

export interface AuditRange {
  /** First number wanted. */
  readonly fromSeq?: number;
  /** Only numbers below this one: where a reading newest first goes on. */
  readonly beforeSeq?: number;
  readonly sinceMs?: number;
  readonly kinds?: readonly AuditKind[];
  readonly newestFirst?: boolean;
  readonly limit?: number;
}

/** A signed statement of how many records there are, and of what they all are (RFC 6962 root over them). */
export interface Checkpoint {
  readonly size: number;
  /** Hexadecimal. */
  readonly root: string;
  /** ISO time of signing. */
  readonly at: string;
  /** C2SP signed note: origin, size, root, the log's signature, then those of witnesses. */
  readonly note: string;
  /** Signature lines of witnesses. */
  readonly cosignatures: readonly string[];
  /** RFC 3161 tokens over the note's first signed text, base64. */
  readonly timestamps: readonly string[];
}

/** That one record stands in the log of a checkpoint; a stranger verifies it with the log's public key alone. */
export interface InclusionProof {
  readonly seq: number;
  /** The exact line of the record, without its newline. */
  readonly line: string;
  /** Hexadecimal, as all hashes here. */
  readonly leafHash: string;
  readonly path: readonly string[];
  /** C2SP signed note. */
  readonly checkpoint: string;
}

/** That a log only grew between two checkpoints. */
export interface ConsistencyProof {
  readonly fromSize: number;
  readonly path: readonly string[];
  readonly checkpoint: string;
}

/** A sealed text and what opens its commitment: SHA-256 of nonce and payload. */
export interface OpenedPayload {
  /** Hexadecimal. */
  readonly nonce: string;
  readonly payload: string;
}

/** What became of a part of the log whose time had come. */
export interface Tombstone {
  /** `2026-11` */
  readonly month: string;
  readonly firstSeq: number;
  readonly count: number;
  readonly at: string;
  /** Kinds whose lines are gone; their hashes stay. `all`: the file went as a whole. */
  readonly kinds: 'all' | readonly AuditKind[];
}

/** The durable record of what was decided and done. Append only. */
export interface Audit extends AsyncDisposable {
  /** Resolves when the record is on the disk (group commit: one flush for all that wait). @throws {IntramurosError} `audit_unavailable`. */
  append(record: NewRecord): Promise<AuditRecord>;
  /** Goes with the next flush; failures make the record unhealthy, and are not thrown. */
  note(record: NewRecord): void;
  read(range: AuditRange): AsyncIterable<AuditRecord>;
  /** Decision and outcome of a decision id, found by the index, not by reading the log. */
  find(decisionId: string): Promise<{ readonly decision?: AuditRecord; readonly outcome?: AuditRecord }>;
  /** Makes a fresh checkpoint when none covers the record yet. @throws {IntramurosError} `not_found`. */
  prove(seq: number): Promise<InclusionProof>;
  /** From an older size to the newest checkpoint. @throws {IntramurosError} `not_found` when there never were so many records. */
  consistency(fromSize: number): Promise<ConsistencyProof>;
  /** The newest checkpoint, made now when records came since. */
  checkpoint(): Promise<Checkpoint>;
  /** Told of each new checkpoint, once it is on the disk. Returns how to stop. */
  onCheckpoint(listener: (checkpoint: Checkpoint) => void): () => void;
  /** Keeps a witness's signature line beside the checkpoint of that size. Once is enough: the same line twice is kept once. */
  cosign(size: number, signatureLine: string): Promise<void>;
  /** Keeps an RFC 3161 token (base64) beside the checkpoint of that size. */
  attachTimestamp(size: number, token: string): Promise<void>;
  /** The sealed text of a record; undefined when there is none, or it was erased. */
  payload(record: AuditRecord): Promise<OpenedPayload | undefined>;
  /** Takes the sealed texts of a subject, and of all below it, off the disk; the records and their proofs stay. Returns how many. */
  forget(subject: string): Promise<number>;
  /** Lets go of what is older than it is kept; done by itself once a day. Proofs over the rest stay. */
  expire(): Promise<readonly Tombstone[]>;
  readonly retention: Retention;
  /** What went so far. */
  readonly tombstones: readonly Tombstone[];
  readonly latest: Checkpoint | undefined;
  /** Name of this log in its checkpoints. */
  readonly origin: string;
  /** C2SP verifier key: `name+hash+key`. */
  readonly publicKey: string;
  /** Why nothing can be written now; undefined when all is well. */
  readonly failure: string | undefined;
  readonly size: number;
  close(): Promise<void>;
}
