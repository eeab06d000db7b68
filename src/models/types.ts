/** What a model can be asked for. */
export type Capability = 'chat' | 'completion' | 'embedding' | 'thinking' | 'tools' | 'vision';

/** Where the file of an installed model came from. */
export interface ModelOrigin {
  readonly kind:
    | 'huggingface'
    | 'registry'
    | 'python-package'
    | 'file'
    | 'url'
    | 'ollama-cache'
    | 'lm-studio-cache'
    | 'huggingface-cache';
  /** Where exactly, in words that a person can follow: a repository and file, a package and version, a path. */
  readonly detail: string;
}

/** A copy of a model re-encoded for this machine's CPU, with what it gained and lost (engine.md, "Tuned copy"). */
export interface TunedCopy {
  readonly file: string;
  readonly quantization: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  /** Mean Kullback–Leibler divergence to the pulled file, nats a token, on the built-in text. */
  readonly kld: number;
  /** Share of positions, 0 to 1, where both files prefer the same token. */
  readonly sameTopToken: number;
  readonly prefillTokensPerSecond: number;
  readonly decodeTokensPerSecond: number;
  readonly original: { readonly prefillTokensPerSecond: number; readonly decodeTokensPerSecond: number };
  /** CPU and library the figures were measured on. */
  readonly measuredOn: string;
  readonly madeAt: string;
  /** False when the person chose to be served from the pulled file. */
  readonly enabled: boolean;
}

/** A model on this disk that can be served. */
export interface InstalledModel {
  /** Name in every API and command: `smollm2:135m`. */
  readonly id: string;
  readonly title: string;
  /** Absolute paths; more than one for a split GGUF, in order. */
  readonly files: readonly string[];
  readonly sizeBytes: number;
  readonly sha256: string | undefined;
  readonly architecture: string;
  readonly family: string | undefined;
  readonly parameterCount: number;
  readonly quantization: string;
  readonly bitsPerWeight: number;
  /** Context the model was trained for, tokens. */
  readonly contextTokens: number;
  readonly embeddingLength: number;
  readonly chatTemplate: string | undefined;
  readonly capabilities: readonly Capability[];
  readonly licence: string | undefined;
  readonly languages: readonly string[];
  readonly origin: ModelOrigin;
  readonly tuned: TunedCopy | undefined;
  readonly installedAt: string;
}

/** Progress of getting a model. Events come at most every 100 ms; the last is `done`. */
export type PullEvent =
  | { readonly type: 'looking'; readonly source: string }
  | { readonly type: 'source-failed'; readonly source: string; readonly reason: string }
  | {
      readonly type: 'progress';
      readonly phase: 'downloading' | 'verifying' | 'unpacking' | 'converting';
      readonly source: string;
      readonly completedBytes: number;
      readonly totalBytes: number | undefined;
      readonly bytesPerSecond: number;
    }
  | { readonly type: 'done'; readonly model: InstalledModel };

/** The models of this installation. */
export interface ModelLibrary {
  list(): Promise<readonly InstalledModel[]>;
  /** @throws {IntramurosError} `model_not_found`, naming what is installed and how to pull. */
  get(id: string): Promise<InstalledModel>;
  find(id: string): Promise<InstalledModel | undefined>;
  /** Gets a model by catalogue name, `hf.co/owner/repo[:quant]`, `ollama:name[:tag]`, URL or path. Two pulls of one model share one download. */
  pull(reference: string, options?: { readonly signal?: AbortSignal }): AsyncIterable<PullEvent>;
  remove(id: string): Promise<void>;
  catalogue(): readonly CatalogueEntry[];
  setTuned(id: string, tuned: TunedCopy | undefined): Promise<InstalledModel>;
}

export interface CatalogueSource {
  readonly kind: 'huggingface' | 'registry' | 'python-package' | 'url';
  readonly location: string;
  /** Path inside: the file of a repository or package. */
  readonly path?: string;
}

/** One downloadable file of a catalogue entry. */
export interface CatalogueVariant {
  readonly quantization: string;
  readonly sizeBytes: number;
  readonly sha256?: string;
  readonly sources: readonly CatalogueSource[];
}

/** A model we know of, installed or not. */
export interface CatalogueEntry {
  readonly id: string;
  readonly title: string;
  readonly publisher: string;
  readonly parameterCount: number;
  /** Parameters used for each token, when fewer (mixture of experts). */
  readonly activeParameterCount?: number;
  readonly contextTokens: number;
  readonly licence: string;
  readonly languages: readonly string[];
  readonly capabilities: readonly Capability[];
  readonly released: string;
  readonly variants: readonly CatalogueVariant[];
}
