import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openStreamCount } from '../src/gateway/index.ts';
import { person } from '../test/parts/people.ts';
import { openTestGateway } from '../test/parts/test-gateway.ts';

/**
 * One server of the HTTP benchmark, in a process of its own so that its CPU time is its own: `ours` is the gateway with the
 * whole answer path over an engine that echoes; `theirs` is node:http written by hand, frames and backpressure included,
 * with the same number of frames of the same size. Told by its parent over IPC; answers with figures.
 */
const kind = process.argv[2];
const tokenMs = Number(process.argv[3] ?? 0);

interface Figures {
  readonly cpuUs: number;
  readonly heapBytes: number;
  readonly rssBytes: number;
  readonly open: number;
}

let open = 0;
const figures = (): Figures => {
  (globalThis as { gc?: () => void }).gc?.();
  const { user, system } = process.cpuUsage();
  const { heapUsed, rss } = process.memoryUsage();
  return { cpuUs: user + system, heapBytes: heapUsed, rssBytes: rss, open: kind === 'ours' ? openStreamCount() : open };
};

/** A hand-written streaming server: the least that a correct one does. */
async function byHand(): Promise<string> {
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const piece of request) body += piece;
    const { messages } = JSON.parse(body) as { messages: { content: string }[] };
    const words = (messages[0]?.content ?? '').split(/(?= )/);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    open += 1;
    response.once('close', () => {
      open -= 1;
    });
    for (const word of words) {
      await new Promise<void>((resolve) => (tokenMs > 0 ? setTimeout(resolve, tokenMs) : setImmediate(resolve)));
      if (response.destroyed) return;
      const chunk = {
        id: 'chatcmpl-0000000000000000000000000000',
        object: 'chat.completion.chunk',
        created: 1_700_000_000,
        model: 'echo',
        system_fingerprint: 'fp_0000000000',
        choices: [{ index: 0, delta: { content: word }, logprobs: null, finish_reason: null }],
      };
      if (!response.write(`data: ${JSON.stringify(chunk)}\n\n`)) {
        await new Promise<void>((resolve) => response.once('drain', resolve).once('close', resolve));
      }
    }
    response.end('data: [DONE]\n\n');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const gateway =
  kind === 'ours'
    ? await openTestGateway({
        engine: { tokenMs, parallel: 5000, queueLimit: 10_000, contextTokens: 1_000_000 },
        replies: 'sampled',
      })
    : undefined;
const address = gateway?.address ?? (await byHand());

/** The same answers without HTTP: what the echo engine and the answer path take of the whole. */
async function inside(streams: number, content: string): Promise<Figures> {
  const one = async (): Promise<void> => {
    const input = { kind: 'chat', messages: [{ role: 'user', content }] } as const;
    const answers = gateway?.rooms.answers.answer({ model: 'echo', input, caller: { who: person('bench') } });
    for await (const event of answers ?? [])
      if (event.t === 'close' && event.error) throw new Error(event.error.message);
  };
  await Promise.all(Array.from({ length: streams }, one));
  return figures();
}

process.on('message', async (asked: 'figures' | { readonly streams: number; readonly content: string }) => {
  process.send?.(asked === 'figures' ? figures() : await inside(asked.streams, asked.content));
});
process.on('disconnect', () => process.exit(0));
process.send?.({ address });
