import type { GenerateRequest, SamplingOptions } from '../../engine/index.ts';
import { unsupported, upstreamFailed } from '../wire/failure.ts';
import { LineSplitter } from '../wire/lines.ts';
import {
  asArray,
  asObject,
  asText,
  type FoundModel,
  getRequest,
  jsonRequest,
  type Piece,
  type ReplyReader,
  type Target,
  type WireKind,
} from './kind.ts';
import { toVector } from './openai.ts';
import { inStream, parseEvent } from './openai-reader.ts';
import { compact, refuseBeyond, refuseSampling } from './refusals.ts';

const able: readonly (keyof SamplingOptions)[] = [
  'temperature',
  'topK',
  'topP',
  'minP',
  'repeatPenalty',
  'repeatLastN',
  'frequencyPenalty',
  'presencePenalty',
  'seed',
];

/** Context asked for when the declaration of a model names none: Ollama's own default cuts long prompts in silence. */
export const ollamaContextTokens = 8192;

/** Ollama's own API: one JSON object a line. */
export const ollamaKind: WireKind = {
  streamTypes: ['application/x-ndjson', 'application/json'],
  generate: (request, target) => {
    refuseBeyond(request, 'ollama', ['text']);
    refuseSampling(request, 'ollama', able);
    const { prompt } = request;
    const common = { model: target.model.name, stream: true, options: toOptions(request, target) };
    if (prompt.kind === 'text') return jsonRequest('/api/generate', { ...common, prompt: prompt.text, raw: true });
    if (prompt.kind !== 'chat') throw unsupported('prompt', 'ollama');
    const messages = prompt.messages.map(({ role, content, thinking }) => compact({ role, content, thinking }));
    // truncate and shift false: a prompt that does not fit is an error instead of a silent cut.
    return jsonRequest(
      '/api/chat',
      compact({ ...common, messages, think: prompt.thinking, truncate: false, shift: false }),
    );
  },
  read: () => new OllamaReader(),
  embed: (inputs, { model }) => {
    if (inputs.some((input) => typeof input !== 'string')) throw unsupported('input', 'ollama', 'Send text');
    return [jsonRequest('/api/embed', { model: model.name, input: inputs, truncate: false })];
  },
  readEmbeddings: (body) => {
    const reply = asObject(body);
    return { vectors: asArray(reply?.embeddings).map(toVector), promptTokens: reply?.prompt_eval_count };
  },
  models: getRequest('/api/tags'),
  readModels: (body) => {
    const models = asObject(body)?.models;
    if (!Array.isArray(models)) throw upstreamFailed('not_the_api', 'The reply to GET /api/tags is no list of models.');
    return models.map((entry) => toFound(asObject(entry) ?? {})).filter(({ name }) => name !== '');
  },
  sign: (_call, { apiKey }): Record<string, string> =>
    apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` },
};

/** A cloud model of an Ollama host is computed elsewhere: it says so, or its name does. */
export const isOllamaCloudName = (name: string): boolean => /[:-]cloud$/.test(name);

export function toFound(entry: Readonly<Record<string, unknown>>): FoundModel {
  const remoteHost = asText(entry.remote_host);
  const name = asText(entry.name) || asText(entry.model);
  return { name, ...(remoteHost === '' ? {} : { remoteHost }) };
}

function toOptions(request: GenerateRequest, { model }: Target): Record<string, unknown> {
  const { sampling: s = {}, maxTokens, stop } = request;
  return compact({
    num_ctx: model.contextTokens ?? ollamaContextTokens,
    num_predict: maxTokens,
    temperature: s.temperature,
    top_k: s.topK,
    top_p: s.topP,
    min_p: s.minP,
    repeat_penalty: s.repeatPenalty,
    repeat_last_n: s.repeatLastN,
    frequency_penalty: s.frequencyPenalty,
    presence_penalty: s.presencePenalty,
    seed: s.seed,
    stop: stop && stop.length > 0 ? stop : undefined,
  });
}

/** Whole when a line said `done: true`. */
class OllamaReader implements ReplyReader {
  readonly #lines = new LineSplitter();
  #done = false;

  push(chunk: Buffer, pieces: Piece[]): void {
    this.#lines.push(chunk, (line) => this.#take(line, pieces));
  }

  end(pieces: Piece[]): void {
    this.#take(this.#lines.end(), pieces);
    if (!this.#done)
      throw upstreamFailed('broken_stream', 'The upstream’s stream ended before the answer did: no "done" came.');
  }

  #take(line: string, pieces: Piece[]): void {
    if (line.trim() === '' || this.#done) return;
    const fields = parseEvent(line);
    if (fields.error !== undefined) throw inStream(fields.error);
    const message = asObject(fields.message) ?? { content: fields.response, thinking: fields.thinking };
    const [thinking, text] = [asText(message.thinking), asText(message.content)];
    if (thinking !== '') pieces.push({ type: 'delta', choice: 0, kind: 'thinking', text: thinking });
    if (text !== '') pieces.push({ type: 'delta', choice: 0, kind: 'text', text });
    if (fields.done !== true) return;
    this.#done = true;
    const usage = { promptTokens: fields.prompt_eval_count, completionTokens: fields.eval_count };
    pieces.push({ type: 'finish', choice: 0, reason: fields.done_reason === 'length' ? 'length' : 'stop' });
    pieces.push({ type: 'usage', usage });
  }
}
