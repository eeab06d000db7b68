import type { ChatMessage, GenerateRequest } from '../../engine/index.ts';
import { unsupported, upstreamFailed } from '../wire/failure.ts';
import { ServerEvents, type ServerSentEvent } from '../wire/server-events.ts';
import { asObject, asText, getRequest, jsonRequest, type Piece, type ReplyReader, type WireKind } from './kind.ts';
import { openAiKind } from './openai.ts';
import { inStream, parseEvent } from './openai-reader.ts';
import { compact, refuseBeyond, refuseSampling } from './refusals.ts';

const version = { 'anthropic-version': '2023-06-01' };
/** Most tokens of an answer whose request names no limit: this API insists on one. */
const usualMaxTokens = 4096;
const leastThinkingTokens = 1024;

/** Anthropic's messages. */
export const anthropicKind: WireKind = {
  streamTypes: ['text/event-stream'],
  generate: (request, { model }) => {
    refuseBeyond(request, 'anthropic', ['continue']);
    refuseSampling(request, 'anthropic', ['temperature', 'topK', 'topP']);
    if ((request.sampling?.temperature ?? 0) > 1)
      throw unsupported('temperature', 'anthropic', 'It goes from 0 to 1 there');
    const max_tokens = request.maxTokens ?? usualMaxTokens;
    const body = {
      model: model.name,
      stream: true,
      max_tokens,
      ...toConversation(request, 'anthropic'),
      temperature: request.sampling?.temperature,
      top_k: request.sampling?.topK || undefined,
      top_p: request.sampling?.topP,
      stop_sequences: request.stop && request.stop.length > 0 ? request.stop : undefined,
      thinking: toThinking(request, max_tokens),
    };
    return jsonRequest('/v1/messages', compact(body), version);
  },
  read: () => new AnthropicReader(),
  embed: () => {
    throw unsupported('input', 'anthropic', 'This API has no embeddings; ask another model');
  },
  readEmbeddings: () => {
    throw unsupported('input', 'anthropic', 'This API has no embeddings; ask another model');
  },
  models: getRequest('/v1/models?limit=1000', version),
  readModels: openAiKind.readModels,
  sign: (_call, { apiKey }): Record<string, string> => (apiKey === undefined ? {} : { 'x-api-key': apiKey }),
};

/** System text apart; the rest as turns. What an assistant thought is not sent back: it would need its signature. */
function toConversation(request: GenerateRequest, kind: string) {
  const messages = request.prompt.kind === 'chat' ? request.prompt.messages : [];
  const system = systemText(messages);
  const turns = messages.filter(({ role }) => role !== 'system').map(({ role, content }) => ({ role, content }));
  refuseUnmeantPrefill(request, kind);
  return { ...(system === '' ? {} : { system }), messages: turns };
}

export function systemText(messages: readonly ChatMessage[]): string {
  return messages
    .filter(({ role }) => role === 'system')
    .map(({ content }) => content)
    .join('\n\n');
}

/** These APIs go on with a last message of the assistant, which is something else than answering it. */
export function refuseUnmeantPrefill({ prompt }: GenerateRequest, kind: string): void {
  if (prompt.kind !== 'chat') return;
  if (prompt.messages.at(-1)?.role === 'assistant' && !prompt.continueLast)
    throw unsupported('messages', kind, 'The last message must be of the user, or be continued');
}

function toThinking({ prompt }: GenerateRequest, maxTokens: number) {
  if (prompt.kind !== 'chat' || !prompt.thinking) return undefined;
  if (maxTokens <= leastThinkingTokens)
    throw unsupported('thinking', 'anthropic', `It needs more than ${leastThinkingTokens} tokens (max_tokens)`);
  return { type: 'enabled', budget_tokens: Math.max(leastThinkingTokens, Math.floor(maxTokens / 2)) };
}

/** Whole when `message_stop` came. */
class AnthropicReader implements ReplyReader {
  readonly #events = new ServerEvents();
  #usage: Readonly<Record<string, unknown>> = {};
  #stopped = false;

  push(chunk: Buffer, pieces: Piece[]): void {
    this.#events.push(chunk, (event) => this.#take(event, pieces));
  }

  end(pieces: Piece[]): void {
    this.#events.end((event) => this.#take(event, pieces));
    if (!this.#stopped)
      throw upstreamFailed('broken_stream', 'The upstream’s stream ended before the answer did: no message_stop came.');
  }

  #take({ event: name, data }: ServerSentEvent, pieces: Piece[]): void {
    if (this.#stopped || name === 'ping') return;
    const fields = parseEvent(data);
    const type = asText(fields.type) || name;
    if (type === 'error') throw inStream(fields.error);
    if (type === 'message_start') this.#count(asObject(fields.message)?.usage);
    else if (type === 'content_block_start') readBlock(asObject(fields.content_block), pieces);
    else if (type === 'content_block_delta') readBlock(asObject(fields.delta), pieces);
    else if (type === 'message_delta') {
      this.#count(fields.usage);
      const delta = asObject(fields.delta);
      if (typeof delta?.stop_reason === 'string') pieces.push(toFinish(delta.stop_reason, asText(delta.stop_sequence)));
    } else if (type === 'message_stop') {
      this.#stopped = true;
      pieces.push({ type: 'usage', usage: toUsage(this.#usage) });
    }
  }

  #count(usage: unknown): void {
    const told = Object.entries(asObject(usage) ?? {}).filter(([, value]) => value !== null);
    this.#usage = { ...this.#usage, ...Object.fromEntries(told) };
  }
}

function readBlock(block: Readonly<Record<string, unknown>> | undefined, pieces: Piece[]): void {
  const [thinking, text] = [asText(block?.thinking), asText(block?.text)];
  if (thinking !== '') pieces.push({ type: 'delta', choice: 0, kind: 'thinking', text: thinking });
  if (text !== '') pieces.push({ type: 'delta', choice: 0, kind: 'text', text });
}

/** Also of Amazon's Converse, which took these words over. */
export function toFinish(reason: string, stopSequence = ''): Piece {
  if (['refusal', 'guardrail_intervened', 'content_filtered'].includes(reason))
    throw upstreamFailed('content_filter', `The upstream withheld the answer (${reason}).`);
  const length = reason === 'max_tokens' || reason === 'model_context_window_exceeded';
  const stopped = reason === 'stop_sequence' && stopSequence !== '' ? { stopSequence } : {};
  return { type: 'finish', choice: 0, reason: length ? 'length' : 'stop', ...stopped };
}

const count = (value: unknown): number => (typeof value === 'number' ? value : 0);

/** What was read from a cache or written to it is not in `input_tokens`. */
function toUsage(usage: Readonly<Record<string, unknown>>) {
  const cached = usage.cache_read_input_tokens;
  const promptTokens =
    typeof usage.input_tokens === 'number'
      ? usage.input_tokens + count(cached) + count(usage.cache_creation_input_tokens)
      : undefined;
  return { promptTokens, cachedPromptTokens: cached, completionTokens: usage.output_tokens };
}
