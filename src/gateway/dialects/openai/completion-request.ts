import { z } from 'zod';
import type { PromptInput } from '../../../engine/index.ts';
import type { Request } from '../../answering.ts';
import { InvalidRequestError } from '../../http/problems.ts';
import { checkTogether } from './chat-request.ts';
import {
  constraintRefusals,
  type Refusal,
  refuse,
  samplingShape,
  streamOptionsNeedStream,
  toSampling,
  toStops,
} from './common.ts';

const Token = z.int().min(0).max(2_147_483_647);

export const CompletionRequest = z
  .looseObject({
    model: z.string().min(1).meta({ description: 'An installed model, as GET /v1/models names it, or an alias.' }),
    prompt: z
      .union([
        z.string(),
        z.array(z.string()).min(1).max(128),
        z.array(Token).min(1),
        z.array(z.array(Token).min(1)).min(1).max(128),
      ])
      .meta({ description: 'A text, several texts, token ids, or several lists of token ids.' }),
    max_tokens: z.int().min(0).nullish().meta({ description: 'Most tokens to generate; 16 when absent.' }),
    ...samplingShape,
    echo: z.boolean().nullish().meta({ description: 'Begin with the prompt.' }),
    logprobs: z
      .int()
      .min(0)
      .max(20)
      .nullish()
      .meta({ description: 'How many alternatives to report with each token.' }),
  })
  .meta({
    id: 'CompletionRequest',
    allOf: [streamOptionsNeedStream],
    description: '`suffix` and `best_of` above `n` are refused with `unsupported_parameter`.',
  });
/** A request whose prompt is its own, and no conversation's. */
export interface PromptRequest {
  readonly input: PromptInput;
}
export type CompletionBody = z.output<typeof CompletionRequest>;

const refusals: Readonly<Record<string, Refusal>> = {
  ...constraintRefusals,
  suffix: (value) =>
    value === undefined || value === null || value === '' ? undefined : 'insertion is not served. Leave it out.',
};

/** The prompts of a request: one text, several, or the same in token ids. */
function toPrompts(prompt: CompletionBody['prompt']): readonly PromptInput[] {
  if (typeof prompt === 'string') return [{ kind: 'text', text: prompt }];
  if (prompt.every((item) => typeof item === 'number')) return [{ kind: 'tokens', tokens: prompt }];
  return prompt.map((item) =>
    typeof item === 'string' ? { kind: 'text', text: item } : { kind: 'tokens', tokens: item as readonly number[] },
  );
}

/** One request in the answer path's words for each prompt. */
export function toRequests(body: CompletionBody, model: { readonly id: string }): readonly (Request & PromptRequest)[] {
  refuse(body, refusals);
  checkTogether({ stream: body.stream, stream_options: body.stream_options });
  const choices = body.n ?? 1;
  if (typeof body.best_of === 'number' && body.best_of !== choices)
    throw new InvalidRequestError(
      '"best_of": only the value of n is served.',
      [{ path: 'best_of', message: 'only the value of n is served' }],
      'unsupported_parameter',
    );
  const stop = toStops(body.stop);
  return toPrompts(body.prompt).map((prompt) => ({
    model: model.id,
    input: prompt,
    sampling: toSampling(body),
    maxTokens: body.max_tokens ?? 16,
    ...(stop.length > 0 ? { stop } : {}),
    choices,
    ...(typeof body.logprobs === 'number' ? { logprobs: body.logprobs } : {}),
    ...(body.echo && typeof body.logprobs === 'number' ? { promptLogprobs: true } : {}),
    ...(body.ignore_eos ? { ignoreEndOfText: true } : {}),
  }));
}
