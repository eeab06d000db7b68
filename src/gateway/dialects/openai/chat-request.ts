import { z } from 'zod';
import type { ChatMessage } from '../../../engine/index.ts';
import type { Request } from '../../answering.ts';
import { InvalidRequestError, unsupportedParameter } from '../../http/problems.ts';
import {
  constraintRefusals,
  onlyEmpty,
  onlyValues,
  type Refusal,
  refuse,
  samplingShape,
  streamOptionsNeedStream,
  topLogprobsNeedLogprobs,
  toSampling,
  toStops,
} from './common.ts';

const Part = z.looseObject({ type: z.string(), text: z.string().nullish() }).meta({
  id: 'ChatContentPart',
  properties: { type: { const: 'text' }, text: { type: 'string' } },
  required: ['type', 'text'],
});
const Message = z
  .looseObject({
    role: z
      .enum(['developer', 'system', 'user', 'assistant', 'tool', 'function'])
      .meta({ enum: ['developer', 'system', 'user', 'assistant'] }),
    content: z.union([z.string(), z.array(Part)]).nullish(),
    name: z.string().nullish(),
    reasoning_content: z
      .string()
      .nullish()
      .meta({ description: 'What an assistant thought; `reasoning` is read too.' }),
  })
  .meta({ id: 'ChatMessage' });

export const ChatCompletionRequest = z
  .looseObject({
    model: z.string().min(1).meta({ description: 'An installed model, as GET /v1/models names it, or an alias.' }),
    messages: z.array(Message).min(1),
    max_completion_tokens: z
      .int()
      .min(0)
      .nullish()
      .meta({ description: 'Most tokens to generate, thinking included.' }),
    max_tokens: z.int().min(0).nullish().meta({ description: 'Older name of max_completion_tokens.' }),
    ...samplingShape,
    logprobs: z.boolean().nullish(),
    top_logprobs: z.int().min(0).max(20).nullish().meta({ description: 'Needs logprobs.' }),
    reasoning_effort: z
      .string()
      .nullish()
      .meta({
        description: '`none` switches thinking off where the model can.',
        anyOf: [{ enum: ['none', 'medium'] }, { type: 'null' }],
      }),
  })
  .meta({
    id: 'ChatCompletionRequest',
    description:
      'Parameters that would change the answer and are not served (tools, response_format other than text, audio, prediction, store …) are refused with `unsupported_parameter`; unknown ones that change nothing are ignored. `continue_final_message: true` goes on with the last message when it is of the assistant.',
    allOf: [streamOptionsNeedStream, topLogprobsNeedLogprobs],
  });
export type ChatBody = z.output<typeof ChatCompletionRequest>;

const tools = 'tool calls are not served yet. Leave it out.';
const refusals: Readonly<Record<string, Refusal>> = {
  ...constraintRefusals,
  tools: onlyEmpty(tools),
  functions: onlyEmpty(tools),
  tool_choice: onlyValues(tools, 'none', 'auto'),
  function_call: onlyValues(tools, 'none', 'auto'),
  response_format: (value) => {
    if (value === undefined || value === null || (value as { type?: unknown }).type === 'text') return undefined;
    return 'answers that follow a JSON schema are not served yet; only {"type":"text"} is.';
  },
  modalities: (value) =>
    value === undefined || value === null || (Array.isArray(value) && value.every((item) => item === 'text'))
      ? undefined
      : 'only ["text"] is served.',
  audio: onlyValues('sound is not served. Leave it out.'),
  prediction: onlyValues('predicted outputs are not served. Leave it out.'),
  web_search_options: onlyValues('nothing is searched outside this machine. Leave it out.'),
  moderation: onlyValues('moderation is not served. Leave it out.'),
  store: onlyValues('answers of this API are not kept. Send false or leave it out.', false),
  service_tier: onlyValues('there is one tier. Send "auto" or leave it out.', 'auto', 'default'),
  verbosity: onlyValues('it cannot be set for local models. Leave it out.', 'medium'),
  reasoning_effort: onlyValues('local models have no effort levels. Send "none" or leave it out.', 'none', 'medium'),
};

/** One request for one answer, in the answer path's words. */
export function toRequest(body: ChatBody, model: { readonly id: string }): Request {
  refuse(body, refusals);
  checkTogether(body);
  const maxTokens = body.max_completion_tokens ?? body.max_tokens ?? undefined;
  const stop = toStops(body.stop);
  return {
    model: model.id,
    input: {
      kind: 'chat',
      messages: body.messages.map(toMessage),
      ...(body.continue_final_message ? { continueLast: true } : {}),
      ...(body.reasoning_effort === 'none' ? { thinking: false } : {}),
    },
    sampling: toSampling(body),
    ...(maxTokens === undefined ? {} : { maxTokens }),
    ...(stop.length > 0 ? { stop } : {}),
    choices: body.n ?? 1,
    ...(body.logprobs ? { logprobs: body.top_logprobs ?? 0 } : {}),
    ...(body.ignore_eos ? { ignoreEndOfText: true } : {}),
  };
}

const wrong = (path: string, message: string): InvalidRequestError =>
  new InvalidRequestError(`"${path}": ${message}.`, [{ path, message }]);

/** Rules between fields. */
export function checkTogether(
  body: Pick<ChatBody, 'stream' | 'stream_options'> & {
    logprobs?: unknown;
    top_logprobs?: unknown;
    continue_final_message?: unknown;
    messages?: ChatBody['messages'];
  },
): void {
  if (body.stream_options && !body.stream) throw wrong('stream_options', 'is only allowed when stream is true');
  if (typeof body.top_logprobs === 'number' && body.logprobs !== true)
    throw wrong('top_logprobs', 'is only allowed when logprobs is true');
  if (body.continue_final_message && body.messages?.at(-1)?.role !== 'assistant')
    throw wrong('continue_final_message', 'is only allowed when the last message is of the assistant');
}

function toMessage(message: ChatBody['messages'][number], index: number): ChatMessage {
  const path = `messages[${index}]`;
  if (message.role === 'tool' || message.role === 'function')
    throw unsupportedParameter(`${path}.role`, 'tool results are not served yet. Leave the message out.');
  const calls = message.tool_calls ?? message.function_call;
  if (calls && !(Array.isArray(calls) && calls.length === 0))
    throw unsupportedParameter(`${path}.tool_calls`, 'tool calls are not served yet. Leave the message out.');
  const content = toText(message.content, path);
  if (message.role !== 'assistant') return { role: message.role === 'user' ? 'user' : 'system', content };
  const thought = message.reasoning_content ?? message.reasoning;
  const inline = /^\s*<think>([\s\S]*?)<\/think>\s*/.exec(content);
  if (typeof thought === 'string' && thought !== '') return { role: 'assistant', content, thinking: thought };
  return inline
    ? { role: 'assistant', content: content.slice(inline[0].length), thinking: (inline[1] ?? '').trim() }
    : { role: 'assistant', content };
}

function toText(content: ChatBody['messages'][number]['content'], path: string): string {
  if (content === undefined || content === null) return '';
  if (typeof content === 'string') return content;
  return content
    .map((part, index) => {
      if ((part.type === 'text' || part.type === 'input_text') && typeof part.text === 'string') return part.text;
      if (part.type === 'refusal') return typeof part.refusal === 'string' ? part.refusal : '';
      if (part.type === 'text') throw wrong(`${path}.content[${index}].text`, 'is missing; wanted string');
      throw unsupportedParameter(
        `${path}.content[${index}].type`,
        `only "text" parts are served, not "${part.type.slice(0, 40)}".`,
      );
    })
    .join('');
}
