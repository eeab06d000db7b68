import { z } from 'zod';
import { newId } from '../../../base/index.ts';
import type { TokenLogprob } from '../../../engine/index.ts';
import type { Event } from '../../../flows/index.ts';
import { closing } from '../../answering.ts';
import { ChatLogprobs, finishReason, toChatLogprobs, toUsage, Usage } from './common.ts';

const FinishReason = z.enum(['stop', 'length']);

export const ChatCompletion = z
  .object({
    id: z.string(),
    object: z.literal('chat.completion'),
    created: z.int(),
    model: z.string(),
    system_fingerprint: z.string(),
    choices: z.array(
      z.object({
        index: z.int(),
        message: z.object({
          role: z.literal('assistant'),
          content: z.string().nullable(),
          refusal: z.null(),
          reasoning_content: z.string().optional(),
        }),
        logprobs: ChatLogprobs.nullable(),
        finish_reason: FinishReason,
      }),
    ),
    usage: Usage,
  })
  .meta({ id: 'ChatCompletion' });

export const ChatCompletionChunk = z
  .object({
    id: z.string(),
    object: z.literal('chat.completion.chunk'),
    created: z.int(),
    model: z.string(),
    system_fingerprint: z.string(),
    choices: z.array(
      z.object({
        index: z.int(),
        delta: z.object({
          role: z.literal('assistant').optional(),
          content: z.string().nullable().optional(),
          reasoning_content: z.string().optional(),
        }),
        logprobs: ChatLogprobs.nullable(),
        finish_reason: FinishReason.nullable(),
      }),
    ),
    usage: Usage.nullable().optional(),
  })
  .meta({ id: 'ChatCompletionChunk' });

/** What all parts of one reply share. */
export interface ReplyHead {
  readonly model: string;
  readonly fingerprint: string;
  readonly choices: number;
  readonly logprobs: boolean;
}

const seconds = (): number => Math.floor(Date.now() / 1000);

/** The whole answer in one object. */
export async function toChatCompletion(
  events: AsyncIterable<Event>,
  head: ReplyHead,
): Promise<z.output<typeof ChatCompletion>> {
  const choices = Array.from({ length: head.choices }, () => ({
    text: '',
    thinking: '',
    tokens: [] as TokenLogprob[],
    finish: 'stop' as 'stop' | 'length',
  }));
  let usage: z.output<typeof Usage> | undefined;
  for await (const event of events) {
    if (event.t === 'close') usage = toUsage(closing(event).use);
    const choice = 'choice' in event ? choices[event.choice] : undefined;
    if (!choice) continue;
    if (event.t === 'think') choice.thinking += event.s;
    else if (event.t === 'finish') choice.finish = finishReason(event.why);
    else if (event.t === 'text' && event.out) {
      choice.text += event.s;
      if (event.lp) choice.tokens.push(...event.lp);
    }
  }
  if (!usage) throw new Error('A run ended without its close event.');
  return {
    id: newId('chatcmpl'),
    object: 'chat.completion',
    created: seconds(),
    model: head.model,
    system_fingerprint: head.fingerprint,
    choices: choices.map(({ text, thinking, tokens, finish }, index) => ({
      index,
      message: {
        role: 'assistant',
        content: text,
        refusal: null,
        ...(thinking === '' ? {} : { reasoning_content: thinking }),
      },
      logprobs: head.logprobs ? toChatLogprobs(tokens) : null,
      finish_reason: finish,
    })),
    usage,
  };
}

export const done = 'data: [DONE]\n\n';

/**
 * The answer as server-sent chunks. The constant part of the frames is rendered once a stream: `JSON.stringify` of a
 * whole chunk costs five times the concatenation.
 */
export async function* toChatChunks(
  events: AsyncIterable<Event>,
  head: ReplyHead & { readonly includeUsage: boolean },
): AsyncGenerator<string> {
  const before = `data: {"id":${JSON.stringify(newId('chatcmpl'))},"object":"chat.completion.chunk","created":${seconds()},"model":${JSON.stringify(head.model)},"system_fingerprint":${JSON.stringify(head.fingerprint)},"choices":[`;
  const after = head.includeUsage ? '],"usage":null}\n\n' : ']}\n\n';
  const chunk = (index: number, delta: string, logprobs: string, finish: string): string =>
    `${before}{"index":${index},"delta":${delta},"logprobs":${logprobs},"finish_reason":${finish}}${after}`;
  for (let index = 0; index < head.choices; index += 1)
    yield chunk(index, '{"role":"assistant","content":null}', 'null', 'null');
  for await (const event of events) {
    if (event.t === 'text' && event.out) {
      const logprobs = head.logprobs && event.lp ? JSON.stringify(toChatLogprobs(event.lp)) : 'null';
      yield chunk(event.choice, `{"content":${JSON.stringify(event.s)}}`, logprobs, 'null');
    } else if (event.t === 'think') {
      yield chunk(event.choice, `{"reasoning_content":${JSON.stringify(event.s)}}`, 'null', 'null');
    } else if (event.t === 'finish') {
      yield chunk(event.choice, '{}', 'null', `"${finishReason(event.why)}"`);
    } else if (event.t === 'close') {
      const { use } = closing(event);
      if (head.includeUsage) yield `${before}],"usage":${JSON.stringify(toUsage(use))}}\n\n`;
    }
  }
  yield done;
}
