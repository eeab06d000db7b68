import type { HandedBody } from '../egress/index.ts';
import type { EngineEvent, GenerateRequest } from '../engine/index.ts';
import type { Clearance, Destination, Label, Subject } from '../policy/index.ts';
import type { Flavour, UpstreamInput, UpstreamKind, UpstreamPatch } from './schema.ts';

/** How long each part of an answer may take, milliseconds. */
export interface UpstreamTimeouts {
  readonly connectMs: number;
  /** From the request to the first piece of the answer. */
  readonly firstTokenMs: number;
  /** Between two pieces of the answer; keep-alive lines do not count as one. */
  readonly betweenTokensMs: number;
  readonly totalMs: number;
}

/**
 * Models of one upstream that are computed elsewhere, and so are another destination: inference profiles of Bedrock
 * (`match: 'eu.'`), cloud models of an Ollama host (`match: 'cloud'`), or one model by its exact name.
 */
export interface UpstreamProfile {
  readonly match: string;
  readonly destination: Destination;
}

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
  /** Without effect on kinds other than `openai`. */
  readonly flavour: Flavour;
  /** For signatures of kind `bedrock`; undefined is read from the address. */
  readonly region: string | undefined;
  readonly profiles: readonly UpstreamProfile[];
  readonly timeouts: UpstreamTimeouts;
  readonly secretSet: boolean;
  readonly enabled: boolean;
  /**
   * Tried, in order, when this one fails before the first token; only of the same or a lower tier. Each is a model id
   * (`other/model`), or an upstream's id for its model of the same name.
   */
  readonly fallbacks: readonly string[];
  /** Counts up with each change: a stale one is a conflict. */
  readonly version: number;
}

/** How a replica does. */
export interface ReplicaHealth {
  readonly url: string;
  /** `ill` after failures in a row; it is tried again after a while, by one request. */
  readonly state: 'well' | 'ill' | 'unknown';
  readonly words: string;
  readonly activeRequests: number;
  /** Smoothed over the last answers; null when none was measured. */
  readonly firstTokenMs: number | null;
  /** ISO time of the last answer, failure or check; null when there was none. */
  readonly checkedAt: string | null;
}

/** What a live test found. `reason` is stable, for pages to translate. */
export interface UpstreamTest {
  readonly ok: boolean;
  readonly reason:
    | 'ok'
    | 'models_only'
    | 'wrong_key'
    | 'wrong_address'
    | 'unreachable'
    | 'tls'
    | 'model_unknown'
    | 'not_the_api'
    | 'timeout'
    | 'rate_limited'
    | 'denied'
    | 'no_model'
    | 'secret'
    | 'failed';
  readonly ms: number;
  readonly firstTokenMs: number | null;
  /** Names that the upstream itself lists; empty where its API has no such question. */
  readonly models: readonly string[];
  /** Names among them that are computed elsewhere, such as cloud models of an Ollama host. */
  readonly elsewhere: readonly string[];
  readonly words: string;
}

/** Who changes or tests something. */
export interface Actor {
  readonly personId: string;
}

/** Remote inference. Dials only with a clearance; speaks the engine's own events, so that the answer path treats both alike. */
export interface Upstreams extends AsyncDisposable {
  list(): readonly Upstream[];
  /** From memory. */
  findModel(id: string): UpstreamModel | undefined;
  models(): readonly UpstreamModel[];
  /** @throws {IntramurosError} `not_found`. */
  get(id: string): Upstream;
  /** Where else a request for this model may go when it fails before its first token; each needs its own pass of the gate. */
  fallbacksOf(model: UpstreamModel): readonly UpstreamModel[];
  /** Every place that is declared, for the words of a refusal. */
  destinations(): readonly Destination[];
  /** @throws {IntramurosError} `conflict` when the id is taken, `invalid_request`. */
  create(input: UpstreamInput, by: Actor): Promise<Upstream>;
  /** @throws {IntramurosError} `not_found`, `conflict` when `version` is not the stored one, `invalid_request`. */
  update(id: string, version: number, patch: UpstreamPatch, by: Actor): Promise<Upstream>;
  remove(id: string, by: Actor, version?: number): Promise<void>;
  health(id: string): readonly ReplicaHealth[];
  /** Asks every replica for its models, which carries nothing of anybody's; heals and marks them. */
  check(id: string, options?: { readonly signal?: AbortSignal }): Promise<readonly ReplicaHealth[]>;
  /** A small real request through the gate and the door. */
  test(
    id: string,
    options: {
      readonly model?: string;
      readonly subject: Subject;
      readonly label?: Label;
      readonly signal?: AbortSignal;
    },
  ): Promise<UpstreamTest>;
  /** Reads what other gateways on the same database changed. */
  refresh(): Promise<void>;
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
    readonly body: HandedBody;
    readonly replica: string;
  }>;
}
