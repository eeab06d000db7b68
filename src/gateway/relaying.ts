import { estimateBytes, type Need, noUsage, type RelayTurn, type Spent } from '../flows/index.ts';
import type { Reply, RequestContext } from './http/endpoint.ts';
import type { AnswerMeasure } from './http/metrics.ts';
import { callerOf, headersOf } from './labelling.ts';

/** Comment line of OpenAI streams; never `id:`, never an empty `data:` (both break clients). */
export const openAiKeepAlive = ': waiting\n\n';

/**
 * Fields that may be handed on: they say how to answer, and nothing of where, by whom, or what to keep. A body with any
 * other goes the way on which each field is read.
 */
const handedOn = new Set([
  'model',
  'messages',
  'prompt',
  'input',
  'stream',
  'stream_options',
  'max_tokens',
  'max_completion_tokens',
  'temperature',
  'top_p',
  'top_k',
  'min_p',
  'n',
  'stop',
  'seed',
  'presence_penalty',
  'frequency_penalty',
  'logit_bias',
  'logprobs',
  'top_logprobs',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'response_format',
  'reasoning_effort',
  'encoding_format',
  'dimensions',
  'echo',
  'suffix',
]);

/** A body of OpenAI's dialect, as far as handing it on needs to know it. */
export interface RelayableBody {
  readonly model: string;
  readonly stream?: boolean | null | undefined;
  readonly stream_options?: { readonly include_usage?: boolean | null | undefined } | null | undefined;
  readonly max_tokens?: number | null | undefined;
  readonly max_completion_tokens?: number | null | undefined;
  readonly n?: number | null | undefined;
}

/** Hands a request on to the upstream of its model; undefined where the answer path is to be asked instead. */
export async function tryRelay(
  model: { readonly id: string },
  body: RelayableBody,
  about: Pick<RelayTurn, 'path' | 'action'> & { readonly operation: AnswerMeasure['operation'] },
  context: RequestContext,
): Promise<Reply | undefined> {
  const { rooms, signal, rawBody } = context;
  if (!rawBody || !isPlain(body)) return undefined;
  const startedAt = performance.now();
  const turn: RelayTurn = {
    caller: callerOf(context),
    model: model.id,
    action: about.action,
    path: about.path,
    body: rawBody,
    stream: body.stream === true,
    wantsUsage: body.stream_options?.include_usage === true,
    need: needOf(body, rawBody, about.action),
    affinity: rawBody.toString('latin1', 0, 512),
  };
  const onEnd = (spent: Spent): void => {
    const use = { ...noUsage, ...spent, timeToFirstTokenMs: spent.firstTokenMs };
    const durationMs = performance.now() - startedAt;
    rooms.metrics.answer({ operation: about.operation, model: model.id, why: spent.why, use, durationMs });
  };
  const relayed = await rooms.answers.relay(turn, { signal, onEnd });
  if (!relayed) return undefined;
  const { contentType } = relayed;
  const headers = headersOf(relayed.sent);
  if ('whole' in relayed) return { bytes: relayed.whole, contentType, headers };
  return { stream: relayed.frames, headers, contentType: 'text/event-stream', keepAlive: openAiKeepAlive };
}

/** Whether a body can go as it is: known fields alone, and nothing said of the usage that would have to be said otherwise. */
function isPlain(body: RelayableBody): boolean {
  if (body.stream_options && body.stream_options.include_usage !== true) return false;
  return Object.keys(body).every((name) => handedOn.has(name));
}

function needOf(body: RelayableBody, raw: Buffer, action: RelayTurn['action']): Need {
  const maxTokens = action === 'embed' ? 0 : (body.max_completion_tokens ?? body.max_tokens ?? undefined);
  return { promptTokens: estimateBytes(raw.length), maxTokens, choices: body.n ?? 1 };
}
