import { IntramurosError } from '../../base/index.ts';
import type { EgressReply, HandedBody } from '../../egress/index.ts';
import type { Clearance } from '../../policy/index.ts';
import type { Lease, Replica } from '../pool/pool.ts';
import type { UpstreamModel } from '../types.ts';
import { exchangeBytes, type Line, mayRetry, speaksAgainst, wordsOf } from './exchange.ts';
import { withModelName } from './model-name.ts';
import { Watch } from './watch.ts';

export interface RelayRequest {
  readonly path: '/chat/completions' | '/completions' | '/embeddings';
  readonly body: Buffer;
  readonly affinity?: string;
}

export interface Relay {
  readonly line: Line;
  readonly clearance: Clearance;
  readonly request: RelayRequest;
  readonly model: UpstreamModel;
  readonly signal?: AbortSignal | undefined;
}

export interface Relayed {
  readonly status: number;
  /** Those that a client may see. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: HandedBody;
  readonly replica: string;
}

/**
 * Hands a body on and the reply's bytes back. Only what comes before the reply's headers is tried on another replica. The
 * times: headers within `firstTokenMs`, silence of at most `betweenTokensMs` (at least `firstTokenMs`) by the door's own
 * timers, all within `totalMs`; there is no work for each frame.
 */
export async function relay({ line, clearance, request, model, signal }: Relay): Promise<Relayed> {
  if (line.upstream.kind !== 'openai')
    throw new IntramurosError(
      'internal',
      `Only upstreams of kind openai can be relayed to, not ${line.upstream.kind}.`,
    );
  const wire = {
    method: 'POST' as const,
    path: request.path,
    headers: { 'content-type': 'application/json' },
    body: withModelName(request.body, model.name),
  };
  const tried = new Set<Replica>();
  for (;;) {
    signal?.throwIfAborted();
    const lease = line.pool.take({ affinity: request.affinity, tried });
    tried.add(lease.replica);
    const watch = new Watch(line.upstream.timeouts, line.upstream.title, line.upstream.timeouts.totalMs, signal);
    const startedMs = line.clock.monotonic();
    try {
      const call = { request: wire, url: lease.replica.url, clearance, signal: watch.signal, model };
      const response = await exchangeBytes(line, call);
      lease.measured(line.clock.monotonic() - startedMs);
      watch.onlyTotal();
      return handOver(response, lease, watch);
    } catch (error) {
      watch[Symbol.dispose]();
      lease.ended(signal?.aborted || !speaksAgainst(error) ? 'neutral' : 'ill', wordsOf(error));
      if (signal?.aborted || !mayRetry(error) || !line.pool.hasAnother(tried)) throw error;
    }
  }
}

function handOver({ status, headers, body }: EgressReply, lease: Lease, watch: Watch): Relayed {
  body.whenOver((error) => {
    watch[Symbol.dispose]();
    lease.ended(error !== undefined && !watch.signal.aborted ? 'ill' : 'well');
  });
  const seen = { 'content-type': headers['content-type'], 'content-length': headers['content-length'] };
  return { status, headers: seen, body, replica: lease.replica.url };
}
