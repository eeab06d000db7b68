import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

/** A request as a test sees it. */
export interface SeenCall {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly rawBody: Buffer;
  /** The parsed body; undefined when it is no JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of any kind
  readonly body: any;
  /** Settles when the answer is over: true when the client had gone before its end. */
  readonly left: Promise<boolean>;
}

/** How the next answers misbehave; each is used once, in order. */
export type UpstreamFault =
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly body?: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** Headers never come. */
  | { readonly kind: 'silent' }
  /** The connection breaks after so many frames. */
  | { readonly kind: 'cut'; readonly afterFrames: number }
  /** Nothing more comes after so many frames, and the connection stays. */
  | { readonly kind: 'stall'; readonly afterFrames: number }
  /** The body ends properly after so many frames. */
  | { readonly kind: 'end'; readonly afterFrames: number }
  /** Each byte is one write. */
  | { readonly kind: 'slivers' }
  /** A reply of these bytes. */
  | { readonly kind: 'raw'; readonly body: Buffer | string; readonly type?: string };

/** What a peer answers: a stream of frames, or a whole body. */
export type Played =
  | {
      readonly type: string;
      readonly frames: readonly (string | Buffer)[];
      readonly headers?: Readonly<Record<string, string>>;
    }
  | { readonly status?: number; readonly json: unknown };

export interface UpstreamServer extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly port: number;
  readonly seen: SeenCall[];
  readonly faults: UpstreamFault[];
  /** Answers that are being sent. */
  readonly active: number;
  /** Milliseconds between frames; 0 sends them as fast as they drain. */
  paceMs: number;
}

/** A real HTTP server on loopback whose answers `answer` makes from each request. */
export async function openUpstreamServer(
  answer: (call: SeenCall) => Played,
  options: { readonly paceMs?: number; readonly port?: number } = {},
): Promise<UpstreamServer> {
  const seen: SeenCall[] = [];
  const faults: UpstreamFault[] = [];
  const state = { active: 0, paceMs: options.paceMs ?? 0 };
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const rawBody = Buffer.concat(parts);
    const left = once(response, 'close').then(() => !response.writableFinished);
    const { method = '', url: path = '', headers } = request;
    const call: SeenCall = { method, path, headers, rawBody, body: parse(rawBody), left };
    seen.push(call);
    state.active += 1;
    void left.then(() => (state.active -= 1));
    await play(response, answer(call), method === 'POST' ? faults.shift() : undefined, () => state.paceMs);
  });
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    seen,
    faults,
    get active() {
      return state.active;
    },
    get paceMs() {
      return state.paceMs;
    },
    set paceMs(value: number) {
      state.paceMs = value;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined; // no JSON came, and the test sees so
  }
}

async function play(
  response: ServerResponse,
  played: Played,
  fault: UpstreamFault | undefined,
  pace: () => number,
): Promise<void> {
  if (fault?.kind === 'silent') return;
  if (fault?.kind === 'status') {
    response.writeHead(fault.status, { 'content-type': 'application/json', ...fault.headers }).end(fault.body ?? '');
  } else if (fault?.kind === 'raw') {
    response.writeHead(200, { 'content-type': fault.type ?? 'text/event-stream' }).end(fault.body);
  } else if ('json' in played) {
    response.writeHead(played.status ?? 200, { 'content-type': 'application/json' }).end(JSON.stringify(played.json));
  } else {
    response.writeHead(200, { 'content-type': played.type, ...played.headers });
    response.flushHeaders();
    await send(response, played.frames, fault, pace);
  }
}

async function send(
  response: ServerResponse,
  frames: readonly (string | Buffer)[],
  fault: UpstreamFault | undefined,
  pace: () => number,
): Promise<void> {
  const last = fault !== undefined && 'afterFrames' in fault ? fault.afterFrames : frames.length;
  for (const frame of frames.slice(0, last)) {
    if (response.destroyed) return;
    if (fault?.kind === 'slivers') for (const byte of Buffer.from(frame)) response.write(Buffer.from([byte]));
    else if (!response.write(frame)) await Promise.race([once(response, 'drain'), once(response, 'close')]);
    if (pace() > 0) await wait(pace());
  }
  if (fault?.kind === 'stall') return;
  if (fault?.kind === 'cut') response.write('', () => response.destroy());
  else response.end();
}
