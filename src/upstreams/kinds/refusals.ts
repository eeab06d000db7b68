import type { GenerateRequest, SamplingOptions } from '../../engine/index.ts';
import { unsupported } from '../wire/failure.ts';

/** Names of parameters as clients of the OpenAI dialect write them. */
const samplingNames: Readonly<Record<keyof SamplingOptions, string>> = {
  temperature: 'temperature',
  topK: 'top_k',
  topP: 'top_p',
  minP: 'min_p',
  repeatPenalty: 'repeat_penalty',
  repeatLastN: 'repeat_last_n',
  frequencyPenalty: 'frequency_penalty',
  presencePenalty: 'presence_penalty',
  seed: 'seed',
  logitBias: 'logit_bias',
};

/** Values that change nothing, so that a client which always sends them is served. */
const neutral: Partial<Record<keyof SamplingOptions, number>> = {
  topK: 0,
  topP: 1,
  minP: 0,
  repeatPenalty: 1,
  frequencyPenalty: 0,
  presencePenalty: 0,
};

/** Refuses sampling options beyond `able`. */
export function refuseSampling(request: GenerateRequest, kind: string, able: readonly (keyof SamplingOptions)[]): void {
  for (const [name, value] of Object.entries(request.sampling ?? {}) as [keyof SamplingOptions, unknown][]) {
    if (value === undefined || able.includes(name) || value === neutral[name]) continue;
    if (name === 'repeatLastN' && !request.sampling?.repeatPenalty) continue;
    if (name === 'logitBias' && Object.keys(value as object).length === 0) continue;
    throw unsupported(samplingNames[name], kind);
  }
}

/** Parts of a request that many formats cannot say. */
export type Ability = 'choices' | 'logprobs' | 'text' | 'tokens' | 'continue' | 'ignoreEndOfText';

/** Refuses what lies beyond `able`; nobody offers a prompt's own probabilities, or an answer of no token. */
export function refuseBeyond(request: GenerateRequest, kind: string, able: readonly Ability[]): void {
  const { prompt } = request;
  if (request.promptLogprobs) throw unsupported('echo', kind);
  if (request.maxTokens === 0) throw unsupported('max_tokens', kind, 'Ask for at least one token');
  if ((request.choices ?? 1) > 1 && !able.includes('choices'))
    throw unsupported('n', kind, 'Ask for one answer at a time');
  if (request.logprobs !== undefined && !able.includes('logprobs')) throw unsupported('logprobs', kind);
  if (request.ignoreEndOfText && !able.includes('ignoreEndOfText')) throw unsupported('ignore_eos', kind);
  if (prompt.kind === 'text' && !able.includes('text'))
    throw unsupported('prompt', kind, 'Send a conversation instead');
  if (prompt.kind === 'tokens' && !able.includes('tokens'))
    throw unsupported('prompt', kind, 'Send text instead of tokens');
  if (prompt.kind === 'chat' && prompt.continueLast && !able.includes('continue'))
    throw unsupported('continue_final_message', kind);
}

/** A copy without what is undefined, as wire formats want it. */
export function compact(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
