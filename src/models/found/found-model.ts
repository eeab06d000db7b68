import type { ModelOrigin } from '../types.ts';

/** A model that another program keeps on this disk. */
export interface FoundModel {
  readonly id: string;
  readonly title: string;
  /** The file, or the first of a split model. */
  readonly file: string;
  readonly sizeBytes: number;
  /** When the place it lies in tells it. */
  readonly sha256: string | undefined;
  readonly origin: ModelOrigin;
}
