import type { Client } from '../api/client.ts';
import { toProblemBody } from '../api/problem.ts';
import type { Conversation, ProblemBody } from '../api/wire.ts';
import { Observable } from './emitter.ts';

export interface ListState {
  readonly query: string;
  readonly conversations: readonly Conversation[];
  readonly nextCursor: string | null;
  readonly loading: boolean;
  readonly loaded: boolean;
  readonly problem: ProblemBody | undefined;
  /** The conversation whose row asks whether to delete it. */
  readonly removing: string | undefined;
}

const pageSize = 60;
const searchDelayMs = 180;

/** The list of conversations and its search. A newer question to the server overtakes an older one. */
export class ListStore {
  readonly state = new Observable<ListState>({
    query: '',
    conversations: [],
    nextCursor: null,
    loading: false,
    loaded: false,
    problem: undefined,
    removing: undefined,
  });
  readonly #client: Client;
  #asking: AbortController | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(client: Client) {
    this.#client = client;
  }

  #patch(patch: Partial<ListState>): void {
    this.state.set({ ...this.state.get(), ...patch });
  }

  /** Searches as the person types, once they pause. */
  search(query: string): void {
    this.#patch({ query, loading: true });
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.refresh(), searchDelayMs);
  }

  async refresh(): Promise<void> {
    await this.#read(undefined);
  }
  async more(): Promise<void> {
    const { nextCursor, loading } = this.state.get();
    if (nextCursor && !loading) await this.#read(nextCursor);
  }

  async #read(cursor: string | undefined): Promise<void> {
    this.#asking?.abort();
    const asking = new AbortController();
    this.#asking = asking;
    const q = this.state.get().query.trim();
    this.#patch({ loading: true });
    try {
      const { conversations, nextCursor } = await this.#client.conversations(
        { limit: pageSize, ...(q ? { q } : {}), ...(cursor ? { cursor } : {}) },
        { signal: asking.signal },
      );
      if (asking.signal.aborted) return;
      const before = cursor ? this.state.get().conversations : [];
      this.#patch({
        conversations: [...before, ...conversations],
        nextCursor: nextCursor ?? null,
        loading: false,
        loaded: true,
        problem: undefined,
      });
    } catch (error) {
      if (!asking.signal.aborted) this.#patch({ loading: false, loaded: true, problem: toProblemBody(error) });
    }
  }

  find = (id: string): Conversation | undefined => this.state.get().conversations.find((one) => one.id === id);

  /** Puts a conversation at the top, or in place of what was known of it. */
  put(conversation: Conversation): void {
    const rest = this.state.get().conversations.filter(({ id }) => id !== conversation.id);
    this.#patch({ conversations: [conversation, ...rest] });
  }
  patch(id: string, patch: Partial<Conversation>): void {
    const conversations = this.state.get().conversations.map((one) => (one.id === id ? { ...one, ...patch } : one));
    this.#patch({ conversations });
  }

  askToRemove(id: string | undefined): void {
    this.#patch({ removing: id });
  }

  async rename(id: string, title: string): Promise<void> {
    this.patch(id, await this.#client.changeConversation(id, { title }));
  }
  async remove(id: string): Promise<void> {
    await this.#client.deleteConversation(id);
    this.#patch({ conversations: this.state.get().conversations.filter((one) => one.id !== id) });
  }
}
