/**
 * Yields the items of several streams in order of arrival, with the index of each. Holds at most one item a stream;
 * however it ends, every stream has been returned.
 */
export async function* merge<T>(
  sources: readonly AsyncIterable<T>[],
): AsyncGenerator<readonly [index: number, item: T]> {
  const iterators = sources.map((source) => source[Symbol.asyncIterator]());
  const arrived: { readonly index: number; readonly result?: IteratorResult<T>; readonly error?: unknown }[] = [];
  let wake = (): void => {};
  const pull = (index: number): void => {
    void iterators[index]
      ?.next()
      .then(
        (result) => arrived.push({ index, result }),
        (error: unknown) => arrived.push({ index, error }),
      )
      .then(() => wake());
  };
  try {
    iterators.forEach((_, index) => {
      pull(index);
    });
    for (let running = iterators.length; running > 0; ) {
      const next = arrived.shift();
      if (next === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      } else if (next.result === undefined) throw next.error;
      else if (next.result.done) running -= 1;
      else {
        yield [next.index, next.result.value];
        pull(next.index);
      }
    }
  } finally {
    await Promise.allSettled(iterators.map((iterator) => iterator.return?.()));
  }
}
