import type { Hash } from 'node:crypto';
import type { Clock, IntramurosError, Logger } from '../../base/index.ts';
import type { AnswerTarget, BegunAnswer, ConversationRoom, Marked } from '../../conversations/index.ts';
import type { Egress } from '../../egress/index.ts';
import type { EmbedResult, Engine, GenerateRequest, PromptInput } from '../../engine/index.ts';
import type { QuotaBook, Quotas, Reservation, Who } from '../../identity/index.ts';
import type { InstalledModel, ModelLibrary } from '../../models/index.ts';
import type { Detector, MaskedCounts, Restorer, Vaults } from '../../personal/index.ts';
import type { Clearance, Destination, Gate, Label, LabelSource, PolicyAction } from '../../policy/index.ts';
import type { UpstreamModel, Upstreams } from '../../upstreams/index.ts';
import type { By, Event, Usage, Why } from '../event.ts';
import type { Scope } from '../scope.ts';
import type { Stream } from '../types.ts';
import type { Commitments, Committed } from './commitments.ts';

/** Who asks, and what they say of what they send. */
export interface Caller {
  readonly who: Who;
  /** Said by the client of its data. Joined with the rest, so that they can only raise. */
  readonly raises?: readonly LabelSource[] | undefined;
  /** The engine's queue is fair between keys; the person's id when absent. */
  readonly fairKey?: string | undefined;
}

/** One question, whatever dialect it came in. */
export interface Turn extends Omit<GenerateRequest, 'model' | 'prompt' | 'fairKey' | 'isolationKey'> {
  readonly caller: Caller;
  /** Longest answer where `maxTokens` names none; what quotas leave may be less. Absent: until the context is full. */
  readonly usualTokens?: number | undefined;
  /** Absent: the conversation's own, else the default one. */
  readonly model?: string | undefined;
  readonly input:
    | PromptInput
    | {
        /** The answer belongs into a stored conversation; the model sees the branch from its root to the question. */
        readonly kind: 'conversation';
        readonly target: AnswerTarget;
        /** For models whose template can switch thinking. */
        readonly thinking?: boolean;
      };
}

/** Texts to turn into vectors. */
export interface EmbedTurn {
  readonly caller: Caller;
  readonly model: string;
  readonly inputs: readonly (string | readonly number[])[];
}

/** A request in the dialect of the upstream that is to answer it. */
export interface RelayTurn {
  readonly caller: Caller;
  readonly model: string;
  readonly action: 'infer' | 'embed';
  readonly path: '/chat/completions' | '/completions' | '/embeddings';
  readonly body: Buffer;
  readonly stream: boolean;
  /** Whether the body itself asks a stream for its usage; otherwise that is asked for, and taken out of what is handed on. */
  readonly wantsUsage: boolean;
  readonly need: Need;
  /** How the prompt begins: requests alike go to the same replica. */
  readonly affinity: string;
}

/** The reply to it: whole, or frame by frame. */
export type Relayed = { readonly sent: Sent; readonly contentType: string } & (
  | { readonly whole: Buffer }
  | { readonly frames: AsyncIterable<Buffer> }
);

/** How long a step of the answer path took. */
export interface StepTime {
  readonly name: string;
  readonly ms: number;
}

/** Where something was sent and as what, for the headers of a reply. */
export interface Sent {
  readonly label: Label;
  readonly model: string;
  readonly destination: Destination;
  readonly decisionId: string;
  /** Where names were replaced: how many different ones, by kind. */
  readonly masked?: Readonly<Record<string, number>>;
}

/** The one way to an answer: page, CLI and every dialect go through it. */
export interface Answers {
  /** Nothing starts before the stream is read. Failures, also of the turn itself, are in its `close`. */
  answer(
    turn: Turn,
    scope?: Scope,
    options?: { readonly runId?: string; readonly onStep?: (step: StepTime) => void },
  ): Stream;
  /** @throws {IntramurosError} `destination_denied`, `quota_exceeded`, and what the model's place throws. */
  embed(turn: EmbedTurn, options?: { readonly signal?: AbortSignal }): Promise<EmbedResult & { readonly sent: Sent }>;
  /**
   * Hands a request on to an upstream as it is, by the same steps. Undefined where that way is not open: `answer` or
   * `embed` is asked then. @throws as `embed`.
   */
  relay(
    turn: RelayTurn,
    options?: { readonly signal?: AbortSignal; readonly onEnd?: (spent: Spent) => void },
  ): Promise<Relayed | undefined>;
  /** What may answer somebody now, and why the rest may not: the same rules as an answer, with nothing sent or recorded. */
  choices(caller: Caller, options?: { readonly conversationId?: string | undefined }): Promise<Choices>;
}

/** Everything that could answer, with what policy says of it now. */
export interface Choices extends Marked {
  readonly choices: readonly Choice[];
}

export interface Choice {
  readonly model: string;
  readonly title: string;
  readonly destination: Destination;
  readonly effect: 'allow' | 'deny';
  /** Allowed with names and identifiers replaced. */
  readonly masked: boolean;
  readonly reason: string;
  readonly words: string;
  /** The one to take when the chosen one may not answer. */
  readonly nearest: boolean;
  readonly installed: boolean;
}

