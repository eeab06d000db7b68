import type { ChatMessage } from '../../engine/index.ts';
import { type EventFrame, EventFrames } from '../wire/event-frames.ts';
import { unsupported, upstreamFailed } from '../wire/failure.ts';
import { refuseUnmeantPrefill, systemText, toFinish } from './anthropic.ts';
import { signBedrock } from './bedrock-sign.ts';
import { asObject, asText, jsonRequest, type Piece, type ReplyReader, type WireKind } from './kind.ts';
import { toVector } from './openai.ts';
import { inStream, parseEvent } from './openai-reader.ts';
import { compact, refuseBeyond, refuseSampling } from './refusals.ts';

const eventStream = 'application/vnd.amazon.eventstream';
const modelPath = (name: string): string => `/model/${encodeURIComponent(name)}`;

/** Amazon Bedrock: Converse with its binary stream, and invoke for Titan's embeddings. */
export const bedrockKind: WireKind = {
  streamTypes: [eventStream],
  generate: (request, { model }) => {
    refuseBeyond(request, 'bedrock', ['continue']);
    refuseSampling(request, 'bedrock', ['temperature', 'topP']);
    if (request.prompt.kind === 'chat' && request.prompt.thinking) throw unsupported('thinking', 'bedrock');
    refuseUnmeantPrefill(request, 'bedrock');
    const messages = request.prompt.kind === 'chat' ? request.prompt.messages : [];
    const system = systemText(messages);
    const inferenceConfig = compact({
      maxTokens: request.maxTokens,
      temperature: request.sampling?.temperature,
      topP: request.sampling?.topP,
      stopSequences: request.stop && request.stop.length > 0 ? request.stop : undefined,
    });
    const body = {
      ...(system === '' ? {} : { system: [{ text: system }] }),
      messages: toTurns(messages),
      inferenceConfig,
    };
    return jsonRequest(`${modelPath(model.name)}/converse-stream`, body, { accept: eventStream });
  },
  read: () => new BedrockReader(),
  embed: (inputs, { model }) => {
    if (!model.name.includes('titan-embed'))
      throw unsupported('input', 'bedrock', 'Embeddings are served by the Titan models only');
    return inputs.map((input) => {
      if (typeof input !== 'string') throw unsupported('input', 'bedrock', 'Send text');
      return jsonRequest(`${modelPath(model.name)}/invoke`, { inputText: input }, { accept: 'application/json' });
    });
  },
  readEmbeddings: (body) => {
    const reply = asObject(body);
    return { vectors: [toVector(reply?.embedding)], promptTokens: reply?.inputTextTokenCount };
  },
  models: undefined,
  readModels: () => [],
  sign: signBedrock,
};

/** Turns must alternate: neighbours of one role become one. */
function toTurns(messages: readonly ChatMessage[]) {
  const turns: { role: string; content: { text: string }[] }[] = [];
  for (const { role, content } of messages.filter((message) => message.role !== 'system')) {
    const last = turns.at(-1);
    if (last?.role === role) last.content.push({ text: content });
    else turns.push({ role, content: [{ text: content }] });
  }
  return turns;
}

/** Whole when `messageStop` came. */
class BedrockReader implements ReplyReader {
  readonly #frames = new EventFrames();
  #stopped = false;

  push(chunk: Buffer, pieces: Piece[]): void {
    this.#frames.push(chunk, (frame) => this.#take(frame, pieces));
  }

  end(_pieces: Piece[]): void {
    this.#frames.end();
    if (!this.#stopped)
      throw upstreamFailed('broken_stream', 'The upstream’s stream ended before the answer did: no messageStop came.');
  }

  #take({ headers, body }: EventFrame, pieces: Piece[]): void {
    if (headers[':message-type'] !== 'event') throw toException(headers, body);
    const fields = parseEvent(body.toString('utf8'));
    switch (headers[':event-type']) {
      case 'contentBlockDelta': {
        const delta = asObject(fields.delta);
        const [thinking, text] = [asText(asObject(delta?.reasoningContent)?.text), asText(delta?.text)];
        if (thinking !== '') pieces.push({ type: 'delta', choice: 0, kind: 'thinking', text: thinking });
        if (text !== '') pieces.push({ type: 'delta', choice: 0, kind: 'text', text });
        break;
      }
      case 'messageStop':
        this.#stopped = true;
        pieces.push(toFinish(asText(fields.stopReason)));
        break;
      case 'metadata':
        pieces.push({ type: 'usage', usage: toUsage(asObject(fields.usage) ?? {}) });
    }
  }
}

function toException(headers: EventFrame['headers'], body: Buffer): Error {
  const name = headers[':exception-type'] ?? headers[':error-code'] ?? 'error';
  let told: unknown = headers[':error-message'];
  try {
    told ??= asObject(JSON.parse(body.toString('utf8')))?.message;
  } catch {
    // an exception without a JSON body says no more than its name
  }
  return inStream({ message: `${name}: ${asText(told)}` });
}

const count = (value: unknown): number => (typeof value === 'number' ? value : 0);

function toUsage(usage: Readonly<Record<string, unknown>>) {
  const cached = usage.cacheReadInputTokens;
  const promptTokens =
    typeof usage.inputTokens === 'number'
      ? usage.inputTokens + count(cached) + count(usage.cacheWriteInputTokens)
      : undefined;
  return { promptTokens, cachedPromptTokens: cached, completionTokens: usage.outputTokens };
}
