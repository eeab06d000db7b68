import type { TokenAlternative, TokenLogprob } from '../../engine/index.ts';
import { upstreamFailed } from '../wire/failure.ts';
import { ServerEvents, type ServerSentEvent } from '../wire/server-events.ts';
import { asArray, asObject, asText, type Piece, type ReplyReader } from './kind.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Reads a streamed chat completion or completion. It is whole when every choice has its finish_reason. */
export class OpenAiReader implements ReplyReader {
  readonly #form: 'chat' | 'text';
  readonly #open: Set<number>;
  readonly #events = new ServerEvents();
  #done = false;

  constructor(form: 'chat' | 'text', choices: number) {
    this.#form = form;
    this.#open = new Set(Array.from({ length: choices }, (_, at) => at));
  }

  push(chunk: Buffer, pieces: Piece[]): void {
    this.#events.push(chunk, (event) => this.#take(event, pieces));
  }

  end(pieces: Piece[]): void {
    this.#events.end((event) => this.#take(event, pieces));
    if (this.#open.size > 0)
      throw upstreamFailed(
        'broken_stream',
        'The upstream’s stream ended before the answer did: no finish_reason came.',
      );
  }

  #take({ data }: ServerSentEvent, pieces: Piece[]): void {
    if (this.#done) return; // nothing counts behind [DONE]
    if (data === '[DONE]') this.#done = true;
    else this.#read(parseEvent(data), pieces);
  }

  #read(event: Fields, pieces: Piece[]): void {
    if (event.error !== undefined && event.error !== null) throw inStream(event.error);
    for (const choice of asArray(event.choices)) {
      const fields = asObject(choice);
      if (fields !== undefined) this.#readChoice(fields, pieces);
    }
    const usage = asObject(event.usage);
    if (usage !== undefined) pieces.push({ type: 'usage', usage: toldUsage(usage) });
  }

  #readChoice(fields: Fields, pieces: Piece[]): void {
    const choice = typeof fields.index === 'number' ? fields.index : 0;
    if (!this.#open.has(choice)) return; // a choice that was not asked for, or that has finished
    const delta = asObject(fields.delta) ?? {};
    const thinking = asText(delta.reasoning_content) || asText(delta.reasoning);
    const text = this.#form === 'chat' ? asText(delta.content) : asText(fields.text);
    const logprobs = readLogprobs(fields.logprobs);
    if (thinking !== '')
      pieces.push({ type: 'delta', choice, kind: 'thinking', text: thinking, ...(text === '' ? logprobs : {}) });
    if (text !== '') pieces.push({ type: 'delta', choice, kind: 'text', text, ...logprobs });
    if (typeof fields.finish_reason !== 'string' || fields.finish_reason === '') return;
    this.#open.delete(choice);
    const stopSequence = typeof fields.stop_reason === 'string' ? { stopSequence: fields.stop_reason } : {};
    pieces.push({ type: 'finish', choice, reason: toReason(fields.finish_reason), ...stopSequence });
  }
}

/** @throws {IntramurosError} `upstream_failed` for the reasons that are no proper end of a text. */
function toReason(reason: string): 'stop' | 'length' {
  if (reason === 'length' || reason === 'max_tokens') return 'length';
  if (reason === 'content_filter')
    throw upstreamFailed('content_filter', 'The upstream withheld the answer: its content filter stopped it.');
  if (reason === 'error') throw upstreamFailed('in_stream', 'The upstream said that the answer failed.');
  return 'stop';
}

function toldUsage(usage: Fields) {
  return {
    promptTokens: usage.prompt_tokens,
    cachedPromptTokens: asObject(usage.prompt_tokens_details)?.cached_tokens,
    completionTokens: usage.completion_tokens,
    thinkingTokens: asObject(usage.completion_tokens_details)?.reasoning_tokens,
  };
}

/** The JSON object of an event. @throws {IntramurosError} `upstream_failed` for anything else. */
export function parseEvent(data: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch (error) {
    throw upstreamFailed('not_the_api', 'The upstream sent an event that is not JSON.', {}, error);
  }
  const fields = asObject(value);
  if (fields !== undefined) return fields;
  throw upstreamFailed('not_the_api', 'The upstream sent an event that is no JSON object.');
}

/** An error that came inside a stream with status 200. Its words are put in by whoever knows what was sent. */
export function inStream(error: unknown): Error {
  const fields = asObject(error);
  const told = asText(fields?.message) || asText(error);
  return Object.assign(upstreamFailed('in_stream', 'The upstream reported an error in the middle of its answer.'), {
    told,
  });
}

/** Both forms: `content` of chat, and the lists of the older completions. */
function readLogprobs(value: unknown): { logprobs?: readonly TokenLogprob[] } {
  const fields = asObject(value);
  if (fields === undefined) return {};
  if (Array.isArray(fields.content))
    return { logprobs: fields.content.map((entry) => toLogprob(asObject(entry) ?? {})) };
  const tokens = asArray(fields.tokens);
  if (tokens.length === 0) return {};
  const [own, top] = [asArray(fields.token_logprobs), asArray(fields.top_logprobs)];
  const logprobs = tokens.map((token, at) => ({
    ...toAlternative({ token, logprob: own[at] }),
    top: Object.entries(asObject(top[at]) ?? {}).map(([text, logprob]) => toAlternative({ token: text, logprob })),
  }));
  return { logprobs };
}

/** `token` is -1: another tokenizer's numbers mean nothing here. */
function toAlternative(entry: Fields): TokenAlternative {
  const text = asText(entry.token);
  const bytes = Array.isArray(entry.bytes) ? (entry.bytes as number[]) : [...Buffer.from(text)];
  return { token: -1, text, bytes, logprob: typeof entry.logprob === 'number' ? entry.logprob : Number.NaN };
}

export function toLogprob(entry: Fields): TokenLogprob {
  return {
    ...toAlternative(entry),
    top: asArray(entry.top_logprobs).map((each) => toAlternative(asObject(each) ?? {})),
  };
}
