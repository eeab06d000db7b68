import type { QuotaState } from '../../identity/index.ts';

/**
 * The caps of whoever asks as OpenAI's clients read them: the one with the least left of requests and of tokens. Nothing
 * where nothing is capped; a cap in money has no name there.
 */
export function rateHeaders(states: readonly QuotaState[], now = Date.now()): Readonly<Record<string, string>> {
  if (states.length === 0) return {};
  const headers: Record<string, string> = {};
  for (const unit of ['requests', 'tokens'] as const) {
    let tightest: QuotaState | undefined;
    for (const state of states) {
      if (state.unit === unit && (tightest === undefined || leftOf(state) < leftOf(tightest))) tightest = state;
    }
    if (tightest === undefined) continue;
    headers[`x-ratelimit-limit-${unit}`] = String(tightest.limit);
    headers[`x-ratelimit-remaining-${unit}`] = String(leftOf(tightest));
    headers[`x-ratelimit-reset-${unit}`] = durationText(Date.parse(tightest.resetAt) - now);
  }
  return headers;
}

const leftOf = ({ limit, used, reserved }: QuotaState): number => Math.max(0, limit - used - reserved);

/** A time as these headers write it: `850ms`, `6s`, `1m30s`, `2h0m5s`. */
export function durationText(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.ceil(ms))}ms`;
  const seconds = Math.ceil(ms / 1000);
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60), seconds % 60];
  if (h > 0) return `${h}h${m}m${s}s`;
  return m > 0 ? `${m}m${s}s` : `${s}s`;
}
