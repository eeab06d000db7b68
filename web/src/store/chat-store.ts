import type { Client, Numbered, OpenRun } from '../api/client.ts';
import { ApiProblem, toProblemBody } from '../api/problem.ts';
import type { AnswerRequest, ProblemBody } from '../api/wire.ts';
import type { Label } from '../api/wire-policy.ts';
import {
  type ConversationState,
  emptyConversation,
  settleRun,
  withIds,
  withNode,
  withoutMessage,
  withRun,
  withServerMessages,
} from './conversation-state.ts';
import { Observable } from './emitter.ts';
import { failRun, newRun, type StoredData, takeEvent } from './live-run.ts';
import { type ChatNode, leafUnder } from './tree.ts';

type ChatState = ReadonlyMap<string, ConversationState>;

/** What the page wants to hear from the conversations: for announcements, the list, the model facts. */
export interface ChatListener {
  stored(data: StoredData): void;
  started(conversationId: string): void;
  ended(conversationId: string, messageId: string): void;
  /** Facts of a model that events do not carry. */
  modelFacts(id: string): { readonly quantization: string; readonly tuned: boolean } | undefined;
}

interface Options {
  readonly client: Client;
  readonly schedule: (work: () => void) => void;
  readonly listener: ChatListener;
  /** Waits before a lost connection is taken up again. */
  readonly wait?: (attempt: number) => Promise<void>;
}

const reconnections = 8;
const growingWait = (attempt: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, Math.min(250 * 2 ** attempt, 5000)));

/**
 * The conversations that were looked at, and the answers being made in them. Events are gathered and put into the state
 * once a frame; leaving a conversation does not leave its run.
 */
export class ChatStore {
  readonly state = new Observable<ChatState>(new Map());
  readonly #client: Client;
  readonly #schedule: (work: () => void) => void;
  readonly #listener: ChatListener;
  readonly #wait: (attempt: number) => Promise<void>;
  #queue: (() => void)[] = [];
  #local = 0;

  constructor(options: Options) {
    this.#client = options.client;
    this.#schedule = options.schedule;
    this.#listener = options.listener;
    this.#wait = options.wait ?? growingWait;
  }

  conversation = (id: string): ConversationState | undefined => this.state.get().get(id);

