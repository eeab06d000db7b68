import type { Conversation, Message } from '../../conversations/index.ts';
import type { Event } from '../../flows/index.ts';
import type { ServerClient } from '../http/client.ts';

/** What a chat in the terminal remembers; the conversation itself is on the server, where the page shows it too. */
export class ChatSession {
  readonly client: ServerClient;
  readonly sampling: Readonly<Record<string, number>>;
  model: string;
  showThinking = false;
  showFigures = false;
  #conversation: string | undefined;
  #leaf: string | undefined;
  #question: string | undefined;
  #run: string | undefined;

  constructor(
    client: ServerClient,
    options: { readonly model: string; readonly sampling: Readonly<Record<string, number>> },
  ) {
    this.client = client;
    this.model = options.model;
    this.sampling = options.sampling;
  }

  get conversationId(): string | undefined {
    return this.#conversation;
  }

  /** Starts anew at the next question. */
  reset(): void {
    [this.#conversation, this.#leaf, this.#question] = [undefined, undefined, undefined];
  }

  /** Goes on with a conversation where it was left, and returns the messages of that branch, oldest first. */
  async open(id: string): Promise<readonly Message[]> {
    const conversation = await this.client.call<Conversation>('GET', `/api/conversations/${id}`);
    const { messages } = await this.client.call<{ messages: Message[] }>('GET', `/api/conversations/${id}/messages`);
    const branch = branchTo(conversation.activeLeafId ?? messages.at(-1)?.id, messages);
    this.#conversation = id;
    this.#leaf = branch.at(-1)?.id;
    this.#question = branch.findLast(({ role }) => role === 'user')?.id;
    return branch;
  }

  list(): Promise<{ readonly conversations: readonly Conversation[] }> {
    return this.client.call('GET', '/api/conversations?limit=20');
  }

  /** Asks, and streams the events of the answer. */
  async *ask(content: string): AsyncGenerator<Event, void, undefined> {
    this.#conversation ??= (
      await this.client.call<Conversation>('POST', '/api/conversations', { model: this.model })
    ).id;
    yield* this.#answer({ kind: 'ask', parentId: this.#leaf ?? null, content, model: this.model });
  }

  /** Answers the last question once more; `undefined` when there is none. */
  regenerate(): AsyncGenerator<Event, void, undefined> | undefined {
    if (this.#question === undefined) return undefined;
    return this.#answer({ kind: 'regenerate', messageId: this.#question, model: this.model });
  }

  /** Goes on with the last answer; `undefined` when there is none. */
  goOn(): AsyncGenerator<Event, void, undefined> | undefined {
    if (this.#leaf === undefined || this.#leaf === this.#question) return undefined;
    return this.#answer({ kind: 'continue', messageId: this.#leaf });
  }

  /** Stops the engine; the stream then ends with what was answered so far. */
  async stop(): Promise<void> {
    if (this.#run !== undefined) await this.client.call('DELETE', `/api/runs/${this.#run}`);
  }

  async rename(title: string): Promise<void> {
    await this.client.call('PATCH', `/api/conversations/${this.#conversation}`, { title });
  }

  exportText(format: 'markdown' | 'json'): Promise<string> {
    return this.client.text('GET', `/api/conversations/${this.#conversation}/export?format=${format}`);
  }

  async *#answer(body: Record<string, unknown>): AsyncGenerator<Event, void, undefined> {
    const sampling = Object.keys(this.sampling).length > 0 ? { sampling: this.sampling } : {};
    const path = `/api/conversations/${this.#conversation}/answers`;
    try {
      for await (const { event: name, data } of this.client.events('POST', path, { ...body, ...sampling })) {
        if (name === 'error') throw this.client.failure(data);
        const event = JSON.parse(data) as Event;
        this.#run = event.by.run;
        if (event.t === 'note' && event.kind === 'stored') {
          this.#leaf = event.data.messageId;
          this.#question = event.data.userMessageId ?? this.#question;
        }
        yield event;
      }
    } finally {
      this.#run = undefined;
    }
  }
}

/** The messages from the root to a leaf. */
export function branchTo(leaf: string | undefined, messages: readonly Message[]): readonly Message[] {
  const byId = new Map(messages.map((message) => [message.id, message]));
  const branch: Message[] = [];
  for (let at = leaf; at !== undefined && at !== null; ) {
    const message = byId.get(at);
    if (message === undefined) break;
    branch.unshift(message);
    at = message.parentId;
  }
  return branch;
}
