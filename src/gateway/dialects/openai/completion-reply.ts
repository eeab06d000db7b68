import { z } from 'zod';
import { newId } from '../../../base/index.ts';
import type { TokenLogprob } from '../../../engine/index.ts';
import type { Event } from '../../../flows/index.ts';
import { closing } from '../../answering.ts';
import { done } from './chat-reply.ts';
import { finishReason, finite, toUsage, Usage } from './common.ts';

const CompletionLogprobs = z
  .object({
    tokens: z.array(z.string()),
    token_logprobs: z.array(z.number().nullable()),
    top_logprobs: z.array(z.record(z.string(), z.number()).nullable()),
    text_offset: z.array(z.int()),
  })
  .meta({ id: 'CompletionLogprobs' });
type Logprobs = z.output<typeof CompletionLogprobs>;

const choiceShape = { index: z.int(), text: z.string(), logprobs: CompletionLogprobs.nullable() };
const head = {
  id: z.string(),
  object: z.literal('text_completion'),
  created: z.int(),
  model: z.string(),
  system_fingerprint: z.string(),
};
export const Completion = z
  .object({
    ...head,
    choices: z.array(z.object({ ...choiceShape, finish_reason: z.enum(['stop', 'length']) })),
    usage: Usage,
  })
  .meta({ id: 'Completion' });
export const CompletionChunk = z
  .object({
    ...head,
    choices: z.array(z.object({ ...choiceShape, finish_reason: z.enum(['stop', 'length']).nullable() })),
    usage: Usage.nullable().optional(),
  })
  .meta({ id: 'CompletionChunk' });

/** An event of the answer to one of the prompts. */
export interface PromptEvent {
  readonly prompt: number;
  readonly event: Event;
}

/** What the reply needs to know of the request. */
export interface CompletionHead {
  readonly model: string;
  readonly fingerprint: string;
  /** Choices of each prompt. */
  readonly choices: number;
  readonly logprobs: boolean;
  /** Text of each prompt to begin its choices with; empty without `echo`. */
  readonly echo: readonly string[];
  readonly prompts: number;
}

interface Piece {
  readonly index: number;
  readonly text: string;
  readonly logprobs: Logprobs | null;
  readonly finish: 'stop' | 'length' | null;
}

/** Turns events of several prompts into pieces of choices, keeping each choice's offset. */
class Choices {
  readonly #head: CompletionHead;
  readonly #offsets: number[];
  #usage = { promptTokens: 0, cachedPromptTokens: 0, completionTokens: 0, thinkingTokens: 0 };
  constructor(head: CompletionHead) {
    this.#head = head;
    this.#offsets = new Array(head.prompts * head.choices).fill(0);
  }

  get usage(): z.output<typeof Usage> {
    return toUsage(this.#usage);
  }

  take({ prompt, event }: PromptEvent): readonly Piece[] {
    const { choices, logprobs, echo } = this.#head;
    if (event.t === 'note' && event.kind === 'prompt' && echo.length > 0) {
      const tokens = logprobs ? (event.data.tokens ?? []) : [];
      return Array.from({ length: choices }, (_, choice) =>
        this.#piece(prompt * choices + choice, echo[prompt] ?? '', tokens),
      );
    }
    // A text completion has no place for thinking: what a model thinks here is text like any other.
    if (event.t === 'text' || event.t === 'think')
      return [this.#piece(prompt * choices + event.choice, event.s, event.t === 'text' ? (event.lp ?? []) : [])];
    if (event.t === 'finish')
      return [{ index: prompt * choices + event.choice, text: '', logprobs: null, finish: finishReason(event.why) }];
    if (event.t === 'close') {
      const { use } = closing(event);
      this.#usage.promptTokens += use.promptTokens;
      this.#usage.cachedPromptTokens += use.cachedPromptTokens;
      this.#usage.completionTokens += use.completionTokens;
      this.#usage.thinkingTokens += use.thinkingTokens;
    }
    return [];
  }

  #piece(index: number, text: string, tokens: readonly TokenLogprob[]): Piece {
    const offset = this.#offsets[index] ?? 0;
    this.#offsets[index] = offset + text.length;
    return { index, text, logprobs: this.#head.logprobs ? toLogprobs(tokens, offset) : null, finish: null };
  }
}

function toLogprobs(tokens: readonly TokenLogprob[], offset: number): Logprobs {
  let at = offset;
  const result: Logprobs = { tokens: [], token_logprobs: [], top_logprobs: [], text_offset: [] };
  for (const { text, logprob, top } of tokens) {
    const unknown = Number.isNaN(logprob); // the first token of a prompt: nothing precedes it
    result.tokens.push(text);
    result.token_logprobs.push(unknown ? null : finite(logprob));
    result.top_logprobs.push(
      unknown ? null : Object.fromEntries(top.map((other) => [other.text, finite(other.logprob)])),
    );
    result.text_offset.push(at);
    at += text.length;
  }
  return result;
}

const seconds = (): number => Math.floor(Date.now() / 1000);

/** The whole completion in one object. */
export async function toCompletion(
  events: AsyncIterable<PromptEvent>,
  about: CompletionHead,
): Promise<z.output<typeof Completion>> {
  const choices = new Choices(about);
  const texts = Array.from({ length: about.prompts * about.choices }, (_, index) => ({
    index,
    text: '',
    logprobs: about.logprobs ? toLogprobs([], 0) : null,
    finish_reason: 'stop' as 'stop' | 'length',
  }));
  for await (const event of events) {
    for (const piece of choices.take(event)) {
      const whole = texts[piece.index];
      if (!whole) continue;
      whole.text += piece.text;
      if (piece.finish) whole.finish_reason = piece.finish;
      if (whole.logprobs && piece.logprobs) append(whole.logprobs, piece.logprobs);
    }
  }
  return {
    id: newId('cmpl'),
    object: 'text_completion',
    created: seconds(),
    model: about.model,
    system_fingerprint: about.fingerprint,
    choices: texts,
    usage: choices.usage,
  };
}

function append(whole: Logprobs, piece: Logprobs): void {
  whole.tokens.push(...piece.tokens);
  whole.token_logprobs.push(...piece.token_logprobs);
  whole.top_logprobs.push(...piece.top_logprobs);
  whole.text_offset.push(...piece.text_offset);
}

/** The completion as server-sent chunks; the constant part of the frames is rendered once. */
export async function* toCompletionChunks(
  events: AsyncIterable<PromptEvent>,
  about: CompletionHead & { readonly includeUsage: boolean },
): AsyncGenerator<string> {
  const before = `data: {"id":"${newId('cmpl')}","object":"text_completion","created":${seconds()},"model":${JSON.stringify(about.model)},"system_fingerprint":"${about.fingerprint}","choices":[`;
  const after = about.includeUsage ? '],"usage":null}\n\n' : ']}\n\n';
  const choices = new Choices(about);
  for await (const event of events) {
    for (const { index, text, logprobs, finish } of choices.take(event)) {
      const rest = `"logprobs":${logprobs ? JSON.stringify(logprobs) : 'null'},"finish_reason":${finish ? `"${finish}"` : 'null'}`;
      yield `${before}{"index":${index},"text":${JSON.stringify(text)},${rest}}${after}`;
    }
  }
  if (about.includeUsage) yield `${before}],"usage":${JSON.stringify(choices.usage)}}\n\n`;
  yield done;
}
