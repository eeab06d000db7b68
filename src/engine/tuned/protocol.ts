import type { Problem } from '../../base/index.ts';
import type { FileFormat } from '../native/index.ts';

/** What the tuning process is to do. Sent once, first. */
export interface TuneJob {
  readonly file: string;
  /** Folder for the candidates; it exists, is empty, and is removed by who sent the job. */
  readonly directory: string;
  readonly formats: readonly FileFormat[];
  readonly threads: number;
  /** Bytes that the candidates may take on the disk. */
  readonly diskBytes: number;
}

/** A candidate beside the pulled file. Speeds are the best of interleaved rounds; gains are their ratios. */
export interface Measurement {
  readonly format: FileFormat;
  readonly file: string;
  readonly sizeBytes: number;
  /** Mean Kullback–Leibler divergence to the pulled file, nats a token. */
  readonly kld: number;
  readonly sameTopToken: number;
  /** Absent when the loss ruled it out before its speed was worth measuring. */
  readonly speed?: Speed;
}

export interface Speed {
  readonly prefillTokensPerSecond: number;
  readonly decodeTokensPerSecond: number;
  readonly original: { readonly prefillTokensPerSecond: number; readonly decodeTokensPerSecond: number };
  readonly prefillGain: number;
  readonly decodeGain: number;
}

export type TunePhase = 'planning' | 'encoding' | 'comparing' | 'timing' | 'saving';

/** Tuning process → who started it. */
export type FromTuning =
  | { readonly type: 'progress'; readonly phase: TunePhase; readonly progress: number; readonly words: string }
  | { readonly type: 'done'; readonly measurements: readonly Measurement[]; readonly library: string }
  | { readonly type: 'failed'; readonly problem: Problem };
