import type { Client } from '../api/client.ts';
import { ApiProblem, toProblemBody } from '../api/problem.ts';
import type { ProblemBody } from '../api/wire.ts';
import type { Choices, Label, LabelInfo, Proposal } from '../api/wire-policy.ts';
import { joined, labelText, sameLabel } from '../text/label.ts';
import { Observable } from './emitter.ts';

/** What is known of one conversation's label before its next question is sent. */
export interface LabelView {
  readonly choices: Choices | undefined;
  /** What the person adds for the next question; nothing is lost by taking it back before. */
  readonly raised: Label | undefined;
  /** The conversation's label without it: what can only be lowered by two. */
  readonly floor: Label | undefined;
  readonly problem: ProblemBody | undefined;
}
export interface LabelState {
  readonly info: LabelInfo | undefined;
  readonly views: ReadonlyMap<string, LabelView>;
  /** Requests to lower a label that wait for a second pair of eyes. */
  readonly pending: readonly Proposal[];
  /** False for a server without labels. */
  readonly present: boolean;
}

const empty: LabelView = { choices: undefined, raised: undefined, floor: undefined, problem: undefined };
/** The key of a conversation that has not begun. */
export const unbegun = 'new';

/** The labels of conversations and what they let answer, always from the server's policy. */
export class LabelStore {
  readonly state = new Observable<LabelState>({ info: undefined, views: new Map(), pending: [], present: true });
  readonly #client: Client;
  readonly #asking = new Map<string, AbortController>();

  constructor(client: Client) {
    this.#client = client;
  }

  view = (id: string | undefined): LabelView => this.state.get().views.get(id ?? unbegun) ?? empty;

  #patch(id: string | undefined, patch: Partial<LabelView>): void {
    const state = this.state.get();
    const views = new Map(state.views).set(id ?? unbegun, { ...this.view(id), ...patch });
    this.state.set({ ...state, views });
  }

  /** Asks what may receive the conversation's next question; a newer question to the server overtakes an older one. */
  async read(id: string | undefined): Promise<void> {
    if (!this.state.get().present) return;
    const key = id ?? unbegun;
    this.#asking.get(key)?.abort();
    const asking = new AbortController();
    this.#asking.set(key, asking);
    const { raised } = this.view(id);
    try {
      const query = { ...(id ? { conversation: id } : {}), ...(raised ? { label: labelText(raised) } : {}) };
      const choices = await this.#client.choices(query, { signal: asking.signal });
      if (!asking.signal.aborted)
        this.#patch(id, { choices, problem: undefined, ...(raised ? {} : { floor: choices.label }) });
    } catch (error) {
      if (asking.signal.aborted) return;
      if (error instanceof ApiProblem && error.status === 404 && error.code === 'not_found')
        this.state.set({ ...this.state.get(), present: false });
      else this.#patch(id, { problem: toProblemBody(error) });
    }
  }

  /** The levels, mentions and compartments that a person may choose among. */
  async readInfo(): Promise<void> {
    const info = await this.#client.labels();
    this.state.set({ ...this.state.get(), info });
  }

  async raise(id: string | undefined, raised: Label | undefined): Promise<void> {
    this.#patch(id, { raised });
    await this.read(id);
  }

  /** A conversation began: what was raised for it is its own now. */
  adopt(id: string): void {
    this.#patch(id, this.view(undefined));
    this.#patch(undefined, empty);
  }
  /** The server stored the question with its label. */
  settled(id: string): void {
    this.#patch(id, { raised: undefined });
    void this.read(id);
  }

  async readPending(): Promise<void> {
    const pending = (await this.#client.proposals('open')).filter(({ kind }) => kind === 'label');
    this.state.set({ ...this.state.get(), pending });
  }

  /** Asks for a lower label. Applied at once only where four eyes are not asked for. */
  async proposeLower(conversationId: string, to: Label, reason: string): Promise<Proposal> {
    const proposal = await this.#client.proposeLabel({ conversationId, to, reason });
    if (proposal.state === 'open') {
      const state = this.state.get();
      this.state.set({ ...state, pending: [...state.pending.filter(({ id }) => id !== proposal.id), proposal] });
    }
    await this.read(conversationId);
    return proposal;
  }
}

/** The conversation that a request to lower is about. */
export function conversationOf(proposal: Proposal): string | undefined {
  const detail = proposal.detail as { conversationId?: unknown } | null;
  return typeof detail?.conversationId === 'string' ? detail.conversationId : undefined;
}

/** The next question's label: what the person chose holds at once, before the server has said what may receive it. */
export function labelOf({ choices, raised, floor }: LabelView): Label | undefined {
  if (!raised) return choices?.label ?? floor;
  return floor ? joined(floor, raised) : raised;
}

/** What may receive the next question, once the server said so for the label that it has now. */
export function currentChoices(view: LabelView): Choices | undefined {
  const [label, { choices }] = [labelOf(view), view];
  return label && choices && sameLabel(choices.label, label) ? choices : undefined;
}
