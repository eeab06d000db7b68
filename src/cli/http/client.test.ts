import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { IntramurosError } from '../../base/index.ts';
import { ServerClient } from './client.ts';
import { readEvents, type ServerEvent } from './sse.ts';

async function listen(handler: RequestListener): Promise<AsyncDisposable & { readonly address: string }> {
  const server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function collect(chunks: readonly Uint8Array[]): Promise<ServerEvent[]> {
  const events: ServerEvent[] = [];
  const bytes = (async function* () {
    yield* chunks;
  })();
  for await (const event of readEvents(bytes)) events.push(event);
  return events;
}

test('events are read whole wherever the bytes are cut', async () => {
  const text = ': waiting\n\nid: 3\nevent: text\ndata: {"s":"é 日"}\n\ndata: a\r\ndata: b\r\n\r\ndata: [DONE]\n\n';
  const wanted = await collect([Buffer.from(text)]);
  assert.deepEqual(wanted, [
    { event: 'text', data: '{"s":"é 日"}', id: '3' },
    { event: 'message', data: 'a\nb', id: '3' },
    { event: 'message', data: '[DONE]', id: '3' },
  ]);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 0, max: Buffer.from(text).length })), async (cuts) => {
      const at = [0, ...cuts.sort((a, b) => a - b), Buffer.from(text).length];
      const chunks = at.slice(1).map((end, index) => Buffer.from(text).subarray(at[index], end));
      assert.deepEqual(await collect(chunks), wanted);
    }),
  );
});

test('a failure of either dialect comes back as itself, with its facts', async () => {
  const bodies = [
    {
      type: 'urn:intramuros:error:model_not_found',
      status: 404,
      detail: 'No model x.',
      code: 'model_not_found',
      facts: { model: 'x' },
    },
    {
      error: { message: 'No model x.', type: 'invalid_request_error', code: 'model_not_found', facts: { model: 'x' } },
    },
  ];
  for (const body of bodies) {
    await using server = await listen((_request, response) => {
      response.writeHead(404, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
    await assert.rejects(new ServerClient(server.address).call('GET', '/x'), (error: unknown) => {
      assert.ok(error instanceof IntramurosError);
      assert.equal(error.code, 'model_not_found');
      assert.equal(error.message, 'No model x.');
      assert.equal(error.facts.model, 'x');
      return true;
    });
  }
});

test('an answer that is no JSON is told by its status', async () => {
  await using server = await listen((_request, response) => void response.writeHead(502).end('<html>bad gateway'));
  await assert.rejects(new ServerClient(server.address).call('GET', '/x'), /status 502/);
});

test('a server that is not there is named, with what to do', async () => {
  const server = await listen(() => {});
  await server[Symbol.asyncDispose]();
  await assert.rejects(new ServerClient(server.address).call('GET', '/x'), /does not answer .*intramuros serve/);
});

test('leaving the loop of events closes the connection', async () => {
  const closed = Promise.withResolvers<void>();
  await using server = await listen((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n');
    response.on('close', closed.resolve);
  });
  for await (const { data } of new ServerClient(server.address).events('GET', '/x')) {
    assert.equal(data, '1');
    break;
  }
  await closed.promise;
});

test('the key travels as a Bearer token, and aborting ends a call with the reason', async () => {
  const seen = Promise.withResolvers<string | undefined>();
  await using server = await listen((request) => seen.resolve(request.headers.authorization));
  const stop = new AbortController();
  const call = new ServerClient(server.address, 'secret').call('GET', '/x', undefined, { signal: stop.signal });
  assert.equal(await seen.promise, 'Bearer secret');
  stop.abort(new IntramurosError('cancelled', 'Interrupted.'));
  await assert.rejects(call, { code: 'cancelled' });
});
