import type { Queryable } from '../../store/index.ts';
import type { PolicyFile } from '../cedar/files.ts';
import type { Label } from '../types.ts';

/** Whoever proposes or decides, as far as this room needs to know. */
export interface Actor {
  readonly personId: string;
  can(right: string): boolean;
}

export type ProposalState = 'open' | 'approved' | 'rejected' | 'withdrawn';

/** What a file would become; null where it is not there before or after. */
export interface FileChange {
  readonly name: string;
  readonly before: string | null;
  readonly after: string | null;
}

export interface PolicyDetail {
  readonly version: string;
  /** The version it was made on: with another one in force it cannot be approved. */
  readonly expected: string;
  readonly files: readonly PolicyFile[];
  readonly changes: readonly FileChange[];
}

export interface LabelDetail {
  readonly conversationId: string;
  readonly from: Label;
  readonly to: Label;
}

/** Reading a conversation of another person. */
export interface BreakGlassDetail {
  readonly conversationId: string;
  readonly ownerId: string;
}

/** What an approved proposal lets its two people read. */
export interface OpenedRead extends BreakGlassDetail {
  readonly proposalId: string;
  /** ISO time. */
  readonly until: string;
}

/** What somebody did with a person's conversation, as that person is told. */
export interface Read {
  readonly at: string;
  readonly by: string;
  readonly what: 'approved' | 'read';
  readonly reason: string;
  readonly conversationId: string;
}

interface Common {
  readonly id: string;
  readonly by: string;
  readonly at: string;
  readonly reason: string;
  readonly state: ProposalState;
  readonly decidedBy: string | null;
  readonly decidedAt: string | null;
  readonly decisionReason: string | null;
  /** How many different people agreed, once approved: 1 where nobody else is there or needed. */
  readonly eyes: number | null;
  readonly summary: string;
}

export type Proposal = Common &
  (
    | { readonly kind: 'policy'; readonly detail: PolicyDetail }
    | { readonly kind: 'label'; readonly detail: LabelDetail }
    | { readonly kind: 'break-glass'; readonly detail: BreakGlassDetail }
  );

/** What the room of conversations offers so that a label can be lowered: nothing else lowers one. */
export interface ConversationLabels {
  /** The conversation's label, when this person may see it; undefined else. */
  find(conversationId: string, personId: string): Promise<{ readonly label: Label } | undefined>;
  /**
   * Sets the label within the transaction, and writes down its new source `{ kind: 'downgrade', id: proposalId, label: to, by, reason, at }`.
   * @throws {IntramurosError} `conflict` when the label is no longer `from`, `conversation_not_found`.
   */
  lower(
    transaction: Queryable,
    change: LabelDetail & {
      readonly by: string;
      readonly reason: string;
      readonly proposalId: string;
      readonly at: string;
    },
  ): Promise<void>;
  /** Called once the transaction is durable, for what is kept in memory. */
  lowered?(conversationId: string): void;
}

/** What two people do together: change the policy, lower a label, read another's conversation. */
export interface Proposals {
  list(which: { readonly state: 'open' | 'all' }): Promise<readonly Proposal[]>;
  get(id: string): Promise<Proposal>;
  /** @throws {IntramurosError} `policy_invalid`, `conflict` when nothing would change, `forbidden`. */
  proposePolicy(
    actor: Actor,
    wanted: { readonly files: readonly PolicyFile[]; readonly reason: string },
  ): Promise<Proposal>;
  /** Applied at once where one person may do it alone. @throws {IntramurosError} `forbidden`, `conversation_not_found`, `invalid_request`. */
  proposeLabel(
    actor: Actor,
    wanted: { readonly conversationId: string; readonly to: Label; readonly reason: string },
  ): Promise<Proposal>;
  /** Asks to read a conversation of another person. @throws {IntramurosError} `forbidden`, `conversation_not_found`. */
  proposeBreakGlass(
    actor: Actor,
    wanted: { readonly conversationId: string; readonly reason: string },
  ): Promise<Proposal>;
  /**
   * Lets one of the two read, for an hour after the approval; in the record before it resolves.
   * @throws {IntramurosError} `forbidden` with `facts.reason`: `right`, `not_approved`, `over`; `not_found`, `audit_unavailable`.
   */
  openRead(actor: Actor, id: string): Promise<OpenedRead>;
  /** What others did with a person's conversations, newest first. */
  readsOf(personId: string): Promise<readonly Read[]>;
  /** Applies it: all of it durably, or nothing. @throws {IntramurosError} `forbidden`, `not_found`, `conflict`. */
  approve(actor: Actor, id: string, how?: { readonly reason?: string }): Promise<Proposal>;
  /** The proposer withdraws. @throws {IntramurosError} `forbidden`, `not_found`, `conflict` when it is decided. */
  reject(actor: Actor, id: string, how?: { readonly reason?: string }): Promise<Proposal>;
}
