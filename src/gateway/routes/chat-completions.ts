import { ask, begun } from '../answering.ts';
import { ChatCompletion, ChatCompletionChunk, toChatChunks, toChatCompletion } from '../dialects/openai/chat-reply.ts';
import { ChatCompletionRequest, toRequest } from '../dialects/openai/chat-request.ts';
import { fingerprint, isUpstream, resolveModel } from '../dialects/openai/common.ts';
import { endpoint } from '../http/endpoint.ts';
import { openAiKeepAlive, tryRelay } from '../relaying.ts';

/** Failures that any generation may meet. */
export const generationErrors = [
  'unsupported_parameter',
  'destination_denied',
  'quota_exceeded',
  'forbidden',
  'policy_unavailable',
  'audit_unavailable',
  'upstream_failed',
  'upstream_timeout',
  'upstream_unavailable',
  'model_not_found',
  'model_unusable',
  'context_exceeded',
  'model_load_failed',
  'memory_insufficient',
  'queue_full',
  'engine_crashed',
  'engine_unavailable',
] as const;

export const createChatCompletion = endpoint({
  operationId: 'chat.completions.create',
  method: 'POST',
  path: '/v1/chat/completions',
  tag: 'OpenAI',
  summary: {
    en: 'Answers a conversation, whole or as a stream.',
    fr: 'Répond à une conversation, d’un bloc ou au fil de l’eau.',
  },
  dialect: 'openai',
  body: ChatCompletionRequest,
  replies: { 200: ChatCompletion },
  events: ChatCompletionChunk,
  errors: generationErrors,
  async handle({ body }, context) {
    const model = await resolveModel(context.rooms, body.model, 'chat');
    const about = { path: '/chat/completions', action: 'infer', operation: 'chat' } as const;
    const relayed = isUpstream(model) && (await tryRelay(model, body, about, context));
    if (relayed) return relayed;
    const request = toRequest(body, model);
    const head = {
      model: model.id,
      fingerprint: fingerprint(model),
      choices: request.choices ?? 1,
      logprobs: body.logprobs === true,
    };
    const asked = ask(request, 'chat', context);
    if (!body.stream) return { json: await toChatCompletion(asked.events, head), headers: asked.headers() };
    const includeUsage = body.stream_options?.include_usage === true;
    return {
      stream: toChatChunks(await begun(asked.events), { ...head, includeUsage }),
      headers: asked.headers(),
      contentType: 'text/event-stream',
      keepAlive: openAiKeepAlive,
    };
  },
});
