import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { type ErrorCode, errorCodes, IntramurosError } from '../../base/index.ts';
import { readEvents, type ServerEvent } from './sse.ts';

export interface CallOptions {
  readonly signal?: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Speaks to one Intramuros server. Without time limits of its own: a model may take minutes to load. */
export class ServerClient {
  readonly address: string;
  readonly #key: string | undefined;
  constructor(address: string, key?: string) {
    this.address = address;
    this.#key = key;
  }

  /** Calls and reads the whole JSON answer; `undefined` when it has none. */
  async call<T>(method: string, path: string, body?: unknown, options: CallOptions = {}): Promise<T> {
    const response = await this.#open(method, path, body, options);
    const text = await readText(response);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }

  /** Calls and gives the answer's text as it is. */
  async text(method: string, path: string, options: CallOptions = {}): Promise<string> {
    return readText(await this.#open(method, path, undefined, options));
  }

  /** Calls and gives the answer as it comes. */
  async *pieces(method: string, path: string, options: CallOptions = {}): AsyncGenerator<Buffer, void, undefined> {
    const headers = { accept: '*/*', ...options.headers };
    const response = await this.#open(method, path, undefined, { ...options, headers });
    try {
      yield* response as AsyncIterable<Buffer>;
    } catch (error) {
      options.signal?.throwIfAborted();
      throw lostConnection(this.address, error);
    } finally {
      response.destroy();
    }
  }

  /** Calls and streams the events of the answer. Leaving the loop closes the connection. */
  async *events(
    method: string,
    path: string,
    body?: unknown,
    options: CallOptions = {},
  ): AsyncGenerator<ServerEvent, void, undefined> {
    const response = await this.#open(method, path, body, {
      ...options,
      headers: { accept: 'text/event-stream', ...options.headers },
    });
    try {
      yield* readEvents(response);
    } catch (error) {
      options.signal?.throwIfAborted();
      throw lostConnection(this.address, error);
    } finally {
      response.destroy();
    }
  }

  /** The failure that an `error` event of a stream tells. */
  failure(data: string): IntramurosError {
    return toError(500, data);
  }

  async #open(method: string, path: string, body: unknown, options: CallOptions): Promise<IncomingMessage> {
    options.signal?.throwIfAborted();
    const url = new URL(path, this.address);
    const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const headers = {
      accept: 'application/json',
      ...(payload ? { 'content-type': 'application/json', 'content-length': String(payload.length) } : {}),
      ...(this.#key === undefined ? {} : { authorization: `Bearer ${this.#key}` }),
      ...options.headers,
    };
    const dial = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const request = dial(url, { method, headers, ...(options.signal ? { signal: options.signal } : {}) }, resolve);
      request.on('error', (error) => {
        reject(options.signal?.aborted ? options.signal.reason : lostConnection(this.address, error));
      });
      request.end(payload);
    });
    if ((response.statusCode ?? 500) < 400) return response;
    throw toError(response.statusCode ?? 500, await readText(response));
  }
}

async function readText(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part as Buffer);
  return Buffer.concat(parts).toString('utf8');
}

function lostConnection(address: string, cause: unknown): IntramurosError {
  return new IntramurosError(
    'egress_failed',
    `The server at ${address} does not answer (${(cause as Error).message}). Is it running? "intramuros serve" starts one.`,
    { cause, facts: { host: address } },
  );
}

/** The failure that an error body of any dialect tells. */
export function toError(status: number, text: string): IntramurosError {
  let body: Record<string, unknown> = {};
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) body = value as Record<string, unknown>;
  } catch {
    // no JSON: something else than our server answered, and the status is all there is to tell
  }
  const inner = (typeof body.error === 'object' && body.error !== null ? body.error : body) as Record<string, unknown>;
  const code = (errorCodes as readonly unknown[]).includes(inner.code) ? (inner.code as ErrorCode) : 'internal';
  const words = [inner.detail, inner.message, inner.title].find((value) => typeof value === 'string' && value !== '');
  const facts = typeof inner.facts === 'object' && inner.facts !== null ? (inner.facts as Record<string, string>) : {};
  return new IntramurosError(code, typeof words === 'string' ? words : `The server answered with status ${status}.`, {
    facts,
  });
}
