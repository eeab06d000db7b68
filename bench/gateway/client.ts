import { connect, type Socket } from 'node:net';
import { ReplyReader } from './reply-reader.ts';

/** Where a request goes and how. */
export interface Target {
  readonly name: string;
  readonly port: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** What stands before the name of the mock's model there. */
  readonly modelPrefix?: string;
}

/** What was seen of one reply; times in milliseconds since the request was sent. */
export interface Seen {
  readonly status: number;
  readonly frames: number;
  readonly bytes: number;
  readonly firstMs: number;
  readonly endMs: number;
  /** Between one frame and the next; only of streams that were asked for with `gaps`. */
  readonly gaps: readonly number[];
}

/** A request as bytes, made once and sent often: the client must not be the measure. */
export function renderRequest(
  target: Target,
  body: { readonly model: string; readonly [field: string]: unknown },
): Buffer {
  const text = JSON.stringify({ ...body, model: `${target.modelPrefix ?? ''}${body.model}` });
  const headers = Object.entries({
    host: `127.0.0.1:${target.port}`,
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(text)),
    ...target.headers,
  });
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return Buffer.from(`POST ${target.path} HTTP/1.1\r\n${lines}\r\n${text}`);
}

/** One keep-alive connection; one request at a time. */
export class Connection {
  readonly #port: number;
  #socket: Socket | undefined;

  constructor(port: number) {
    this.#port = port;
  }

  async send(request: Buffer, options: { readonly gaps?: boolean; readonly timeoutMs?: number } = {}): Promise<Seen> {
    const socket = await this.#connected();
    return new Promise((resolve, reject) => {
      const reader = new ReplyReader();
      const gaps: number[] = [];
      let firstMs = 0;
      let lastAt = 0;
      const sentAt = performance.now();
      const end = (error: Error | undefined): void => {
        clearTimeout(timer);
        socket.off('data', see).off('close', cut);
        if (error) {
          socket.destroy();
          reject(error);
          return;
        }
        if (reader.closes) socket.destroy();
        const { status, frames, bytes } = reader;
        resolve({ status, frames, bytes, firstMs, endMs: performance.now() - sentAt, gaps });
      };
      const see = (piece: Buffer): void => {
        const before = reader.frames;
        const done = reader.feed(piece);
        if (firstMs === 0 && reader.bytes > 0) firstMs = performance.now() - sentAt;
        if (options.gaps && reader.frames > before) {
          const now = performance.now();
          if (lastAt > 0) gaps.push(now - lastAt);
          lastAt = now;
        }
        if (done) end(undefined);
      };
      const cut = (): void => end(new Error('The connection was closed in the middle of a reply.'));
      const timer = setTimeout(() => end(new Error('No end of the reply in time.')), options.timeoutMs ?? 60_000);
      socket.on('data', see).once('close', cut);
      socket.write(request);
    });
  }

  close(): void {
    this.#socket?.destroy();
  }

  async #connected(): Promise<Socket> {
    if (this.#socket && !this.#socket.destroyed) return this.#socket;
    const socket = connect(this.#port, '127.0.0.1');
    socket.setNoDelay(true);
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    socket.on('error', () => socket.destroy());
    this.#socket = socket;
    return socket;
  }
}
