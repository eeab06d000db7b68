import { type Scope, settlesWithin } from './scope.ts';

/**
 * Lets go of an iterator: abort, then return, then await, with the scope's grace (`return()` alone queues behind a pending
 * `next()` for as long as that hangs). What exceeds the grace is reported and left behind; its late error has an owner.
 */
export async function release(iterator: AsyncIterator<unknown>, scope: Scope, reason?: unknown): Promise<void> {
  scope.stop(reason);
  const returned = (async () => iterator.return?.())();
  if (await settlesWithin(returned, scope.graceMs)) return;
  scope.report({ scope: scope.name, what: 'iterator', graceMs: scope.graceMs });
}

/**
 * Passes the items of a source on, and lets go of it however the loop ends. A pending `next()` is not waited for longer
 * than the grace once the scope has stopped.
 * @throws the scope's reason when it was stopped.
 */
export async function* within<T>(scope: Scope, open: (signal: AbortSignal) => AsyncIterable<T>): AsyncGenerator<T> {
  scope.signal.throwIfAborted();
  const iterator = open(scope.signal)[Symbol.asyncIterator]();
  let ended = false;
  try {
    for (;;) {
      const next = await nextWithin(iterator, scope);
      if (next.done) {
        ended = true;
        return;
      }
      yield next.value;
    }
  } catch (error) {
    // A generator that threw has ended; one that hangs past its grace has been reported already.
    ended = true;
    throw scope.stopped ? scope.reason : error;
  } finally {
    if (!ended) await release(iterator, scope);
  }
}

function nextWithin<T>(iterator: AsyncIterator<T>, scope: Scope): Promise<IteratorResult<T>> {
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined;
    const unhook = scope.onStop((reason) => {
      timer = setTimeout(() => {
        scope.report({ scope: scope.name, what: 'next', graceMs: scope.graceMs });
        reject(reason);
      }, scope.graceMs);
    });
    const settle = (): void => {
      clearTimeout(timer);
      unhook();
    };
    iterator.next().then(
      (result) => {
        settle();
        resolve(result);
      },
      (error: unknown) => {
        settle();
        reject(error);
      },
    );
  });
}
