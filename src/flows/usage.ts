import { isIntramurosError } from '../base/index.ts';
import type { Usage, Why } from './event.ts';

/** Usage of a run that came to nothing. */
export const noUsage: Usage = {
  promptTokens: 0,
  cachedPromptTokens: 0,
  completionTokens: 0,
  thinkingTokens: 0,
  queueMs: 0,
  promptMs: 0,
  generationMs: 0,
  timeToFirstTokenMs: undefined,
  contextUsedTokens: 0,
  contextTokens: 0,
  bytesSent: 0,
};

/** Why a run ended that was stopped for `reason`. */
export function whyStopped(reason: unknown): Why {
  if (isIntramurosError(reason)) return reason.code === 'timeout' ? 'timeout' : 'cancelled';
  return (reason as { name?: unknown } | undefined)?.name === 'TimeoutError' ? 'timeout' : 'cancelled';
}
