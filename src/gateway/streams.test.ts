import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { openTestGateway, type TestGateway } from '../../test/parts/test-gateway.ts';
import { openStreamCount } from './index.ts';

const words = (count: number): string => Array.from({ length: count }, (_, at) => `w${at}`).join(' ');
const chat = (content: string): string =>
  JSON.stringify({ model: 'echo', stream: true, messages: [{ role: 'user', content }] });

/** A streamed chat over a bare socket, so that the reader can behave badly. */
function openSocket(gateway: TestGateway, content: string): ReturnType<typeof connect> {
  const { hostname, port } = new URL(gateway.address);
  const body = chat(content);
  const socket = connect(Number(port), hostname, () =>
    socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    ),
  );
  return socket.on('error', () => {});
}

const idle = async (gateway: TestGateway): Promise<void> => {
  while ((gateway.engine.list()[0]?.activeRequests ?? 0) > 0 || openStreamCount() > 0)
    await new Promise((resolve) => setTimeout(resolve, 2));
};

test('the first token leaves before the last one is made: nothing is held back', async () => {
  const gateway = await openTestGateway({ engine: { tokenMs: 30 } });
  try {
    const reply = await gateway.ask('/v1/chat/completions', { body: chat(words(20)) });
    const reader = reply.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    while (!text.includes('w0')) text += (await reader?.read())?.value ?? '';
    assert.ok((gateway.engine.list()[0]?.counters.generatedTokens ?? 99) < 15);
    await reader?.cancel();
    await idle(gateway);
  } finally {
    await gateway.close();
  }
});

test('clients that vanish in every moment of an answer leave the engine idle', async () => {
  const gateway = await openTestGateway({ engine: { tokenMs: 5, parallel: 4 } });
  try {
    const sockets = Array.from({ length: 24 }, () => openSocket(gateway, words(40)));
    await Promise.all(
      sockets.map(async (socket, at) => {
        if (at % 4 > 0)
          await new Promise((resolve) =>
            socket.once('data', resolve).setTimeout(40 * (at % 4), () => resolve(undefined)),
          );
        if (at % 2) socket.destroy();
        else socket.end();
      }),
    );
    await idle(gateway);
    const state = gateway.engine.list()[0];
    assert.deepEqual([state?.activeRequests, state?.queuedRequests], [0, 0]);
    assert.equal((await gateway.ask('/v1/chat/completions', { body: chat('a') })).status, 200);
    for (const socket of sockets) socket.destroy();
  } finally {
    await gateway.close();
  }
});

test('a client that leaves before the answer begins takes its request out of the queue', async () => {
  const gateway = await openTestGateway({ engine: { tokenMs: 20, parallel: 1 } });
  try {
    const first = openSocket(gateway, words(200));
    await new Promise((resolve) => first.once('data', resolve));
    const second = openSocket(gateway, words(200));
    while (gateway.engine.list()[0]?.queuedRequests !== 1) await new Promise((resolve) => setTimeout(resolve, 2));
    second.destroy();
    while (gateway.engine.list()[0]?.queuedRequests !== 0) await new Promise((resolve) => setTimeout(resolve, 2));
    first.destroy();
    await idle(gateway);
  } finally {
    await gateway.close();
  }
});

test('a whole reply that nobody waits for any more is stopped too', async () => {
  const gateway = await openTestGateway({ engine: { tokenMs: 20 } });
  try {
    const leave = new AbortController();
    const asked = gateway.ask('/v1/chat/completions', {
      body: { model: 'echo', messages: [{ role: 'user', content: words(500) }] },
      signal: leave.signal,
    });
    while (gateway.engine.list()[0]?.activeRequests !== 1) await new Promise((resolve) => setTimeout(resolve, 2));
    leave.abort();
    await assert.rejects(asked);
    await idle(gateway);
    assert.ok((gateway.engine.list()[0]?.counters.generatedTokens ?? 999) < 100);
  } finally {
    await gateway.close();
  }
});

test('a thousand streams at once all finish, whole', async () => {
  const gateway = await openTestGateway({ engine: { tokenMs: 1, parallel: 1000, queueLimit: 2000 } });
  try {
    const texts = await Promise.all(
      Array.from({ length: 1000 }, async () =>
        (await gateway.ask('/v1/chat/completions', { body: chat(words(5)) })).text(),
      ),
    );
    for (const text of texts) {
      assert.ok(text.endsWith('data: [DONE]\n\n'));
      assert.ok(text.includes('"content":" w4"'));
    }
    await idle(gateway);
  } finally {
    await gateway.close();
  }
});
