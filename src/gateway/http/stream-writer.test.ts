import assert from 'node:assert/strict';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { openStreamCount, type StreamEnd, type StreamLimits, writeStream } from './stream-writer.ts';

/** One stream on a real server: what was pulled, how it ended, whether its source was let go. */
interface Watched {
  pulled: number;
  released: boolean;
  end: Promise<StreamEnd>;
  abortedAt: number | undefined;
  writes: string[];
}

type Source = (watched: Watched, signal: AbortSignal) => AsyncGenerator<string>;

let server: Server;
let serve: (response: ServerResponse) => void;
before(async () => {
  server = createServer((_request, response) => serve(response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
after(
  () =>
    new Promise((resolve) => {
      server.closeAllConnections();
      server.close(resolve);
    }),
);

/** Opens a stream and hands its socket to the reader. */
async function open(source: Source, limits?: StreamLimits): Promise<{ watched: Watched; socket: Socket }> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const watched = await new Promise<Watched>((resolve) => {
    serve = (response) => {
      const state: Watched = {
        pulled: 0,
        released: false,
        end: Promise.resolve('complete'),
        abortedAt: undefined,
        writes: [],
      };
      const controller = new AbortController();
      const write = response.write.bind(response) as (chunk: string) => boolean;
      response.write = ((chunk: string) => {
        state.writes.push(chunk);
        return write(chunk);
      }) as never;
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
      state.end = writeStream(response, source(state, controller.signal), {
        abort: (reason) => {
          state.abortedAt = performance.now();
          controller.abort(reason);
        },
        keepAlive: ': waiting\n\n',
        lastWords: () => 'data: {"error":{}}\n\n',
        ...(limits ? { limits } : {}),
      });
      resolve(state);
    };
    socket.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n');
  });
  return { watched, socket };
}

/** Frames without end, as fast as they are pulled; nothing of it knows the signal. */
const endless = (size: number): Source =>
  async function* frames(watched) {
    try {
      for (;;) {
        watched.pulled += 1;
        yield `data: ${'x'.repeat(size)}\n\n`;
      }
    } finally {
      watched.released = true;
    }
  };

/** Says nothing until it is aborted. */
const silent: Source = async function* frames(watched, signal) {
  try {
    await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    yield 'never';
  } finally {
    watched.released = true;
  }
};

const read = (socket: Socket): Promise<string> =>
  new Promise((resolve) => {
    let text = '';
    socket
      .setEncoding('utf8')
      .on('data', (data) => {
        text += data;
        if (text.endsWith('0\r\n\r\n')) {
          socket.destroy();
          resolve(text);
        }
      })
      .on('close', () => resolve(text));
  });

test('each frame is one write, in order, and the stream ends', async () => {
  const { watched, socket } = await open(async function* three(state) {
    for (const n of [1, 2, 3]) {
      state.pulled += 1;
      yield `data: ${n}\n\n`;
    }
  });
  const text = await read(socket);
  assert.equal(await watched.end, 'complete');
  assert.deepEqual(watched.writes, ['data: 1\n\n', 'data: 2\n\n', 'data: 3\n\n']);
  assert.match(text, /data: 1\n\n[\s\S]*data: 3\n\n/);
});

test('a stalled reader stops the source from being pulled: memory stays bounded', async () => {
  const { watched, socket } = await open(endless(4096));
  socket.pause();
  let before = -1;
  while (watched.pulled !== before) {
    before = watched.pulled;
    await new Promise((resolve) => setTimeout(resolve, 60));
  }
  assert.ok(watched.pulled * 4096 < 32 * 1024 * 1024, `${watched.pulled} frames were pulled`);
  socket.destroy();
  assert.equal(await watched.end, 'client-left');
  assert.equal(watched.released, true);
});

test('a reader that stalled and then vanished leaks nothing, twenty times over', async () => {
  const opened: Awaited<ReturnType<typeof open>>[] = [];
  for (let n = 0; n < 20; n += 1) {
    const one = await open(endless(16_384));
    one.socket.pause();
    opened.push(one);
  }
  for (const { socket } of opened) socket.destroy();
  const ends = await Promise.all(opened.map(({ watched }) => watched.end));
  assert.deepEqual(new Set(ends), new Set(['client-left']));
  assert.ok(opened.every(({ watched }) => watched.released));
  assert.equal(openStreamCount(), 0);
});

test('a reader that takes nothing for the limit ends the run', async () => {
  const { watched, socket } = await open(endless(65_536), { keepAliveMs: 10_000, stallMs: 80 });
  socket.on('error', () => {}).pause();
  assert.equal(await watched.end, 'stalled');
  assert.equal(watched.released, true);
  socket.destroy();
});

test('a client that leaves a silent stream aborts its source at once', async () => {
  const { watched, socket } = await open(silent);
  const leftAt = performance.now();
  socket.destroy();
  assert.equal(await watched.end, 'client-left');
  assert.equal(watched.released, true);
  assert.ok((watched.abortedAt ?? Number.POSITIVE_INFINITY) - leftAt < 500);
});

test('a client that only closes its half of the connection has left too', async () => {
  const { watched, socket } = await open(silent);
  socket.end();
  assert.equal(await watched.end, 'client-left');
  assert.equal(watched.released, true);
});

test('silence is filled with comments that have text', async () => {
  const { watched, socket } = await open(silent, { keepAliveMs: 20, stallMs: 60_000 });
  let text = '';
  await new Promise<void>((resolve) =>
    socket.setEncoding('utf8').on('data', (data) => {
      text += data;
      if (text.split(': waiting').length > 3) resolve();
    }),
  );
  assert.doesNotMatch(text, /id:|data:/);
  socket.destroy();
  assert.equal(await watched.end, 'client-left');
});

test('a source that fails in mid-stream gets its last words, and the stream ends', async () => {
  const { watched, socket } = await open(async function* failing() {
    yield 'data: 1\n\n';
    throw new Error('broken');
  });
  assert.match(await read(socket), /data: 1\n\n[\s\S]*data: \{"error":\{\}\}\n\n/);
  assert.equal(await watched.end, 'failed');
});
