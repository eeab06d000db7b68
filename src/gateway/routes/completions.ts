import type { Event } from '../../flows/index.ts';
import { type Asked, ask, begun, type Request } from '../answering.ts';
import { fingerprint, isUpstream, resolveModel } from '../dialects/openai/common.ts';
import {
  Completion,
  CompletionChunk,
  type PromptEvent,
  toCompletion,
  toCompletionChunks,
} from '../dialects/openai/completion-reply.ts';
import { CompletionRequest, type PromptRequest, toRequests } from '../dialects/openai/completion-request.ts';
import { endpoint, type RequestContext } from '../http/endpoint.ts';
import { asMissing } from '../http/missing.ts';
import { merge } from '../merge.ts';
import { openAiKeepAlive, tryRelay } from '../relaying.ts';
import { generationErrors } from './chat-completions.ts';

/** Texts of the prompts, for `echo`. */
function promptTexts(
  requests: readonly (Request & PromptRequest)[],
  context: RequestContext,
): Promise<readonly string[]> {
  return Promise.all(
    requests.map(async ({ model, input: prompt }) => {
      if (prompt.kind === 'text') return prompt.text;
      return prompt.kind === 'tokens' ? context.rooms.engine.detokenize({ model, tokens: prompt.tokens }) : '';
    }),
  );
}

/** Asks all prompts at once; the engine's queue decides which run together. */
async function askAll(asked: readonly Asked[]): Promise<AsyncIterable<PromptEvent>> {
  const begins = await Promise.allSettled(asked.map(({ events }) => begun(events)));
  const sources = begins.flatMap((begin) => (begin.status === 'fulfilled' ? [begin.value] : []));
  const failed = begins.find((begin) => begin.status === 'rejected');
  if (failed) {
    await Promise.all(sources.map(leave));
    throw failed.reason;
  }
  return (async function* tag(): AsyncGenerator<PromptEvent> {
    for await (const [prompt, event] of merge(sources)) yield { prompt, event };
  })();
}

// One prompt that cannot be answered fails the request: the others are not computed for nobody.
async function leave(source: AsyncIterable<Event>): Promise<void> {
  await source[Symbol.asyncIterator]().return?.();
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
    const here = { path: '/completions', action: 'infer', operation: 'text_completion' } as const;
    const relayed =
      isUpstream(model) && typeof body.prompt === 'string' && (await tryRelay(model, body, here, context));
    if (relayed) return relayed;
    const requests = toRequests(body, model);
    const about = {
      model: model.id,
      fingerprint: fingerprint(model),
      choices: body.n ?? 1,
      prompts: requests.length,
      logprobs: typeof body.logprobs === 'number',
      echo: body.echo ? await promptTexts(requests, context).catch(asMissing(true, 'not_found')) : [],
    };
    const byTokens = requests.some(({ input }) => input.kind === 'tokens');
    const missing = asMissing(byTokens, 'not_found');
    const asked = requests.map((request) => ask(request, 'text_completion', context));
    const events = await askAll(asked).catch(missing);
    const headers = asked[0]?.headers() ?? {};
    if (!body.stream) return { json: await toCompletion(events, about).catch(missing), headers };
    const includeUsage = body.stream_options?.include_usage === true;
    return {
      stream: toCompletionChunks(events, { ...about, includeUsage }),
      headers,
      contentType: 'text/event-stream',
      keepAlive: openAiKeepAlive,
    };
  },
});
