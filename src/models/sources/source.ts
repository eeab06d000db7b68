import type { Clock } from '../../base/index.ts';
import type { Egress } from '../../egress/index.ts';
import type { ModelOrigin } from '../types.ts';

/** Purpose of every connection of this room, as the ledger of the door shows it. */
export const pullPurpose = 'model-pull';

export interface SourceProgress {
  readonly phase: 'downloading' | 'verifying' | 'unpacking' | 'converting';
  readonly completedBytes: number;
  readonly totalBytes: number | undefined;
}

/** What a source may use, and where it puts its files. */
export interface FetchContext {
  readonly egress: Egress;
  readonly huggingFaceUrl: string;
  readonly registryUrl: string;
  readonly environment: NodeJS.ProcessEnv;
  /** Kept between attempts and between sources, so that a download that was cut goes on. */
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** Wait before the first new attempt after a cut; doubles each time. */
  readonly retryDelayMs: number;
  /** Disk space that a pull leaves free. */
  readonly reserveBytes: number;
  readonly report: (progress: SourceProgress) => void;
}

export interface FetchedFiles {
  /** All parts of the model, in order. */
  readonly files: readonly string[];
  /** Of the one file; undefined for a split model. */
  readonly sha256: string | undefined;
  readonly origin: ModelOrigin;
  /** True when the files stay where they are and belong to someone else. */
  readonly inPlace: boolean;
}

/** One place to get a model from. */
export interface Source {
  /** For people: `Hugging Face bartowski/SmolLM2-135M-Instruct-GGUF`. */
  readonly name: string;
  fetch(context: FetchContext): Promise<FetchedFiles>;
}

/** What is known of a file before it is fetched. */
export interface Expected {
  readonly sizeBytes?: number | undefined;
  readonly sha256?: string | undefined;
}
