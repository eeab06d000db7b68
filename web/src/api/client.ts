import { ApiProblem, problemOf } from './problem.ts';
import { readFrames } from './sse.ts';
import type {
  ActiveRun,
  AnswerRequest,
  CatalogueEntry,
  Conversation,
  InstalledModel,
  Message,
  PullEvent,
  Run,
  RunEvent,
  Status,
} from './wire.ts';
import type { Choices, Label, LabelInfo, Proposal, Session, Who } from './wire-policy.ts';

/** One event of a run with its place in the run, by which a cut stream is taken up again. */
export interface Numbered {
  readonly offset: number;
  readonly event: RunEvent;
}
export interface OpenRun {
  readonly runId: string | undefined;
  readonly events: AsyncGenerator<Numbered, void, undefined>;
}
type Options = { readonly signal?: AbortSignal };

const path = encodeURIComponent;

/** The page's only way to the server: same origin, native contract. */
export class Client {
  readonly #base: string;
  #key: string | undefined;
  /** Told of every reply that wants to know who asks. */
  onUnauthorized: (() => void) | undefined;
  constructor(options: { readonly base?: string; readonly key?: string | undefined } = {}) {
    this.#base = options.base ?? '';
    this.#key = options.key;
  }

  /** Uses an API key from here on; asked of the person when the server wants one. */
  setKey(key: string | undefined): void {
    this.#key = key;
  }

