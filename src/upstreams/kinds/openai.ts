import type { GenerateRequest, SamplingOptions } from '../../engine/index.ts';
import { unsupported, upstreamFailed } from '../wire/failure.ts';
import {
  asArray,
  asObject,
  asText,
  type Embeddings,
  getRequest,
  jsonRequest,
  type Target,
  type WireKind,
} from './kind.ts';
import { OpenAiReader } from './openai-reader.ts';
import { type Ability, compact, refuseBeyond, refuseSampling } from './refusals.ts';

const standardSampling: readonly (keyof SamplingOptions)[] = [
  'temperature',
  'topP',
  'frequencyPenalty',
  'presencePenalty',
  'seed',
  'logitBias',
];
const extendedSampling = [...standardSampling, 'topK', 'minP', 'repeatPenalty'] as const;

/** Chat completions, completions and embeddings as OpenAI defined them and others serve them. */
export const openAiKind: WireKind = {
  streamTypes: ['text/event-stream'],
  generate: (request, target) => {
    refuse(request, target);
    const { prompt } = request;
    const common = commonFields(request, target);
    if (prompt.kind === 'chat') {
      const messages = prompt.messages.map(({ role, content }) => ({ role, content }));
      return jsonRequest('/chat/completions', { messages, ...common, ...chatFields(request, target) });
    }
    const text = prompt.kind === 'text' ? prompt.text : prompt.tokens;
    return jsonRequest('/completions', {
      prompt: text,
      ...common,
      ...compact({ max_tokens: request.maxTokens, logprobs: request.logprobs }),
    });
  },
  read: (request) => new OpenAiReader(request.prompt.kind === 'chat' ? 'chat' : 'text', request.choices ?? 1),
  embed: (inputs, { model }) => [
    jsonRequest('/embeddings', { model: model.name, input: inputs, encoding_format: 'float' }),
  ],
  readEmbeddings,
  models: getRequest('/models'),
  readModels: (body) => {
    const data = asObject(body)?.data;
    if (!Array.isArray(data)) throw upstreamFailed('not_the_api', 'The reply to GET /models is no list of models.');
    return data.map((entry) => ({ name: asText(asObject(entry)?.id) })).filter(({ name }) => name !== '');
  },
  sign: (_call, { apiKey }): Record<string, string> =>
    apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` },
};

function refuse(request: GenerateRequest, { flavour }: Target): void {
  const extended = flavour === 'vllm' || flavour === 'llama-server';
  const able: Ability[] = ['choices', 'logprobs', 'text', 'tokens'];
  if (extended) able.push('ignoreEndOfText');
  if (flavour === 'vllm') able.push('continue');
  const kind = `openai (${flavour})`;
  refuseBeyond(request, kind, able);
  const more = flavour === 'llama-server' ? (['repeatLastN'] as const) : [];
  refuseSampling(request, kind, extended ? [...extendedSampling, ...more] : standardSampling);
  if (
    request.prompt.kind === 'chat' &&
    request.prompt.thinking !== undefined &&
    flavour === 'compatible' &&
    !request.prompt.thinking
  )
    throw unsupported('thinking', kind, 'Leave it out, or declare which server it is (flavour)');
}

function commonFields(request: GenerateRequest, { model, flavour, cacheSalt }: Target): Record<string, unknown> {
  const { sampling: s = {} } = request;
  const extended = flavour === 'vllm' || flavour === 'llama-server';
  return compact({
    model: model.name,
    stream: true,
    stream_options: { include_usage: true },
    temperature: s.temperature,
    top_p: s.topP,
    frequency_penalty: s.frequencyPenalty,
    presence_penalty: s.presencePenalty,
    seed: s.seed,
    logit_bias: s.logitBias && Object.keys(s.logitBias).length > 0 ? s.logitBias : undefined,
    stop: request.stop && request.stop.length > 0 ? request.stop : undefined,
    n: (request.choices ?? 1) > 1 ? request.choices : undefined,
    ...(extended ? { top_k: s.topK, min_p: s.minP, ignore_eos: request.ignoreEndOfText || undefined } : {}),
    ...(flavour === 'vllm' ? { repetition_penalty: s.repeatPenalty, cache_salt: cacheSalt } : {}),
    ...(flavour === 'llama-server' ? { repeat_penalty: s.repeatPenalty, repeat_last_n: s.repeatLastN } : {}),
  });
}

function chatFields(request: GenerateRequest, { flavour }: Target): Record<string, unknown> {
  const { prompt, maxTokens, logprobs } = request;
  if (prompt.kind !== 'chat') return {};
  const extended = flavour === 'vllm' || flavour === 'llama-server';
  return compact({
    [flavour === 'openai' ? 'max_completion_tokens' : 'max_tokens']: maxTokens,
    ...(logprobs === undefined ? {} : { logprobs: true, top_logprobs: logprobs }),
    ...(extended && prompt.thinking !== undefined
      ? { chat_template_kwargs: { enable_thinking: prompt.thinking } }
      : {}),
    ...(flavour === 'openai' && prompt.thinking === false ? { reasoning_effort: 'none' } : {}),
    ...(prompt.continueLast ? { continue_final_message: true, add_generation_prompt: false } : {}),
  });
}

function readEmbeddings(body: unknown): Embeddings {
  const reply = asObject(body);
  const data = asArray(reply?.data).map(asObject);
  const vectors = [...data]
    .sort((a, b) => Number(a?.index ?? 0) - Number(b?.index ?? 0))
    .map((entry) => toVector(entry?.embedding));
  return { vectors, promptTokens: asObject(reply?.usage)?.prompt_tokens };
}

/** @throws {IntramurosError} `upstream_failed` for anything but a list of finite numbers. */
export function toVector(value: unknown): Float32Array {
  if (Array.isArray(value) && value.length > 0 && value.every((number) => Number.isFinite(number)))
    return Float32Array.from(value);
  throw upstreamFailed('not_the_api', 'The upstream answered with an embedding that is no list of numbers.');
}
