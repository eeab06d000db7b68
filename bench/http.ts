import { type ChildProcess, fork } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

/**
 * What a streamed token costs over HTTP, what a thousand idle streams hold, and whether readers that stall and vanish leave
 * anything behind: our whole path (framework, dialect, answer path) beside node:http by hand, in the same run.
 */
interface Server extends Disposable {
  readonly address: URL;
  figures(): Promise<{ cpuUs: number; heapBytes: number; rssBytes: number; open: number }>;
  /** Answers without HTTP, in the same process. */
  inside(streams: number, content: string): ReturnType<Server['figures']>;
}

function once<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null): void => reject(new Error(`The server ended with ${code}.`));
    child.once('exit', ended).once('message', (message) => {
      child.off('exit', ended);
      resolve(message as T);
    });
  });
}

async function start(kind: 'ours' | 'theirs', tokenMs: number): Promise<Server> {
  const child = fork(join(import.meta.dirname, 'http-servers.ts'), [kind, String(tokenMs)], {
    execArgv: ['--expose-gc', '--disable-warning=ExperimentalWarning'],
  });
  const { address } = await once<{ address: string }>(child);
  return {
    address: new URL(address),
    figures: () => {
      const answer = once<Awaited<ReturnType<Server['figures']>>>(child);
      child.send('figures');
      return answer;
    },
    inside: (streams, content) => {
      const answer = once<Awaited<ReturnType<Server['figures']>>>(child);
      child.send({ streams, content });
      return answer;
    },
    [Symbol.dispose]: () => child.disconnect(),
  };
}

const words = (count: number): string => Array.from({ length: count }, () => 'word').join(' ');

function ask(server: Server, content: string): Socket {
  const body = JSON.stringify({ model: 'echo', stream: true, messages: [{ role: 'user', content }] });
  const socket = connect(Number(server.address.port), server.address.hostname);
  socket.write(
    `POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  return socket.on('error', () => {});
}

/** Reads a stream to its end without looking at it: the client must not be the measure. */
function readAll(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    let tail = '';
    socket.on('data', (bytes) => {
      tail = (tail + bytes.subarray(Math.max(0, bytes.length - 40)).toString('latin1')).slice(-40);
      if (!tail.includes('[DONE]')) return;
      socket.destroy();
      resolve();
    });
    socket.once('close', () => reject(new Error('The stream was cut.')));
  });
}

/** CPU microseconds of the server for each token, over `streams` at once: the whole, and what the answers take without HTTP. */
async function cpuPerToken(kind: 'ours' | 'theirs', streams: number, tokens: number): Promise<readonly number[]> {
  using server = await start(kind, 0);
  const round = (): Promise<unknown> =>
    Promise.all(Array.from({ length: streams }, () => readAll(ask(server, words(tokens)))));
  await round(); // warm
  const before = await server.figures();
  await round();
  const after = await server.figures();
  const whole = (after.cpuUs - before.cpuUs) / (streams * tokens);
  if (kind === 'theirs') return [whole];
  await server.inside(streams, words(tokens)); // warm
  const from = (await server.figures()).cpuUs;
  return [whole, ((await server.inside(streams, words(tokens))).cpuUs - from) / (streams * tokens)];
}

const untilOpen = async (server: Server, wanted: number): Promise<void> => {
  while ((await server.figures()).open !== wanted) await new Promise((resolve) => setTimeout(resolve, 50));
};

/** Heap of each stream that waits for its next token, KiB. */
async function idleHeapKib(kind: 'ours' | 'theirs', streams: number): Promise<number> {
  using server = await start(kind, 600_000);
  const first = ask(server, 'a b');
  await untilOpen(server, 1);
  const before = await server.figures();
  const sockets = Array.from({ length: streams }, () => ask(server, 'a b'));
  await untilOpen(server, streams + 1);
  const after = await server.figures();
  for (const socket of [first, ...sockets]) socket.destroy();
  await untilOpen(server, 0);
  return (after.heapBytes - before.heapBytes) / streams / 1024;
}

/** Streams still open after readers that stalled have vanished. */
async function leakedReaders(kind: 'ours' | 'theirs', readers: number): Promise<number> {
  using server = await start(kind, 0);
  const sockets = Array.from({ length: readers }, () => ask(server, words(20_000)).pause());
  await untilOpen(server, readers);
  for (const socket of sockets) socket.destroy();
  const deadline = performance.now() + 10_000;
  let { open } = await server.figures();
  while (open > 0 && performance.now() < deadline) ({ open } = await server.figures());
  return open;
}

const result = (name: string, ours: number, theirs: number, about: string): void => {
  const ratio = theirs === 0 ? (ours === 0 ? '1.00' : 'inf') : (ours / theirs).toFixed(2);
  process.stdout.write(`RESULT ${name} ours=${ours.toFixed(2)} theirs=${theirs.toFixed(2)} ratio=${ratio} ${about}\n`);
};

/** `npm run -s bench -- http [--streams 100] [--tokens 500] [--idle 1000] [--readers 200]` */
export async function benchHttp(commandArguments: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...commandArguments],
    options: {
      streams: { type: 'string', default: '100' },
      tokens: { type: 'string', default: '500' },
      idle: { type: 'string', default: '1000' },
      readers: { type: 'string', default: '200' },
    },
  });
  const [streams, tokens, idle, readers] = [values.streams, values.tokens, values.idle, values.readers].map(Number) as [
    number,
    number,
    number,
    number,
  ];
  const [theirs = 0] = await cpuPerToken('theirs', streams, tokens);
  const [ours = 0, inside = 0] = await cpuPerToken('ours', streams, tokens);
  result('http-cpu-per-token', ours, theirs, `unit=us whole path, engine that echoes included`);
  result(
    'http-cpu-per-token-gateway-alone',
    ours - inside,
    theirs,
    `unit=us goal<=12us,1.6x without the ${inside.toFixed(1)} us of engine and flow`,
  );
  result(
    'http-idle-stream-heap',
    await idleHeapKib('ours', idle),
    await idleHeapKib('theirs', idle),
    `unit=KiB streams=${idle}`,
  );
  result(
    'http-stalled-readers-leaked',
    await leakedReaders('ours', readers),
    await leakedReaders('theirs', readers),
    `of=${readers} goal=0`,
  );
}
