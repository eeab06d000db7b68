import { createHash, type Hash, hash } from 'node:crypto';
import { isIntramurosError } from '../../base/index.ts';
import type { PromptInput } from '../../engine/index.ts';
import type { Keyring } from '../../keyring/index.ts';

/** The sides of an answer that its record commits to. */
export type CommittedPart = 'prompt' | 'answer';

/** What one commitment is about. */
export interface Committed {
  readonly personId: string;
  readonly decisionId: string;
  /**
   * Kept with the content and nowhere in the log, so that whoever erases the content erases the way to open its commitment:
   * the id of the message, or of the run where nothing is kept.
   */
  readonly salt: string;
}

/**
 * Commitments to prompts and answers: SHA-256 of a nonce and the bytes. The nonce is made anew from the person's own key, so
 * that it is stored nowhere, they alone can have it opened, and nobody can once their key is destroyed.
 */
export interface Commitments {
  /** Pseudonym of this installation, for the record. */
  readonly machine: string;
  /** To be waited for before the first commitment for a person. Never throws: without a key there is no commitment. */
  ready(personId: string): Promise<void>;
  /** Begins one; undefined where the person's key is not to be had. */
  begin(about: Committed, part: CommittedPart): Hash | undefined;
  /** 32 bytes; undefined where the person's key is not to be had. */
  nonce(about: Committed, part: CommittedPart): Buffer | undefined;
}

/** @param keyring without one there are no commitments. */
export function openCommitments(
  keyring: Pick<Keyring, 'ready' | 'token'> | undefined,
  { machine }: { readonly machine: string },
): Commitments {
  // Both sides of one answer come from the same tokens, which are drawn once for it.
  const drawn = new WeakMap<Committed, string>();
  const draw = (about: Committed, { token }: { token(word: string): string }): string => {
    // A token is short; five of them are as much as nobody guesses.
    const tokens = [1, 2, 3, 4, 5].map((at) => token(`receipt/${about.decisionId}/${at}`)).join('/');
    drawn.set(about, tokens);
    return tokens;
  };
  const nonce: Commitments['nonce'] = (about, part) => {
    if (!keyring) return undefined;
    try {
      const { personId, salt } = about;
      const tokens = drawn.get(about) ?? draw(about, { token: (word) => keyring.token(personId, word) });
      return hash('sha256', `${tokens}/${salt}/${part}`, 'buffer');
    } catch (error) {
      if (isIntramurosError(error) && /^key_/.test(error.code)) return undefined;
      throw error;
    }
  };
  return {
    machine,
    async ready(personId) {
      try {
        await keyring?.ready(personId);
      } catch (error) {
        if (!isIntramurosError(error)) throw error;
        // the record then says that there is no commitment
      }
    },
    begin(about, part) {
      const secret = nonce(about, part);
      return secret && createHash('sha256').update(secret);
    },
    nonce,
  };
}

/** What is committed to of a prompt: its messages as JSON, its text, or its token ids. */
export function promptBytes(prompt: PromptInput): string {
  if (prompt.kind === 'text') return prompt.text;
  if (prompt.kind === 'tokens') return JSON.stringify(prompt.tokens);
  return JSON.stringify(prompt.messages.map(({ role, content }) => ({ role, content })));
}

/** The same of texts that become vectors. */
export const inputBytes = (inputs: readonly (string | readonly number[])[]): string => JSON.stringify(inputs);
