import type { Clearance } from '../../policy/index.ts';
import type { WireRequest } from '../kinds/kind.ts';
import type { Lease, Replica } from '../pool/pool.ts';
import type { UpstreamModel } from '../types.ts';
import { estimateTokens } from '../usage.ts';
import { upstreamFailed } from '../wire/failure.ts';
import { exchange, type Line, mayRetry, speaksAgainst, toCallFailure, wordsOf } from './exchange.ts';
import { Watch } from './watch.ts';

export interface Embedding {
  readonly line: Line;
  readonly clearance: Clearance;
  readonly inputs: readonly (string | readonly number[])[];
  readonly model: UpstreamModel;
  readonly signal?: AbortSignal | undefined;
}

const mostReplyBytes = 256 * 1024 * 1024;

/** Vectors of texts, as many as there are inputs and of one length, or a failure. */
export async function embed(embedding: Embedding) {
  const { line, inputs, model } = embedding;
  const requests = line.kind.embed(inputs, { model, flavour: line.upstream.flavour, cacheSalt: undefined });
  const vectors: Float32Array[] = [];
  let promptTokens = 0;
  let counted = true;
  for (const request of requests) {
    const { vectors: found, promptTokens: told } = line.kind.readEmbeddings(await wholeReply(embedding, request));
    vectors.push(...found);
    if (typeof told === 'number' && Number.isSafeInteger(told) && told >= 0) promptTokens += told;
    else counted = false;
  }
  const length = vectors[0]?.length;
  if (vectors.length !== inputs.length || vectors.some((vector) => vector.length !== length)) {
    const words = `${line.upstream.title} answered ${inputs.length} texts with ${vectors.length} vectors, or with vectors of several lengths.`;
    throw upstreamFailed('not_the_api', words);
  }
  return { vectors, promptTokens: counted ? promptTokens : estimate(inputs) };
}

function estimate(inputs: Embedding['inputs']): number {
  return inputs.reduce(
    (sum, input) => sum + (typeof input === 'string' ? estimateTokens(Buffer.byteLength(input)) : input.length),
    0,
  );
}

async function wholeReply(embedding: Embedding, request: WireRequest): Promise<unknown> {
  const { line, signal } = embedding;
  const tried = new Set<Replica>();
  for (;;) {
    signal?.throwIfAborted();
    const lease = line.pool.take({ tried });
    tried.add(lease.replica);
    try {
      const body = await replyOf(embedding, request, lease);
      lease.ended('well');
      return body;
    } catch (error) {
      lease.ended(signal?.aborted || !speaksAgainst(error) ? 'neutral' : 'ill', wordsOf(error));
      if (signal?.aborted || !mayRetry(error) || !line.pool.hasAnother(tried)) throw error;
    }
  }
}

async function replyOf({ line, clearance, model, signal }: Embedding, request: WireRequest, lease: Lease) {
  const { upstream } = line;
  using watch = new Watch(upstream.timeouts, upstream.title, upstream.timeouts.totalMs, signal);
  const call = { request, url: lease.replica.url, clearance, signal: watch.signal, model };
  const response = await exchange(line, call);
  try {
    return parseJson(await response.text(mostReplyBytes), upstream.title);
  } catch (error) {
    throw toCallFailure(error, watch.signal, upstream.title);
  } finally {
    response.body.destroy();
  }
}

export function parseJson(text: string, title: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw upstreamFailed(
      'not_the_api',
      `${title} answered with something else than JSON. Check its address and kind.`,
      {},
      error,
    );
  }
}
