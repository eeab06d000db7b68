import type { Audit } from '../audit/index.ts';
import type { ConversationRoom } from '../conversations/index.ts';
import type { EgressHouse } from '../egress/index.ts';
import type { Engine } from '../engine/index.ts';
import type { Evidence } from '../evidence/index.ts';
import type { Answers, RunRoom } from '../flows/index.ts';
import type { Identity } from '../identity/index.ts';
import type { InstalledModel, ModelLibrary } from '../models/index.ts';
import type { SignInRoom } from '../signin/index.ts';
import type { BackupResult } from '../store/index.ts';
import type { Upstreams } from '../upstreams/index.ts';
import type { AliasBook } from './aliases.ts';
import type { Governance } from './governance.ts';
import type { Metrics } from './http/metrics.ts';

/** What the gateway needs of the house. */
export interface GatewayRooms {
  /** Who asks, what they may do, and how much. */
  readonly identity: Identity;
  /** Who else may say who somebody is: providers and a directory. */
  readonly signIn: SignInRoom;
  readonly engine: Engine;
  readonly models: ModelLibrary;
  /** Remote services that may answer. */
  readonly upstreams: Upstreams;
  readonly conversations: ConversationRoom;
  /** The answer path: every dialect asks here. */
  readonly answers: Answers;
  readonly runs: RunRoom;
  /** What was done with labelled data is written here before it is done. */
  readonly audit: Pick<Audit, 'append'>;
  /** Proofs: the log, its anchors and exports, and what the house can show of itself. */
  readonly evidence: Omit<Evidence, typeof Symbol.asyncDispose>;
  /** Makes the copy of a model that is tuned to this machine. */
  optimize(model: InstalledModel, options: { readonly signal: AbortSignal }): AsyncIterable<OptimizeEvent>;
  /** Saves the whole installation in a new file of the data directory. */
  backup(options: { readonly weights: boolean; readonly signal: AbortSignal }): Promise<BackupResult>;
  /** What was exchanged with other machines since the start. */
  reach(): Reach;
  /** The door to other machines, for those who administer it. */
  readonly egress: Omit<EgressHouse, typeof Symbol.asyncDispose>;
  /** Labels, policy, proposals and past decisions. */
  readonly governance: Governance;
  readonly aliases: AliasBook;
  readonly metrics: Metrics;
  readonly house: House;
}

/** Progress of the tuning of a model; the last is `done`. */
export type OptimizeEvent =
  | { readonly type: 'progress'; readonly phase: string; readonly progress: number; readonly words?: string }
  | { readonly type: 'done'; readonly tuned: InstalledModel['tuned'] };

export interface Reach {
  readonly outside: readonly string[];
  readonly offline: boolean;
  readonly bytesSent: number;
  readonly bytesReceived: number;
}

/** A setting as it may be shown. */
export interface ShownSetting {
  readonly name: string;
  readonly value: string | number | boolean | Readonly<Record<string, string>> | null;
  readonly origin: 'flag' | 'environment' | 'file' | 'default';
  readonly description: string;
}

/** Facts about this installation. */
export interface House {
  readonly version: string;
  readonly startedAt: number;
  readonly language: 'auto' | 'fr' | 'en';
  readonly defaultModel: string | undefined;
  /** Longest answer in a conversation where none is named; 0: until the context is full. */
  readonly answerTokens: number;
  /** `float`: embeddings are numbers even when base64 is asked for. */
  readonly embeddingEncoding: 'asked' | 'float';
  address(): string;
  settings(): readonly ShownSetting[];
  setup(): { readonly state: 'ready' | 'working' | 'failed'; readonly words?: string; readonly progress?: number };
}
