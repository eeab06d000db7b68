import { setTimeout as delay } from 'node:timers/promises';
import { fromProblem } from '../base/index.ts';
import type { GenerateRequest } from '../engine/index.ts';
import { type Event, Scope, toTurn } from '../flows/index.ts';
import type { RequestContext } from './http/endpoint.ts';
import type { AnswerMeasure } from './http/metrics.ts';

/** Asks the answer path and lets the metrics see how it ended. */
export async function* ask(
  request: GenerateRequest,
  operation: AnswerMeasure['operation'],
  context: RequestContext,
): AsyncGenerator<Event> {
  const startedAt = performance.now();
  await using scope = Scope.open({ name: operation, signal: context.signal });
  for await (const event of context.rooms.answers.answer(toTurn(request), scope)) {
    if (event.t === 'close') {
      const durationMs = performance.now() - startedAt;
      context.rooms.metrics.answer({ operation, model: request.model, why: event.why, use: event.use, durationMs });
    }
    yield event;
  }
}

/**
 * Waits until an answer is sure to begin, so that a failure before it has its own HTTP status. After `patienceMs` of
 * queueing or loading the reply begins all the same: clients and proxies give up on silence.
 * @throws the failure of a run that closed before anything was said.
 */
export async function begun(events: AsyncIterable<Event>, patienceMs = 5_000): Promise<AsyncIterable<Event>> {
  const iterator = events[Symbol.asyncIterator]();
  const held: Event[] = [];
  const patience = new AbortController();
  const tired = delay(patienceMs, 'tired' as const, { signal: patience.signal, ref: false }).catch(
    () => 'tired' as const,
  );
  let pending = iterator.next();
  try {
    for (;;) {
      const first = await Promise.race([pending, tired]);
      if (first === 'tired' || first.done) break;
      const event = first.value;
      if (event.t === 'close' && event.error) {
        await iterator.return?.();
        throw fromProblem(event.error);
      }
      held.push(event);
      pending = iterator.next();
      if (event.t !== 'open' && !(event.t === 'note' && (event.kind === 'queued' || event.kind === 'loading'))) break;
    }
  } finally {
    patience.abort();
  }
  return replay(held, pending, iterator);
}

async function* replay(
  held: readonly Event[],
  pending: Promise<IteratorResult<Event>>,
  iterator: AsyncIterator<Event>,
): AsyncGenerator<Event> {
  // The next event is already asked for: its failure must have an owner even while the held ones are read.
  pending.catch(() => {});
  try {
    yield* held;
    for (let next = await pending; !next.done; next = await iterator.next()) yield next.value;
  } finally {
    await iterator.return?.();
  }
}

/** The end of an answer; a failed one throws. */
export function closing(event: Extract<Event, { t: 'close' }>): Extract<Event, { t: 'close' }> {
  if (event.error) throw fromProblem(event.error);
  return event;
}