export interface AnswersOptions {
  readonly engine: Engine;
  readonly library: Pick<ModelLibrary, 'get' | 'list'>;
  readonly conversations: ConversationRoom;
  /** The one way to a place where inference runs. */
  readonly gate: Gate;
  readonly quotas: Quotas & Partial<Pick<QuotaBook, 'remaining'>>;
  readonly upstreams: Pick<Upstreams, 'list' | 'models' | 'findModel' | 'addresses' | 'generate' | 'embed' | 'relay'>;
  /** The place that this machine's own engine is. */
  readonly embedded: () => Destination;
  readonly log: Logger;
  readonly clock?: Clock;
  /** What finds and keeps personal data; without it nothing goes where it may go only masked. */
  readonly personal?: Personal | undefined;
  /** How the record commits to what was asked and answered; without it, it does not. */
  readonly commitments?: Commitments | undefined;
  /** What the ledger has of one decision. */
  readonly bytesOf: Egress['bytesOf'];
  readonly defaultModel?: string | undefined;
  /** Label of data of which nobody said anything. */
  readonly defaultLabel?: Label;
  /** Told the time of every step of every run: for metrics. */
  readonly onStep?: (name: string, ms: number) => void;
  /** How often a growing answer is saved; default 1,000 ms. */
  readonly saveEveryMs?: number;
}

/** What masks what goes out. */
export interface Personal {
  /** Opened when it is first asked for. */
  readonly detector: () => Detector;
  /** Whether what is found marks what is sent: mention PII, and SECRETS. */
  readonly marks?: boolean;
  readonly vaults: Vaults;
  /** Most time that detection may take for one request, milliseconds. */
  readonly budgetMs?: number;
}

/** What a passage would send, as masking reads it. */
export type Outgoing =
  | { readonly kind: 'prompt'; readonly prompt: PromptInput | undefined; readonly stop: readonly string[] }
  | { readonly kind: 'inputs'; readonly inputs: EmbedTurn['inputs'] };

/** The same with names and identifiers replaced. */
export interface Masked {
  /** What is sent in place of the prompt or the inputs. */
  readonly prompt: PromptInput | undefined;
  readonly inputs: EmbedTurn['inputs'] | undefined;
  /** Stop sequences that may go out; all of them are watched for here, in the restored text. */
  readonly stop: readonly string[];
  readonly counts: MaskedCounts;
  readonly detector: string;
  restorer(): Restorer;
  /** Placeholders that the model made up. */
  unknown: number;
}

/** What answers, and where it runs. */
export type Target =
  | { readonly kind: 'embedded'; readonly model: InstalledModel; readonly destination: Destination }
  | { readonly kind: 'upstream'; readonly model: UpstreamModel; readonly destination: Destination };

/** What a run asks for at most, before anything is known exactly. */
export interface Need {
  readonly promptTokens: number;
  readonly maxTokens: number | undefined;
  /** Longest answer where none is named. */
  readonly usualTokens?: number | undefined;
  readonly choices: number;
}

/** What a run has used so far; grows as it goes, so that one that is cut is accounted for too. */
export interface Spent {
  why: Why;
  promptTokens: number;
  cachedPromptTokens: number;
  completionTokens: number;
  firstTokenMs: number | undefined;
  failure: IntramurosError | undefined;
}

/** Anything on its way to a model, as the steps that answers, vectors and relays share see it. */
export interface Passage {
  readonly id: string;
  readonly caller: Caller;
  readonly action: PolicyAction;
  readonly rooms: Rooms;
  readonly startedAt: number;
  readonly conversationId: string | undefined;
  target: Target | undefined;
  /** Join of all that goes in. */
  mark: Marked;
  reservation: Reservation | undefined;
  clearance: Clearance | undefined;
  /** What would be sent; undefined where it goes on byte for byte. */
  readonly outgoing: (() => Outgoing) | undefined;
  /** It masked, made when a place first asks for it. */
  maskedOnce: Masked | undefined;
  /** Set when it is what the last clearance lets go. */
  masked: Masked | undefined;
  /** What was asked and answered, in the bytes that the record commits to; read when it is settled. */
  readonly told: {
    asked: (() => string | Buffer) | undefined;
    answered: (() => string | Hash | undefined) | undefined;
    /** As in `Committed`. */
    salt: string;
    /** What a relay has begun to commit to. */
    about?: Committed;
  };
  /** Of the last clearance; stays when that is settled. */
  decisionId: string | undefined;
  /** Most tokens that quotas leave for an answer that named no end. */
  grantedTokens: number | undefined;
  readonly spent: Spent;
  need(): Need;
  /** Runs a piece of a step and tells how long it took. */
  timed<T>(step: string, work: () => Promise<T> | T): Promise<T>;
  /** The same for one that waits for nothing. */
  timedNow<T>(step: string, work: () => T): T;
  record(step: string, ms: number): void;
}

export type Rooms = Required<
  Pick<
    AnswersOptions,
    | 'engine'
    | 'library'
    | 'conversations'
    | 'gate'
    | 'quotas'
    | 'upstreams'
    | 'embedded'
    | 'log'
    | 'clock'
    | 'bytesOf'
    | 'defaultLabel'
  >
> &
  Pick<AnswersOptions, 'defaultModel' | 'personal' | 'commitments'>;

/** One answer on its way through the steps; each adds what it found. */
export interface Run extends Passage {
  readonly turn: Turn;
  readonly saveEveryMs: number;
  by: By;
  begun: BegunAnswer | undefined;
  /** Model that was asked for, once another one answers in its place. */
  fellBackFrom?: string;
  prompt: PromptInput | undefined;
  /** Figures so far: set by the step that generates. */
  usage: (() => Usage) | undefined;
}

/** A step: does its part, then passes the events of the steps after it on, or changes them. */
export interface Step {
  readonly name: string;
  run(run: Run, scope: Scope, next: () => AsyncIterable<Event>): AsyncIterable<Event>;
}
