import type { ThinkingSplitter } from '../template/index.ts';
import type { TokenLogprob } from '../types.ts';
import { StopMatcher } from './stop-matcher.ts';

/** A piece of an answer that may be shown. */
export interface TextDelta {
  readonly kind: 'text' | 'thinking';
  readonly text: string;
  readonly tokens: number;
  readonly logprobs: readonly TokenLogprob[];
}

export interface PushResult {
  readonly deltas: readonly TextDelta[];
  /** The stop sequence that ended the answer. */
  readonly stopped: string | undefined;
}

interface PendingToken {
  /** Where its text begins, in characters of the answer. */
  readonly start: number;
  readonly logprob: TokenLogprob | undefined;
}

type Pieces = ReturnType<ThinkingSplitter['push']>;

/**
 * Turns the tokens of one answer into text: joins characters that are split between tokens, tells thinking from
 * answer, and stops at stop sequences, which only count in the answer. Holds back no more than it must.
 */
export class AnswerText {
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  readonly #stops: StopMatcher;
  readonly #splitter: ThinkingSplitter | undefined;
  #pending: PendingToken[] = [];
  #decoded = 0;
  #emitted = 0;

  constructor(options: { readonly stops: readonly string[]; readonly splitter: ThinkingSplitter | undefined }) {
    this.#stops = new StopMatcher(options.stops);
    this.#splitter = options.splitter;
  }

  push(bytes: Uint8Array, logprob: TokenLogprob | undefined): PushResult {
    const text = this.#decoder.decode(bytes, { stream: true });
    this.#pending.push({ start: this.#decoded, logprob });
    this.#decoded += text.length;
    return this.#pass(this.#splitter ? this.#splitter.push(text) : [{ kind: 'text', text }]);
  }

  /** What is still held back. The rest of a character that never became whole is dropped. */
  finish(): PushResult {
    const { deltas, stopped } = this.#pass(this.#splitter?.flush() ?? []);
    const rest = stopped === undefined ? this.#stops.flush() : '';
    return { deltas: rest === '' ? deltas : [...deltas, this.#delta('text', rest)], stopped };
  }

  #pass(pieces: Pieces): PushResult {
    const deltas: TextDelta[] = [];
    for (const piece of pieces) {
      const { text, stopped } =
        piece.kind === 'text' ? this.#stops.push(piece.text) : { text: piece.text, stopped: undefined };
      if (text !== '') deltas.push(this.#delta(piece.kind, text));
      if (stopped !== undefined) return { deltas, stopped };
    }
    return { deltas, stopped: undefined };
  }

  #delta(kind: 'text' | 'thinking', text: string): TextDelta {
    this.#emitted += text.length;
    // Tags that a splitter takes out shift positions: there, all that came so far belongs to this piece.
    const next = this.#splitter ? -1 : this.#pending.findIndex(({ start }) => start >= this.#emitted);
    const tokens = this.#pending.splice(0, next < 0 ? this.#pending.length : next);
    const logprobs = tokens.flatMap(({ logprob }) => (logprob ? [logprob] : []));
    return { kind, text, tokens: tokens.length, logprobs };
  }
}
