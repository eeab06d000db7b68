import { IntramurosError } from '../../base/index.ts';
import type { SchedulerRequest } from './run.ts';

/** Refuses what can never be computed, and what comes when too many wait. */
export function checkAdmissible(
  request: SchedulerRequest,
  limits: { readonly requestTokens: number; readonly queued: number; readonly queueLimit: number },
): void {
  const { queued, queueLimit } = limits;
  const promptTokens = request.tokens.length;
  if (promptTokens === 0) throw new IntramurosError('invalid_request', 'The prompt is empty. Send at least one token.');
  if (promptTokens + (request.maxTokens === 0 ? 0 : 1) > limits.requestTokens) {
    throw contextExceeded(promptTokens, limits.requestTokens);
  }
  if (queued < queueLimit) return;
  throw new IntramurosError(
    'queue_full',
    `${queued} requests wait for this model already and no more may. Try again in a moment, or raise queueLimit.`,
    { facts: { queued, queueLimit } },
  );
}

/** The refusal of a prompt that does not fit. */
export function contextExceeded(promptTokens: number, contextTokens: number): IntramurosError {
  return new IntramurosError(
    'context_exceeded',
    `The prompt has ${promptTokens} tokens and the model has room for ${contextTokens}, answer included. Shorten the prompt, or load the model with a larger contextTokens.`,
    { facts: { promptTokens, contextTokens } },
  );
}
