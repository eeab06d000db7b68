import type { Clock, Logger } from '../../base/index.ts';
import { IntramurosError } from '../../base/index.ts';
import type { Egress, EgressReply, EgressRequest, EgressResponse } from '../../egress/index.ts';
import type { Clearance } from '../../policy/index.ts';
import type { UpstreamSecret, WireKind, WireRequest } from '../kinds/kind.ts';
import type { Pool } from '../pool/pool.ts';
import type { Upstream, UpstreamModel } from '../types.ts';
import { upstreamFailed } from '../wire/failure.ts';
import { toStatusFailure } from '../wire/status.ts';

/** Refuses models that an upstream does not compute itself. */
export interface HiddenCloud {
  refuse(line: Line, url: string, model: UpstreamModel, signal: AbortSignal): Promise<void>;
}

/** Everything that a call on one upstream needs. */
export interface Line {
  readonly upstream: Upstream;
  readonly kind: WireKind;
  readonly pool: Pool;
  readonly egress: Egress;
  readonly clock: Clock;
  readonly log: Logger;
  readonly guard: HiddenCloud;
  /** Opened when a call needs it. @throws {IntramurosError} `secret_unavailable`. */
  secret(): UpstreamSecret;
}

/** Ledger word of what carries prompts: the door lets it through with a clearance only. */
const inference = 'inference';
const errorBodyBytes = 64 * 1024;

export interface Exchange {
  readonly request: WireRequest;
  readonly url: string;
  readonly clearance: Clearance;
  readonly signal: AbortSignal;
  readonly model: UpstreamModel;
}

type Reply = Pick<EgressResponse, 'status' | 'headers'> & { readonly body: AsyncIterable<unknown> };

/** Sends one request to one replica and gives the reply when its status is a success. The client's own headers are never in it. */
export const exchange = (line: Line, call: Exchange): Promise<EgressResponse> =>
  exchangeBy(line, call, (target, request) => line.egress.fetch(target, request));

/** The same for a reply whose bytes are handed on. */
export const exchangeBytes = (line: Line, call: Exchange): Promise<EgressReply> =>
  exchangeBy(line, call, (target, request) => line.egress.relay(target, request));

async function exchangeBy<R extends Reply>(
  line: Line,
  { request, url, clearance, signal, model }: Exchange,
  dial: (target: URL, request: EgressRequest) => Promise<R>,
): Promise<R> {
  const { upstream, kind } = line;
  await line.guard.refuse(line, url, model, signal);
  const target = urlOf(joined(url, request.path));
  const signed = await kind.sign({ url: target, request }, line.secret(), upstream.region, new Date(line.clock.now()));
  const { connectMs, firstTokenMs, betweenTokensMs } = upstream.timeouts;
  const send = (): Promise<R> =>
    dial(target, {
      purpose: inference,
      method: request.method,
      headers: { ...request.headers, ...signed },
      ...(request.body ? { body: request.body } : {}),
      clearance,
      signal,
      redirects: 0,
      connectTimeoutMs: connectMs,
      firstByteTimeoutMs: firstTokenMs,
      silenceTimeoutMs: Math.max(firstTokenMs, betweenTokensMs),
    });
  let response: R;
  try {
    response = await send().catch((error: unknown) => {
      if (!wasCut(error) || signal.aborted) throw error;
      return send();
    });
  } catch (error) {
    throw toCallFailure(error, signal, upstream.title);
  }
  if (response.status >= 200 && response.status < 300) return response;
  const text = await readStart(response);
  throw toStatusFailure({
    status: response.status,
    headers: response.headers,
    text,
    sent: request.body?.toString('utf8') ?? '',
    title: upstream.title,
    modelName: model.name,
  });
}

/** The same few addresses come with every request; nobody changes one. */
const urls = new Map<string, URL>();

function urlOf(text: string): URL {
  let url = urls.get(text);
  if (url === undefined) {
    url = new URL(text);
    if (urls.size >= 1_000) urls.clear();
    urls.set(text, url);
  }
  return url;
}

/**
 * Cut before a single byte of the reply: most often a kept connection that the other side closed just as it was used again
 * (llama-server closes after each stream, while it promises to keep it). Asked once more, on another connection.
 */
function wasCut(error: unknown): boolean {
  return error instanceof IntramurosError && error.code === 'egress_failed' && error.facts.reason === 'cut';
}

/** Base addresses may carry a path; one that already ends as the request's path begins is not doubled. */
export function joined(base: string, path: string): string {
  const first = /^\/[^/?]+/.exec(path)?.[0] ?? '';
  return base.endsWith(first) && first === '/v1' ? base + path.slice(first.length) : base + path;
}

async function readStart(response: Reply): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const part of response.body as AsyncIterable<Buffer>) {
      parts.push(part);
      bytes += part.length;
      if (bytes > errorBodyBytes) break;
    }
  } catch {
    // the status says enough when its words break off
  }
  return Buffer.concat(parts).toString('utf8');
}

/** A failure of the connection as one of the upstream; what policy and the door refuse stays as it is. */
export function toCallFailure(error: unknown, signal: AbortSignal, title: string): unknown {
  if (signal.aborted) return signal.reason;
  if (!(error instanceof IntramurosError)) return brokenOff(error, title);
  if (error.code !== 'egress_failed') return error;
  if (error.facts.reason === 'timeout') {
    return new IntramurosError('upstream_timeout', `${title}: ${error.message}`, {
      cause: error,
      facts: { ...error.facts },
    });
  }
  return new IntramurosError('upstream_unavailable', `${title}: ${error.message}`, {
    cause: error,
    facts: { ...error.facts },
  });
}

function brokenOff(error: unknown, title: string): Error {
  const code = String((error as { code?: unknown }).code ?? '');
  if (code === 'UND_ERR_BODY_TIMEOUT')
    return new IntramurosError('upstream_timeout', `${title} stopped in the middle of its answer.`, {
      cause: error,
      facts: { reason: 'between_tokens' },
    });
  return upstreamFailed('broken_stream', `${title} broke off in the middle of its answer.`, {}, error);
}

/** Whether another replica may do better: nothing of the answer has come yet when this is asked. */
export function mayRetry(error: unknown): boolean {
  if (!(error instanceof IntramurosError)) return false;
  if (error.code === 'upstream_timeout') return error.facts.reason !== 'total';
  if (error.code === 'upstream_unavailable') return true;
  if (error.code !== 'upstream_failed') return false;
  return ['status', 'broken_stream', 'in_stream', 'line_too_long'].includes(String(error.facts.reason));
}

/** Whether a failure speaks against the replica, or against the request. */
export function speaksAgainst(error: unknown): boolean {
  return mayRetry(error) && (error as IntramurosError).facts.reason !== 'rate_limited';
}

/** Shortest words of a failure for the health of a replica. */
export const wordsOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).slice(0, 300);
