import type { StreamReply } from '../http/endpoint.ts';

/** One server-sent event with a name, as native streams have them. */
export function sseFrame(event: string, data: unknown, id?: number): string {
  const offset = id === undefined ? '' : `id: ${id}\n`;
  return `${offset}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** A native stream of named events; as NDJSON where the caller accepts that. */
export function nativeStream(
  items: AsyncIterable<{ readonly event: string; readonly data: unknown; readonly id?: number }>,
  options: { readonly accept: string | undefined; readonly headers?: Readonly<Record<string, string>> },
): StreamReply {
  const lines = /\bapplication\/x-ndjson\b/i.test(options.accept ?? '');
  async function* frames(): AsyncGenerator<string> {
    for await (const { event, data, id } of items)
      yield lines
        ? `${JSON.stringify({ ...(id === undefined ? {} : { id }), event, data })}\n`
        : sseFrame(event, data, id);
  }
  return {
    stream: frames(),
    contentType: lines ? 'application/x-ndjson' : 'text/event-stream',
    keepAlive: lines ? '' : ': waiting\n\n',
    ...(options.headers ? { headers: options.headers } : {}),
  };
}

/**
 * Asks for the first item before the reply begins, so that what cannot start at all answers with its own status.
 */
export async function started<T>(items: AsyncIterable<T>): Promise<AsyncIterable<T>> {
  const iterator = items[Symbol.asyncIterator]();
  const first = await iterator.next();
  return (async function* rest(): AsyncGenerator<T> {
    try {
      for (let next = first; !next.done; next = await iterator.next()) yield next.value;
    } finally {
      await iterator.return?.();
    }
  })();
}
