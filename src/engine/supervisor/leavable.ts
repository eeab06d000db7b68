/**
 * An iterable that can be left at any moment: `return()` aborts the signal that `open` works under, so that a `next()` still
 * waiting ends too (a bare generator would let `return()` queue behind it).
 */
export function leavable<T>(
  open: (signal: AbortSignal) => AsyncGenerator<T, void, undefined>,
  given?: AbortSignal,
): AsyncIterableIterator<T, void, undefined> {
  const left = new AbortController();
  const items = open(given ? AbortSignal.any([given, left.signal]) : left.signal);
  return {
    next: () => items.next(),
    async return() {
      left.abort(new DOMException('The reader left.', 'AbortError'));
      await items.return();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
