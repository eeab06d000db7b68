import { createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * The upstream of the gateway benchmark: an OpenAI-compatible server on bare sockets, so that it costs a fraction of what it
 * measures. The model's name says what it answers: `json` one reply at once, `stream-<frames>-<gap ms>` a stream.
 * Every frame is one write and one chunk. Prints its port, ends with its parent.
 */
const head = (type: string, rest: string): string =>
  `HTTP/1.1 200 OK\r\ncontent-type: ${type}\r\nconnection: keep-alive\r\n${rest}\r\n\r\n`;

const created = 1_700_000_000;
const id = 'chatcmpl-000000000000000000000000';
const usage = { prompt_tokens: 12, completion_tokens: 64, total_tokens: 76 };

function wholeReply(model: string): Buffer {
  const body = JSON.stringify({
    id,
    object: 'chat.completion',
    created,
    model,
    choices: [{ index: 0, message: { role: 'assistant', content: 'x'.repeat(256) }, finish_reason: 'stop' }],
    usage,
  });
  return Buffer.from(head('application/json', `content-length: ${Buffer.byteLength(body)}`) + body);
}

const chunk = (text: string): Buffer => Buffer.from(`${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`);

function frame(model: string, choices: readonly unknown[], more: object = {}): Buffer {
  const event = { id, object: 'chat.completion.chunk', created, model, choices, ...more };
  return chunk(`data: ${JSON.stringify(event)}\n\n`);
}

interface Stream {
  readonly first: Buffer;
  readonly each: Buffer;
  readonly last: readonly Buffer[];
}

/** A role frame, frames of 16 bytes of text, the finish, the usage and `[DONE]`. */
function streamOf(model: string): Stream {
  const delta = (change: object, finish: string | null = null): readonly unknown[] => [
    { index: 0, delta: change, finish_reason: finish },
  ];
  return {
    first: frame(model, delta({ role: 'assistant', content: '' })),
    each: frame(model, delta({ content: 'sixteen letters ' })),
    last: [
      frame(model, delta({}, 'stop')),
      frame(model, [], { usage }),
      chunk('data: [DONE]\n\n'),
      Buffer.from('0\r\n\r\n'),
    ],
  };
}

const replies = new Map<string, Buffer>();
const streams = new Map<string, Stream>();
const remember = <T>(known: Map<string, T>, name: string, make: (name: string) => T): T => {
  const found = known.get(name) ?? make(name);
  known.set(name, found);
  return found;
};

async function writeStream(socket: Socket, model: string, frames: number, gapMs: number): Promise<void> {
  const { first, each, last } = remember(streams, model, streamOf);
  socket.write(head('text/event-stream', 'transfer-encoding: chunked'));
  socket.write(first);
  const beganAt = performance.now();
  for (let index = 1; index <= frames && !socket.destroyed; index += 1) {
    const due = beganAt + index * gapMs - performance.now();
    if (gapMs > 0) await sleep(Math.max(0, due));
    if (!socket.write(each)) await new Promise<void>((go) => socket.once('drain', go).once('close', go));
  }
  for (const piece of last) if (!socket.destroyed) socket.write(piece);
}

function answer(socket: Socket, body: Buffer): void {
  const start = body.indexOf('"model"');
  const [, model = 'json'] = /^"model"\s*:\s*"([^"]+)"/.exec(body.toString('latin1', start, start + 120)) ?? [];
  const streams = body.includes('"stream":true');
  const asked = /stream-(\d+)-(\d+)/.exec(model) ?? (streams ? ['', '1', '0'] : null);
  if (!asked) socket.write(remember(replies, model, wholeReply));
  else void writeStream(socket, model, Number(asked[1]), Number(asked[2]));
}

const server = createServer((socket) => {
  let kept: Buffer = Buffer.alloc(0);
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  socket.on('data', (bytes: Buffer) => {
    kept = kept.length === 0 ? bytes : Buffer.concat([kept, bytes]);
    for (;;) {
      const end = kept.indexOf('\r\n\r\n');
      if (end < 0) return;
      const headers = kept.toString('latin1', 0, end);
      const request = bodyOf(kept.subarray(end + 4), headers);
      if (request === undefined) return;
      kept = kept.subarray(end + 4 + request.taken);
      answer(socket, request.body);
    }
  });
});

/** The body of a request and how many bytes it took; undefined while some are still to come. */
function bodyOf(rest: Buffer, headers: string): { readonly body: Buffer; readonly taken: number } | undefined {
  const length = /content-length: *(\d+)/i.exec(headers)?.[1];
  if (length !== undefined) {
    const taken = Number(length);
    return rest.length < taken ? undefined : { body: rest.subarray(0, taken), taken };
  }
  if (!/transfer-encoding: *chunked/i.test(headers)) return { body: rest.subarray(0, 0), taken: 0 };
  const end = rest.indexOf('0\r\n\r\n');
  return end < 0 ? undefined : { body: rest.subarray(0, end), taken: end + 5 };
}

server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.send?.({ port: typeof address === 'object' ? address?.port : 0 });
});
process.on('disconnect', () => process.exit(0));
