/** Kinds of record; each has its own retention later. */
export type AuditKind = 'decision' | 'outcome' | 'policy' | 'label' | 'identity' | 'upstream' | 'egress' | 'system';

/** A fact to be kept. `data` holds no prompt, answer or secret. */
export interface NewRecord {
  readonly kind: AuditKind;
  /** Person who did it, or `system`. */
  readonly actor: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface AuditRecord extends NewRecord {
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

/** The durable record of what was decided and done. Append only. */
export interface Audit extends AsyncDisposable {
  /** Resolves when the record is on the disk (group commit: one flush for all that wait). @throws {IntramurosError} `audit_unavailable`. */
  append(record: NewRecord): Promise<AuditRecord>;
  /** Goes with the next flush; failures make the record unhealthy, and are not thrown. */
  note(record: NewRecord): void;
  read(range: AuditRange): AsyncIterable<AuditRecord>;
  /** Why nothing can be written now; undefined when all is well. */
  readonly failure: string | undefined;
  readonly size: number;
  close(): Promise<void>;
}
