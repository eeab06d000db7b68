import { IntramurosError } from '../../base/index.ts';
import type { EngineEvent, GenerateRequest } from '../../engine/index.ts';
import type { Clearance } from '../../policy/index.ts';
import type { Piece, ReplyReader, WireRequest } from '../kinds/kind.ts';
import type { Lease, Replica } from '../pool/pool.ts';
import { affinityOf } from '../pool/rendezvous.ts';
import type { UpstreamModel } from '../types.ts';
import { safeWords, upstreamFailed } from '../wire/failure.ts';
import { cacheSaltOf } from './cache-salt.ts';
import { toEvents } from './events.ts';
import { exchange, type Line, mayRetry, speaksAgainst, toCallFailure, wordsOf } from './exchange.ts';
import { Watch } from './watch.ts';

/** One generation at an upstream: another replica is tried as long as no piece of an answer has come, and never after. */
export interface Generation {
  readonly line: Line;
  readonly clearance: Clearance;
  readonly request: GenerateRequest;
  readonly model: UpstreamModel;
  readonly signal?: AbortSignal | undefined;
}

/** The engine's events of a generation. Pieces travel in batches, one for each chunk that came. */
export function generate(generation: Generation): AsyncGenerator<EngineEvent, void, undefined> {
  const { clock } = generation.line;
  const startedMs = clock.monotonic();
  return toEvents(generation.request, attempts(generation, startedMs), clock, startedMs);
}

async function* attempts(generation: Generation, startedMs: number): AsyncGenerator<readonly Piece[]> {
  const { line, request, model, clearance, signal } = generation;
  signal?.throwIfAborted();
  const cacheSalt = cacheSaltOf(clearance, request.isolationKey);
  const wire = line.kind.generate(request, { model, flavour: line.upstream.flavour, cacheSalt });
  const tried = new Set<Replica>();
  const affinity = affinityOf(request);
  for (;;) {
    const lease = line.pool.take({ affinity, tried });
    tried.add(lease.replica);
    const attempt = { begun: false };
    try {
      yield* once(generation, wire, lease, startedMs, attempt);
      lease.ended('well');
      return;
    } catch (error) {
      lease.ended(signal?.aborted || !speaksAgainst(error) ? 'neutral' : 'ill', wordsOf(error));
      if (attempt.begun || signal?.aborted || !mayRetry(error) || !line.pool.hasAnother(tried)) throw error;
      const { code } = error as IntramurosError;
      line.log.info({ upstream: line.upstream.id, replica: lease.replica.url, code }, 'upstream retried elsewhere');
    } finally {
      lease.ended('neutral'); // the reader left
    }
  }
}

async function* once(
  { line, clearance, request, model, signal }: Generation,
  wire: WireRequest,
  lease: Lease,
  startedMs: number,
  attempt: { begun: boolean },
): AsyncGenerator<readonly Piece[]> {
  const { upstream, kind, clock } = line;
  const sentMs = clock.monotonic();
  using watch = new Watch(upstream.timeouts, upstream.title, upstream.timeouts.totalMs - (sentMs - startedMs), signal);
  const call = { request: wire, url: lease.replica.url, clearance, signal: watch.signal, model };
  const response = await exchange(line, call);
  try {
    refuseOtherType(response.headers['content-type'], kind.streamTypes, upstream.title);
    for await (const pieces of read(response.body as AsyncIterable<Buffer>, kind.read(request), watch)) {
      if (!attempt.begun) lease.measured(clock.monotonic() - sentMs);
      attempt.begun = true;
      yield pieces;
    }
  } catch (error) {
    throw withTold(toCallFailure(error, watch.signal, upstream.title), wire, upstream.title);
  } finally {
    response.body.destroy();
  }
}

async function* read(body: AsyncIterable<Buffer>, reader: ReplyReader, watch: Watch): AsyncGenerator<readonly Piece[]> {
  let pieces: Piece[] = [];
  let failure: { readonly error: unknown } | undefined;
  const take = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      failure = { error };
    }
    watch.came(pieces.length > 0);
  };
  watch.waits();
  for await (const chunk of body) {
    take(() => reader.push(chunk, pieces));
    if (pieces.length > 0) {
      const batch = pieces;
      pieces = [];
      yield batch;
    }
    if (failure) throw failure.error;
    watch.waits();
  }
  take(() => reader.end(pieces));
  if (pieces.length > 0) yield pieces;
  if (failure) throw failure.error;
}

function refuseOtherType(type: string | undefined, wanted: readonly string[], title: string): void {
  const media = (type ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  if (wanted.includes(media)) return;
  const found =
    media === 'text/html' ? 'a web page' : media === '' ? 'nothing of a known type' : `"${media.slice(0, 60)}"`;
  throw upstreamFailed(
    'not_the_api',
    `${title} answered with ${found} instead of a stream (${wanted[0]}). Check its address and kind.`,
  );
}

/** Puts the upstream's own words to an error that came inside its stream, unless they repeat what was sent. */
function withTold(error: unknown, wire: WireRequest, title: string): unknown {
  if (!(error instanceof IntramurosError) || !('told' in error)) return error;
  const words = safeWords(error.told, wire.body?.toString('utf8') ?? '');
  if (words === '') return error;
  return new IntramurosError(error.code, `${title} failed in the middle of its answer: ${words}`, {
    facts: error.facts,
  });
}
