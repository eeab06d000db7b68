import type { Event } from '../event.ts';
import type { Run, Step } from './types.ts';

/**
 * A step that does its part before anything is said and has no part in what comes after: it costs nothing a token, as the
 * reader is handed to the next step, where a generator around it would cost several microtasks an event.
 */
export function before(name: string, work: (run: Run) => Promise<void>): Step {
  return {
    name,
    run(run, _scope, next) {
      let inner: AsyncIterator<Event> | undefined;
      let opening: Promise<AsyncIterator<Event>> | undefined;
      const open = async (): Promise<AsyncIterator<Event>> => {
        await work(run);
        inner = next()[Symbol.asyncIterator]();
        return inner;
      };
      const iterator: AsyncIterator<Event> = {
        next() {
          if (inner) return inner.next();
          opening ??= open();
          return opening.then((opened) => opened.next());
        },
        async return() {
          // What has begun ends before it is let go of; its failure was the reader's who asked for it.
          await opening?.catch(() => undefined);
          await inner?.return?.();
          return { done: true, value: undefined };
        },
      };
      return { [Symbol.asyncIterator]: () => iterator };
    },
  };
}
