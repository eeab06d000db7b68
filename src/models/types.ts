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
  /** True when the file belongs to another program or person: used where it lies, never deleted. */
  readonly inPlace?: boolean;
  /** Why it cannot be served now, in words: its file is missing or was cut. */
  readonly problem?: string;
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
  /**
   * The model of an id or alias (`smollm2` is `smollm2:135m`).
   * @throws {IntramurosError} `model_not_found`, naming what is installed and how to pull; `model_unusable` with its `problem`.
   */
  get(id: string): Promise<InstalledModel>;
  /** Like `get`, but undefined when it is not there, and with its `problem` when it cannot be served. */
  find(id: string): Promise<InstalledModel | undefined>;
  /** Gets a model by catalogue name, `hf.co/owner/repo[:quant]`, `ollama:name[:tag]`, URL or path. Two pulls of one model share one download. */
  pull(reference: string, options?: { readonly signal?: AbortSignal }): AsyncIterable<PullEvent>;
  /** Deletes a model with its tuned copy; a model used in place is only forgotten. */
  remove(id: string): Promise<void>;
  catalogue(): readonly CatalogueEntry[];
  setTuned(id: string, tuned: TunedCopy | undefined): Promise<InstalledModel>;
}

/** A library whose models are files on this disk. */
export interface DiskLibrary extends ModelLibrary {
  /** Our own folder for the files of a model, made when it is not there: a tuned copy goes here and is deleted with the model. */
  folderOf(id: string): Promise<string>;
  /** Entries of the library that could not be read, in words: for `doctor`. */
  problems(): Promise<readonly string[]>;
}

export interface CatalogueSource {
  readonly kind: 'huggingface' | 'registry' | 'python-package' | 'url';
  readonly location: string;
  /** Path inside: the file of a repository or package. */
  readonly path?: string;
  /** How to make a GGUF of what the source carries, when it carries something else. */
  readonly convert?: 'bert';
  /** Set when the source carries the model in another format than its variant: taken as it comes, judged by the source's own digest. */
  readonly otherQuantization?: string;
  /** Size of the download, when it is not the file itself (a compressed package). */
  readonly downloadBytes?: number;
}

/** One downloadable file of a catalogue entry. */
export interface CatalogueVariant {
  readonly quantization: string;
  readonly sizeBytes: number;
  /** True when `sizeBytes` is parameters × bits of the format and not read from a file: right to some 4 %. */
  readonly approximate?: boolean;
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
  /** Year and month. */
  readonly released: string;
  /** Names that mean this entry: `smollm2` is `smollm2:135m`. */
  readonly aliases?: readonly string[];
  /** What the size of its KV cache is computed from, when known. */
  readonly cacheShape?: CacheShape;
  /** The first is what the entry's own name gets. */
  readonly variants: readonly CatalogueVariant[];
}

/** Elements that a KV cache keeps for each token. */
export interface CacheShape {
  /** Sum over the layers that keep the whole context, of K and V elements a token. */
  readonly elementsPerToken: number;
  /** The same for layers that see only a window, with its size. */
  readonly windowed?: { readonly elementsPerToken: number; readonly windowTokens: number };
}
