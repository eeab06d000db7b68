import { createHash } from 'node:crypto';
import { setImmediate as breathe, setTimeout as sleep } from 'node:timers/promises';
import { IntramurosError } from '../../src/base/index.ts';
import type { ChatMessage } from '../../src/engine/index.ts';

export interface EchoToken {
  readonly token: number;
  readonly text: string;
  readonly bytes: readonly number[];
}

/** A tokenizer that knows words: each run of spaces with the word after it is one token, numbered when first seen. */
export class WordTokenizer {
  readonly #ids = new Map<string, number>();
  readonly #words: string[] = [];

  encode(text: string): readonly number[] {
    return (text.match(/\s*\S+|\s+$/gu) ?? []).map((word) => {
      const known = this.#ids.get(word);
      if (known !== undefined) return known;
      this.#ids.set(word, this.#words.length);
      return this.#words.push(word) - 1;
    });
  }

  word(token: number): string {
    const word = this.#words[token];
    if (word !== undefined) return word;
    throw new IntramurosError('invalid_request', `There is no token ${token} in this vocabulary.`, {
      facts: { token },
    });
  }

  decode(tokens: readonly number[]): string {
    return tokens.map((token) => this.word(token)).join('');
  }

  describe(token: number): EchoToken {
    const text = this.word(token);
    return { token, text, bytes: [...Buffer.from(text)] };
  }

  get size(): number {
    return this.#words.length;
  }
}

/** Passes text on, but never a stop sequence nor what may become one: that is held until the next words decide. */
export class StopFilter {
  readonly #stops: readonly string[];
  #held = '';
  constructor(stops: readonly string[]) {
    this.#stops = stops.filter((stop) => stop !== '');
  }

  push(text: string): { readonly text: string; readonly stopped?: string } {
    this.#held += text;
    const hits = this.#stops.map((stop) => ({ stop, at: this.#held.indexOf(stop) })).filter(({ at }) => at >= 0);
    const first = hits.sort((a, b) => a.at - b.at)[0];
    if (first) {
      const before = this.#held.slice(0, first.at);
      this.#held = '';
      return { text: before, stopped: first.stop };
    }
    const keep = Math.max(0, ...this.#stops.map((stop) => overlap(this.#held, stop)));
    const ready = this.#held.slice(0, this.#held.length - keep);
    this.#held = this.#held.slice(this.#held.length - keep);
    return { text: ready };
  }

  flush(): string {
    const rest = this.#held;
    this.#held = '';
    return rest;
  }
}

/** Length of the longest end of `text` that begins `stop`. */
function overlap(text: string, stop: string): number {
  for (let length = Math.min(text.length, stop.length - 1); length > 0; length -= 1) {
    if (stop.startsWith(text.slice(-length))) return length;
  }
  return 0;
}

/** A bag of words as a vector of length one: texts that share words are near each other. */
export function bagOfWords(text: string, dimensions = 64): Float32Array {
  const vector = new Float32Array(dimensions);
  for (const word of text.toLowerCase().match(/\p{L}+|\p{N}+/gu) ?? ['']) {
    const digest = createHash('sha256').update(word).digest();
    const at = digest.readUInt32LE(0) % dimensions;
    vector[at] = (vector[at] ?? 0) + 1;
  }
  const length = Math.hypot(...vector) || 1;
  return vector.map((value) => value / length);
}

/** The prompt of the echo's own chat template. */
export function script(messages: readonly ChatMessage[]): string {
  return `${messages.map(({ role, content }) => `${role}: ${content}\n`).join('')}assistant:`;
}

/** Waits, or throws the signal's own reason. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await (ms > 0 ? sleep(ms, undefined, { signal }) : breathe()).catch(() => {});
  signal.throwIfAborted();
}

/** Keeps the last prompts of a key, and tells how many tokens of this one were in a prompt before it. */
export function remember(seen: Map<string, (readonly number[])[]>, key: string, prompt: readonly number[]): number {
  const before = seen.get(key) ?? [];
  const shared = before.map((other) => {
    const at = other.findIndex((token, index) => token !== prompt[index]);
    return at < 0 ? other.length : at;
  });
  seen.set(key, [...before.slice(-15), prompt]);
  // The last token is always computed: its logits choose the first token of the answer.
  return Math.max(0, Math.min(prompt.length - 1, Math.max(0, ...shared)));
}
