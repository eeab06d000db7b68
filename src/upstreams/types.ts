import type { Readable } from 'node:stream';
import type { EngineEvent, GenerateRequest } from '../engine/index.ts';
import type { Clearance, Destination } from '../policy/index.ts';

export type UpstreamKind = 'openai' | 'ollama' | 'anthropic' | 'bedrock';

/** Prices in micro-units of `currency` a million tokens. */
export interface Price {
  readonly currency: string;
  readonly inputMicros: number;
  readonly outputMicros: number;
  readonly cachedInputMicros?: number;
  /** ISO date on which somebody looked. */
  readonly asOf: string;
}

export interface UpstreamModel {
  /** `<upstream>/<name>`: what clients ask for. */
  readonly id: string;
  readonly upstreamId: string;
  /** Name that the upstream knows. */
  readonly name: string;
  readonly capabilities: readonly ('chat' | 'completion' | 'embedding')[];
  readonly contextTokens: number | undefined;
  readonly price: Price | undefined;
  /** Where a request for this model goes; differs from the upstream's own for inference profiles. */
  readonly destination: Destination;
}

export interface Upstream {
  readonly id: string;
  readonly title: string;
  readonly kind: UpstreamKind;
  /** Base addresses of equal replicas. */
  readonly urls: readonly string[];
  readonly destination: Destination;
  readonly models: readonly UpstreamModel[];
  readonly secretSet: boolean;
  readonly enabled: boolean;
  /** Tried, in order, when this one is down before the first token; only of the same or a lower tier. */
  readonly fallbacks: readonly string[];
  /** Counts up with each change: a stale one is a conflict. */
  readonly version: number;
}

/** Remote inference. Dials only with a clearance; speaks the engine's own events, so that the answer path treats both alike. */
export interface Upstreams extends AsyncDisposable {
  list(): readonly Upstream[];
  /** From memory. */
  findModel(id: string): UpstreamModel | undefined;
  models(): readonly UpstreamModel[];
  /** `host:port` that a request for the model may dial. */
  addresses(model: UpstreamModel): readonly string[];
  /** @throws {IntramurosError} `upstream_unavailable`, `upstream_failed`, `upstream_timeout`, `destination_denied` without a valid clearance. */
  generate(
    clearance: Clearance,
    request: GenerateRequest,
    options: { readonly model: UpstreamModel; readonly signal?: AbortSignal },
  ): AsyncIterable<EngineEvent>;
  embed(
    clearance: Clearance,
    request: { readonly inputs: readonly (string | readonly number[])[]; readonly fairKey: string },
    options: { readonly model: UpstreamModel; readonly signal?: AbortSignal },
  ): Promise<{ readonly vectors: readonly Float32Array[]; readonly promptTokens: number }>;
  /**
   * Hands an OpenAI-dialect body on to an upstream of kind `openai` and its reply back, byte for byte: the quick way when
   * nothing in between reads the text. The caller counts frames and usage as they pass.
   */
  relay(
    clearance: Clearance,
    request: {
      readonly path: '/chat/completions' | '/completions' | '/embeddings';
      readonly body: Buffer;
      readonly affinity?: string;
    },
    options: { readonly model: UpstreamModel; readonly signal?: AbortSignal },
  ): Promise<{
    readonly status: number;
    readonly headers: Readonly<Record<string, string | undefined>>;
    readonly body: Readable;
    readonly replica: string;
  }>;
}
