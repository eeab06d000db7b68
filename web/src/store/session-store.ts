import type { Client } from '../api/client.ts';
import { ApiProblem, toProblemBody } from '../api/problem.ts';
import type { ProblemBody } from '../api/wire.ts';
import type { Session } from '../api/wire-policy.ts';
import { Observable } from './emitter.ts';

export interface SessionState {
  readonly session: Session | undefined;
  readonly problem: ProblemBody | undefined;
  /** True from the moment the server no longer knows a session in use; the page stays, a sign-in stands over it. */
  readonly expired: boolean;
}

/** A server that has no accounts: whoever is here may do all that it offers. */
const withoutAccounts: Session = {
  mode: 'single',
  canSetUp: false,
  who: null,
  signIn: { password: false, ldap: false, oidc: [] },
};

/** Who is at the page, and what they may do. */
export class SessionStore {
  readonly state = new Observable<SessionState>({ session: undefined, problem: undefined, expired: false });
  readonly #client: Client;
  readonly #startAgain: () => void;
  #reading: Promise<void> | undefined;

  constructor(client: Client, options: { readonly startAgain: () => void }) {
    this.#client = client;
    this.#startAgain = options.startAgain;
  }

  #patch(patch: Partial<SessionState>): void {
    this.state.set({ ...this.state.get(), ...patch });
  }

  async refresh(): Promise<void> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    await this.#reading;
  }

  async #read(): Promise<void> {
    try {
      const session = await this.#client.session();
      const before = this.state.get().session;
      // A session that ended under a person's hands: what they see and wrote stays until they are back.
      if (session.mode === 'accounts' && !session.who && before?.who) this.#patch({ expired: true });
      else this.#patch({ session, problem: undefined, expired: false });
    } catch (error) {
      if (error instanceof ApiProblem && error.code === 'not_found') this.#patch({ session: withoutAccounts });
      else this.#patch({ problem: toProblemBody(error) });
    }
  }

  /** @throws {ApiProblem} `sign_in_failed` and others, for the form to show. */
  async signIn(name: string, password: string): Promise<void> {
    const who = await this.#client.signIn({ name, password });
    const before = this.state.get().session?.who;
    // Another person's pages must not stay in this one's memory.
    if (before && before.id !== who.id) this.#startAgain();
    else await this.refresh();
  }

  async signOut(): Promise<void> {
    await this.#client.signOut();
    this.#startAgain();
  }

  can = (right: string): boolean => this.state.get().session?.who?.rights.includes(right) ?? false;
}