  async #send(method: string, url: string, body?: unknown, options: Options = {}): Promise<Response> {
    const headers: Record<string, string> = { accept: 'application/json, text/event-stream, application/problem+json' };
    if (body !== undefined) headers['content-type'] = 'application/json';
    if (this.#key) headers.authorization = `Bearer ${this.#key}`;
    let reply: Response;
    try {
      reply = await fetch(this.#base + url, {
        method,
        headers,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        ...(options.signal ? { signal: options.signal } : {}),
      });
    } catch (error) {
      if (options.signal?.aborted) throw options.signal.reason;
      throw new ApiProblem('unreachable', error instanceof Error ? error.message : String(error), {});
    }
    if (!reply.ok) {
      const problem = await problemOf(reply);
      if (problem.code === 'unauthorized') this.onUnauthorized?.();
      throw problem;
    }
    return reply;
  }
  async #json<T>(method: string, url: string, body?: unknown, options?: Options): Promise<T> {
    const reply = await this.#send(method, url, body, options);
    return (await reply.json()) as T;
  }
  async #nothing(method: string, url: string, body?: unknown): Promise<void> {
    await (await this.#send(method, url, body)).arrayBuffer();
  }
  /** For the pages that are loaded when they are opened, and know their part of the contract themselves. */
  ask<T>(method: string, url: string, body?: unknown, options?: Options): Promise<T> {
    return this.#json<T>(method, url, body, options);
  }
  tell(method: string, url: string, body?: unknown): Promise<void> {
    return this.#nothing(method, url, body);
  }
  async file(url: string): Promise<Blob> {
    return (await this.#send('GET', url)).blob();
  }

  session = (): Promise<Session> => this.#json('GET', '/api/session');
  signIn = (body: { name: string; password: string }): Promise<Who> => this.#json('POST', '/api/session', body);
  signOut = (): Promise<void> => this.#nothing('DELETE', '/api/session');
  labels = (): Promise<LabelInfo> => this.#json('GET', '/api/labels');
  choices(query: { conversation?: string; label?: string }, options?: Options): Promise<Choices> {
    const search = new URLSearchParams(query);
    return this.#json('GET', `/api/choices?${search}`, undefined, options);
  }
  proposeLabel = (body: { conversationId: string; to: Label; reason: string }): Promise<Proposal> =>
    this.#json('POST', '/api/labels/proposals', body);
  async proposals(state: 'open' | 'all'): Promise<readonly Proposal[]> {
    return (await this.#json<{ proposals: Proposal[] }>('GET', `/api/proposals?state=${state}`)).proposals;
  }

  status = (options?: Options): Promise<Status> => this.#json('GET', '/api/status', undefined, options);

  async models(options?: Options): Promise<readonly InstalledModel[]> {
    return (await this.#json<{ models: InstalledModel[] }>('GET', '/api/models', undefined, options)).models;
  }
  async catalogue(options?: Options): Promise<readonly CatalogueEntry[]> {
    return (await this.#json<{ entries: CatalogueEntry[] }>('GET', '/api/catalogue', undefined, options)).entries;
  }
  removeModel = (id: string): Promise<void> => this.#nothing('DELETE', `/api/models/${path(id)}`);
  unloadModel = (id: string): Promise<void> => this.#nothing('POST', `/api/models/${path(id)}/unload`);

  async *fetchModel(reference: string, options: Options): AsyncGenerator<PullEvent, void, undefined> {
    for await (const { data } of this.#stream('POST', '/api/models/fetch', { reference }, options))
      yield data as PullEvent;
  }
  async *loadModel(id: string, options: Options): AsyncGenerator<{ progress: number }, void, undefined> {
    for await (const { event, data } of this.#stream('POST', `/api/models/${path(id)}/load`, {}, options))
      if (event === 'progress') yield data as { progress: number };
  }
  async *optimizeModel(id: string, options: Options): AsyncGenerator<Record<string, unknown>, void, undefined> {
    for await (const { data } of this.#stream('POST', `/api/models/${path(id)}/optimize`, {}, options))
      yield data as Record<string, unknown>;
  }

  conversations(query: { q?: string; limit?: number; cursor?: string }, options?: Options) {
    const search = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value));
    return this.#json<{ conversations: Conversation[]; nextCursor: string | null }>(
      'GET',
      `/api/conversations?${search}`,
      undefined,
      options,
    );
  }
  createConversation = (body: { title?: string; model?: string }): Promise<Conversation> =>
    this.#json('POST', '/api/conversations', body);
  conversation = (id: string): Promise<Conversation> => this.#json('GET', `/api/conversations/${path(id)}`);
  changeConversation = (
    id: string,
    body: { title?: string; model?: string; activeLeafId?: string },
  ): Promise<Conversation> => this.#json('PATCH', `/api/conversations/${path(id)}`, body);
  deleteConversation = (id: string): Promise<void> => this.#nothing('DELETE', `/api/conversations/${path(id)}`);
  messages = (id: string): Promise<{ messages: Message[]; activeRuns: ActiveRun[] }> =>
    this.#json('GET', `/api/conversations/${path(id)}/messages`);
  deleteMessage = (id: string, messageId: string): Promise<void> =>
    this.#nothing('DELETE', `/api/conversations/${path(id)}/messages/${path(messageId)}`);
  async exportConversation(id: string, format: 'markdown' | 'json'): Promise<Blob> {
    return (await this.#send('GET', `/api/conversations/${path(id)}/export?format=${format}`)).blob();
  }

  run = (id: string): Promise<Run> => this.#json('GET', `/api/runs/${path(id)}`);
  stopRun = (id: string): Promise<void> => this.#nothing('DELETE', `/api/runs/${path(id)}`);

  async answer(conversationId: string, body: AnswerRequest, options: Options): Promise<OpenRun> {
    const reply = await this.#send('POST', `/api/conversations/${path(conversationId)}/answers`, body, options);
    return { runId: reply.headers.get('x-intramuros-run') ?? undefined, events: numbered(reply, 0) };
  }
  async resume(runId: string, from: number, options: Options): Promise<OpenRun> {
    const reply = await this.#send('GET', `/api/runs/${path(runId)}/events?from=${from}`, undefined, options);
    return { runId, events: numbered(reply, from) };
  }

  async *#stream(
    method: string,
    url: string,
    body: unknown,
    options: Options,
  ): AsyncGenerator<{ event: string; data: unknown }, void, undefined> {
    const reply = await this.#send(method, url, body, options);
    for await (const frame of readFrames(bodyOf(reply))) {
      const data: unknown = JSON.parse(frame.data);
      if (frame.event === 'error') {
        const problem = data as { code?: string; detail?: string; message?: string; facts?: Record<string, unknown> };
        throw new ApiProblem(problem.code ?? 'unreadable', problem.detail ?? problem.message ?? '', {
          facts: problem.facts ?? {},
        });
      }
      yield { event: frame.event, data };
    }
  }
}

async function* numbered(reply: Response, from: number): AsyncGenerator<Numbered, void, undefined> {
  let next = from;
  for await (const frame of readFrames(bodyOf(reply))) {
    const offset = frame.id === undefined ? next : Number(frame.id);
    next = offset + 1;
    yield { offset, event: JSON.parse(frame.data) as RunEvent };
  }
}

/** The body as an async iterable: not every browser lets `for await` read a ReadableStream. */
async function* bodyOf(reply: Response): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = reply.body?.getReader();
  if (!reader) return;
  try {
    for (;;) {
      const { done, value } = await reader.read().catch(lost);
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => undefined); // already closed, or aborted by us: nothing is left to let go
  }
}

/** A body that breaks off is a server that cannot be reached, as one that never answered. */
function lost(error: unknown): never {
  if (error instanceof DOMException && error.name === 'AbortError') throw error;
  throw new ApiProblem('unreachable', error instanceof Error ? error.message : String(error), {});
}
