import type { GenerateRequest, TokenLogprob } from '../../engine/index.ts';
import type { Flavour } from '../schema.ts';
import type { UpstreamModel } from '../types.ts';

/** What a reply told, in the words that all kinds share. */
export type Piece =
  | {
      readonly type: 'delta';
      readonly choice: number;
      readonly kind: 'text' | 'thinking';
      readonly text: string;
      readonly logprobs?: readonly TokenLogprob[];
    }
  | {
      readonly type: 'finish';
      readonly choice: number;
      readonly reason: 'stop' | 'length';
      readonly stopSequence?: string;
    }
  /** Counts as the upstream tells them; nothing in them is believed unseen. */
  | { readonly type: 'usage'; readonly usage: ToldUsage };

/** Each is whatever stood in the reply. */
export interface ToldUsage {
  readonly promptTokens?: unknown;
  readonly cachedPromptTokens?: unknown;
  readonly completionTokens?: unknown;
  readonly thinkingTokens?: unknown;
}

/** An HTTP request on an upstream, without its credentials. */
export interface WireRequest {
  readonly method: 'GET' | 'POST';
  /** Behind the base address of a replica. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
}

/** What must be known of the receiving side to word a request. */
export interface Target {
  readonly model: UpstreamModel;
  readonly flavour: Flavour;
  /** Stands for the tenant and label of the request: caches of the other side are shared only within one. */
  readonly cacheSalt: string | undefined;
}

/** Turns the bytes of one streamed reply into pieces, however they are cut. */
export interface ReplyReader {
  /** Adds what the chunk completes to `pieces`; those before a failure stay there when it is thrown. */
  push(chunk: Buffer, pieces: Piece[]): void;
  /** The body ended. @throws {IntramurosError} `upstream_failed` when the answer had not: never a clean end. */
  end(pieces: Piece[]): void;
}

export interface Embeddings {
  readonly vectors: readonly Float32Array[];
  readonly promptTokens: unknown;
}

/** Credentials as they were entered. */
export interface UpstreamSecret {
  readonly apiKey?: string | undefined;
  readonly accessKeyId?: string | undefined;
  readonly secretAccessKey?: string | undefined;
  readonly sessionToken?: string | undefined;
}

/** One wire format: pure functions between the engine's words and bytes. */
export interface WireKind {
  /** Media types that a streamed reply may have; another one is not this API. */
  readonly streamTypes: readonly string[];
  /** @throws {IntramurosError} `unsupported_parameter` for what this format cannot say. */
  generate(request: GenerateRequest, target: Target): WireRequest;
  read(request: GenerateRequest): ReplyReader;
  /** One call, or several where the format takes one input a call. */
  embed(inputs: readonly (string | readonly number[])[], target: Target): readonly WireRequest[];
  readEmbeddings(body: unknown): Embeddings;
  /** Asks for the names of the models; undefined where the format has no such question. */
  readonly models: WireRequest | undefined;
  readModels(body: unknown): readonly FoundModel[];
  /** Adds the credentials, after everything else is known. */
  sign(
    call: { readonly url: URL; readonly request: WireRequest },
    secret: UpstreamSecret,
    region: string | undefined,
    now: Date,
  ): Promise<Readonly<Record<string, string>>> | Readonly<Record<string, string>>;
}

export interface FoundModel {
  readonly name: string;
  /** Host that really computes, when the upstream only passes on. */
  readonly remoteHost?: string;
}

/** Reads a JSON object out of anything; undefined when it is none. */
export function asObject(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}

export function asArray(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function asText(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

export function jsonRequest(path: string, body: unknown, headers: Readonly<Record<string, string>> = {}): WireRequest {
  return {
    method: 'POST',
    path,
    headers: { 'content-type': 'application/json', ...headers },
    body: Buffer.from(JSON.stringify(body)),
  };
}

export function getRequest(path: string, headers: Readonly<Record<string, string>> = {}): WireRequest {
  return { method: 'GET', path, headers, body: undefined };
}