  #change(id: string, change: (state: ConversationState) => ConversationState): void {
    const all = this.state.get();
    this.state.set(new Map(all).set(id, change(all.get(id) ?? emptyConversation(id))));
  }

  /** Reads a conversation and takes up the answers that are being made in it. */
  async open(id: string): Promise<void> {
    const known = this.conversation(id);
    if (known && (known.loaded === 'yes' || known.loaded === 'loading')) return;
    await this.reload(id);
  }

  async reload(id: string): Promise<void> {
    this.#change(id, (state) => ({ ...state, loaded: state.loaded === 'yes' ? 'yes' : 'loading' }));
    try {
      const [{ messages, activeRuns }, conversation] = await Promise.all([
        this.#client.messages(id),
        this.#client.conversation(id),
      ]);
      const followed = new Set(this.conversation(id)?.live.keys());
      this.#change(id, (state) =>
        withServerMessages(state, messages, activeRuns, conversation.activeLeafId ?? undefined),
      );
      for (const { runId, messageId } of activeRuns)
        if (!followed.has(messageId)) void this.#follow(id, messageId, () => this.#client.resume(runId, 0, {}));
    } catch (error) {
      this.#change(id, (state) => ({ ...state, loaded: 'failed', problem: toProblemBody(error) }));
    }
  }

  /** A conversation just made: nothing to read. */
  adopt(id: string): void {
    this.#change(id, (state) => ({ ...state, loaded: 'yes' }));
  }
  forget(id: string): void {
    const all = new Map(this.state.get());
    all.delete(id);
    this.state.set(all);
  }

  /** Asks under `parentId`; the question and an empty answer stand on the page at once. */
  ask(
    id: string,
    options: {
      parentId: string | null;
      content: string;
      model?: string | undefined;
      /** Raises the conversation. */
      label?: Label | undefined;
    },
  ): Promise<void> {
    const question = this.#localNode(id, 'user', options.parentId, options.content);
    this.#change(id, (state) => withNode(state, question));
    const { parentId, content, model, label } = options;
    const more = { ...(model ? { model } : {}), ...(label ? { label } : {}) };
    return this.#start(id, question.id, { kind: 'ask', parentId, content, ...more });
  }

  /** Asks for another answer to a question. */
  regenerate(id: string, options: { messageId: string; model?: string | undefined }): Promise<void> {
    const { messageId, model } = options;
    return this.#start(id, messageId, { kind: 'regenerate', messageId, ...(model ? { model } : {}) });
  }

  /** Goes on with an answer that was cut. */
  async continueAnswer(id: string, messageId: string): Promise<void> {
    const node = this.conversation(id)?.nodes.get(messageId);
    if (!node) return;
    this.#change(id, (state) => withRun(state, messageId, newRun({ base: node.content })));
    this.#listener.started(id);
    await this.#follow(id, messageId, () => this.#client.answer(id, { kind: 'continue', messageId }, {}));
  }

  async #start(id: string, questionId: string, body: AnswerRequest): Promise<void> {
    const answer = this.#localNode(id, 'assistant', questionId, '');
    this.#change(id, (state) => withRun({ ...withNode(state, answer), leafId: answer.id }, answer.id, newRun()));
    this.#listener.started(id);
    await this.#follow(id, answer.id, () => this.#client.answer(id, body, {}), questionId);
  }

  #localNode(conversationId: string, role: 'user' | 'assistant', parentId: string | null, content: string): ChatNode {
    this.#local += 1;
    const id = `local:${this.#local}`;
    const status = role === 'user' ? 'complete' : 'generating';
    return { id, key: id, conversationId, role, parentId, content, status, createdAt: new Date().toISOString() };
  }

  /** Reads a run to its end, through any number of lost connections. */
  async #follow(id: string, messageId: string, open: () => Promise<OpenRun>, questionId?: string): Promise<void> {
    const at = { messageId };
    let next = open;
    for (let attempt = 0; ; attempt += 1) {
      try {
        const { runId, events } = await next();
        if (runId) this.#patchRun(id, at.messageId, { runId });
        for await (const numbered of events) {
          attempt = 0;
          await this.#take(id, at, numbered, questionId);
          if (numbered.event.t === 'close') return;
        }
        throw new ApiProblem('unreachable', 'The stream ended before the answer did.', {});
      } catch (error) {
        const runId = this.conversation(id)?.live.get(at.messageId)?.runId;
        const again = error instanceof ApiProblem && error.code === 'unreachable' && runId && attempt < reconnections;
        if (!again) return this.#giveUp(id, at.messageId, error);
        this.#patchRun(id, at.messageId, { reconnecting: true });
        await this.#wait(attempt);
        next = () => this.#client.resume(runId, this.conversation(id)?.live.get(at.messageId)?.next ?? 0, {});
      }
    }
  }

  #patchRun(
    id: string,
    messageId: string,
    patch: { runId?: string; reconnecting?: boolean; stopping?: boolean },
  ): void {
    const run = this.conversation(id)?.live.get(messageId);
    if (run) this.#change(id, (state) => withRun(state, messageId, { ...run, ...patch }));
  }

  /** Puts one event in line for the next frame. What changes ids or ends the run is waited for; text is not. */
  #take(id: string, at: { messageId: string }, { offset, event }: Numbered, questionId?: string): Promise<void> | void {
    const apply = (): void => {
      const run = this.conversation(id)?.live.get(at.messageId);
      if (!run) return;
      const after = takeEvent(run, offset, event, Date.now());
      this.#change(id, (state) => withRun(state, at.messageId, after));
      if (after.stored && after.stored !== run.stored) this.#nameMessages(id, at, after.stored, questionId);
      if (after.stopping && !run.runId && after.runId) void this.stop(id, at.messageId);
      if (after.phase.kind === 'closed') this.#settle(id, at.messageId);
    };
    if (event.t === 'text' || event.t === 'think') {
      this.#enqueue(apply);
      return;
    }
    return new Promise((resolve) => {
      this.#enqueue(() => {
        apply();
        resolve();
      });
    });
  }

  #enqueue(work: () => void): void {
    this.#queue.push(work);
    if (this.#queue.length === 1) this.#schedule(() => this.#flush());
  }
  #flush(): void {
    const queue = this.#queue;
    this.#queue = [];
    this.state.batch(() => {
      for (const work of queue) work();
    });
  }

  #nameMessages(id: string, at: { messageId: string }, stored: StoredData, questionId: string | undefined): void {
    const ids = new Map([[at.messageId, stored.messageId]]);
    if (questionId && stored.userMessageId) ids.set(questionId, stored.userMessageId);
    this.#change(id, (state) => withIds(state, ids));
    at.messageId = stored.messageId;
    const state = this.conversation(id);
    const [node, run] = [state?.nodes.get(at.messageId), state?.live.get(at.messageId)];
    if (node && run && run.base === '' && stored.baseLength)
      this.#change(id, (now) => withRun(now, at.messageId, { ...run, base: node.content.slice(0, stored.baseLength) }));
    this.#listener.stored(stored);
  }

  #giveUp(id: string, messageId: string, error: unknown): void {
    const run = this.conversation(id)?.live.get(messageId);
    if (!run) return;
    // The server forgot the run, or the answer ended while we were away: its messages say how.
    if (error instanceof ApiProblem && error.code === 'run_not_found') {
      this.#change(id, (state) => {
        const live = new Map(state.live);
        live.delete(messageId);
        return { ...state, live };
      });
      void this.reload(id);
      return;
    }
    this.#change(id, (state) => withRun(state, messageId, failRun(run, toProblemBody(error))));
    this.#settle(id, messageId);
  }

  #settle(id: string, messageId: string): void {
    const model = this.conversation(id)?.live.get(messageId)?.model;
    const facts = model ? this.#listener.modelFacts(model) : undefined;
    const run = this.conversation(id)?.live.get(messageId);
    this.#change(id, (state) => settleRun(state, messageId, facts));
    this.#listener.ended(id, messageId);
    // The server's record is the whole one: it knows what came before us, and what a distant answer cost.
    if (run?.resumed || (run?.routed && run.routed.tier !== 'embedded' && !run.error)) void this.reload(id);
  }

  /** Stops the engine; the text so far stays. */
  async stop(id: string, messageId: string): Promise<void> {
    const run = this.conversation(id)?.live.get(messageId);
    if (!run) return;
    this.#patchRun(id, messageId, { stopping: true });
    if (!run.runId) return; // told as soon as the run has a name
    try {
      await this.#client.stopRun(run.runId);
    } catch (error) {
      if (error instanceof ApiProblem && error.code === 'run_not_found') return; // it had ended by itself
      this.#patchRun(id, messageId, { stopping: false });
      throw error;
    }
  }

  /** Shows another branch, and remembers it. */
  switchTo(id: string, messageId: string): void {
    const nodes = this.conversation(id)?.nodes;
    if (!nodes) return;
    const leafId = leafUnder(nodes, messageId);
    this.#change(id, (state) => ({ ...state, leafId }));
    // Only a convenience for the next visit: what is shown now does not depend on it.
    if (!leafId.startsWith('local:'))
      this.#client.changeConversation(id, { activeLeafId: leafId }).catch(() => undefined);
  }

  async deleteMessage(id: string, messageId: string): Promise<ProblemBody | undefined> {
    try {
      if (!messageId.startsWith('local:')) await this.#client.deleteMessage(id, messageId);
      this.#change(id, (state) => withoutMessage(state, messageId));
      return undefined;
    } catch (error) {
      return toProblemBody(error);
    }
  }
}
