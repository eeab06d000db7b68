import type { GenerateRequest } from '../../engine/index.ts';
import { ask, begun } from '../answering.ts';
import { fingerprint, resolveModel } from '../dialects/openai/common.ts';
import {
  Completion,
  CompletionChunk,
  type PromptEvent,
  toCompletion,
  toCompletionChunks,
} from '../dialects/openai/completion-reply.ts';
import { CompletionRequest, toGenerations } from '../dialects/openai/completion-request.ts';
import { endpoint, type RequestContext } from '../http/endpoint.ts';
import { asMissing } from '../http/missing.ts';
import { merge } from '../merge.ts';
import { generationErrors, openAiKeepAlive } from './chat-completions.ts';

/** Texts of the prompts, for `echo`. */
function promptTexts(requests: readonly GenerateRequest[], context: RequestContext): Promise<readonly string[]> {
  return Promise.all(
    requests.map(async ({ model, prompt }) => {
      if (prompt.kind === 'text') return prompt.text;
      return prompt.kind === 'tokens' ? context.rooms.engine.detokenize({ model, tokens: prompt.tokens }) : '';
    }),
  );
}

/** Asks all prompts at once; the engine's queue decides which run together. */
async function askAll(
  requests: readonly GenerateRequest[],
  context: RequestContext,
): Promise<AsyncIterable<PromptEvent>> {
  const sources = await Promise.all(requests.map((request) => begun(ask(request, 'text_completion', context))));
  return (async function* tag(): AsyncGenerator<PromptEvent> {
    for await (const [prompt, event] of merge(sources)) yield { prompt, event };
  })();
}

export const createCompletion = endpoint({
  operationId: 'completions.create',
  method: 'POST',
  path: '/v1/completions',
  tag: 'OpenAI',
  summary: { en: 'Continues texts or token ids.', fr: 'Prolonge des textes ou des suites de jetons.' },
  dialect: 'openai',
  body: CompletionRequest,
  replies: { 200: Completion },
  events: CompletionChunk,
  errors: ['not_found', ...generationErrors],
  async handle({ body }, context) {
    const model = await resolveModel(context.rooms, body.model, 'completion');
    const requests = toGenerations(body, model, context.caller);
    const about = {
      model: model.id,
      fingerprint: fingerprint(model),
      choices: body.n ?? 1,
      prompts: requests.length,
      logprobs: typeof body.logprobs === 'number',
      echo: body.echo ? await promptTexts(requests, context).catch(asMissing(true, 'not_found')) : [],
    };
    const byTokens = requests.some(({ prompt }) => prompt.kind === 'tokens');
    const missing = asMissing(byTokens, 'not_found');
    const events = await askAll(requests, context).catch(missing);
    if (!body.stream) return { json: await toCompletion(events, about).catch(missing) };
    const includeUsage = body.stream_options?.include_usage === true;
    return {
      stream: toCompletionChunks(events, { ...about, includeUsage }),
      contentType: 'text/event-stream',
      keepAlive: openAiKeepAlive,
    };
  },
});
