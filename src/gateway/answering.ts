import { fromProblem } from '../base/index.ts';
import { type Event, Scope, type Turn } from '../flows/index.ts';
import type { RequestContext } from './http/endpoint.ts';
import type { AnswerMeasure } from './http/metrics.ts';
import { callerOf, SentWatch } from './labelling.ts';

/** A request in the words of the answer path, whoever sends it. */
export type Request = Omit<Turn, 'caller'> & { readonly model: string };

/** An answer that was asked for, and what its reply's headers say once it is sure to begin. */
export interface Asked {
  readonly events: AsyncIterable<Event>;
  headers(): Readonly<Record<string, string>>;
}

/**
 * Asks the answer path and lets the metrics see how it ended. Iterators by hand here and below: on the way of every token an
 * async generator costs several microtasks, a passed-on `next()` one.
 */
export function ask(request: Request, operation: AnswerMeasure['operation'], context: RequestContext): Asked {
  const startedAt = performance.now();
  const scope = Scope.open({ name: operation, signal: context.signal });
  const iterator = context.rooms.answers
    .answer({ ...request, caller: callerOf(context) }, scope)
    [Symbol.asyncIterator]();
  const sent = new SentWatch();
  const see = (next: IteratorResult<Event>): IteratorResult<Event> | Promise<IteratorResult<Event>> => {
    if (next.done) return scope.close().then(() => next);
    if (next.value.t !== 'close') {
      if (next.value.t === 'open' || next.value.t === 'note') sent.see(next.value);
      return next;
    }
    const { why, use } = next.value;
    const durationMs = performance.now() - startedAt;
    context.rooms.metrics.answer({ operation, model: request.model, why, use, durationMs });
    return next;
  };
  const events = byHand({
    next: () => iterator.next().then(see),
    return: async () => {
      await iterator.return?.();
      await scope.close();
      return { done: true, value: undefined };
    },
  });
  return { events, headers: () => sent.headers() };
}

const byHand = (iterator: AsyncIterator<Event>): AsyncIterable<Event> => ({ [Symbol.asyncIterator]: () => iterator });

/**
 * Waits until an answer is sure to begin, so that a failure before it has its own HTTP status. After `patienceMs` of
 * queueing or loading the reply begins all the same: clients and proxies give up on silence.
 * @throws the failure of a run that closed before anything was said.
 */
export async function begun(events: AsyncIterable<Event>, patienceMs = 5_000): Promise<AsyncIterable<Event>> {
  const iterator = events[Symbol.asyncIterator]();
  const held: Event[] = [];
  const { promise: tired, resolve: tire } = Promise.withResolvers<'tired'>();
  const patience = setTimeout(tire, patienceMs, 'tired').unref();
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
      if (!isWaiting(event)) break;
    }
  } finally {
    clearTimeout(patience);
  }
  return replay(held, pending, iterator);
}

// Notes that come before a word is sure to.
const waiting: readonly string[] = ['stored', 'routed', 'queued', 'loading'];
const isWaiting = (event: Event): boolean => event.t === 'open' || (event.t === 'note' && waiting.includes(event.kind));

function replay(
  held: Event[],
  pending: Promise<IteratorResult<Event>>,
  iterator: AsyncIterator<Event>,
): AsyncIterable<Event> {
  // The next event is already asked for: its failure must have an owner even while the held ones are read.
  pending.catch(() => {});
  let asked: Promise<IteratorResult<Event>> | undefined = pending;
  return byHand({
    next: () => {
      const value = held.shift();
      if (value) return Promise.resolve({ done: false, value });
      const next = asked ?? iterator.next();
      asked = undefined;
      return next;
    },
    return: async () => (await iterator.return?.()) ?? { done: true, value: undefined },
  });
}

/** The end of an answer; a failed one throws. */
export function closing(event: Extract<Event, { t: 'close' }>): Extract<Event, { t: 'close' }> {
  if (event.error) throw fromProblem(event.error);
  return event;
}
