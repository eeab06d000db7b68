import type { Price } from '../../upstreams/index.ts';
import { before } from './before.ts';
import { costMicros } from './estimate.ts';
import type { Passage, Target } from './types.ts';

/** Takes the place of a request in every quota that applies, before it is decided where it may go. */
export const reserve = before('reserve', (run) => run.timed('reserve', () => reservePassage(run)));

// Longest answer that is reserved where neither the request nor the model names an end.
const openEndedTokens = 4_096;

/**
 * The same for anything that goes to a model. An answer that named no end gets what the quotas leave.
 * @throws {IntramurosError} `quota_exceeded`.
 */
export function reservePassage(passage: Passage): void {
  const { caller, rooms, target } = passage;
  if (!target) return;
  const { id: model } = target.model;
  const need = passage.need();
  const price = priceOf(target);
  const open = Math.max(1, (target.model.contextTokens ?? openEndedTokens) - need.promptTokens);
  const usual = Math.min(open, need.usualTokens ?? open);
  const left = rooms.quotas.remaining?.(caller.who, model);
  let granted = need.maxTokens ?? usual;
  if (need.maxTokens === undefined && left) {
    granted = Math.min(granted, (left.tokens - need.promptTokens) / need.choices);
    if (price && price.outputMicros > 0 && left.costMicros < Number.POSITIVE_INFINITY) {
      const forOutput = left.costMicros - costMicros(price, { ...need, completionTokens: 0 });
      granted = Math.min(granted, (forOutput * 1_000_000) / price.outputMicros / need.choices);
    }
    granted = Math.max(1, Math.floor(granted));
  }
  if (need.maxTokens === undefined && granted < open) passage.grantedTokens = granted;
  const completionTokens = granted * need.choices;
  passage.reservation = rooms.quotas.reserve(caller.who, {
    model,
    mostTokens: need.promptTokens + completionTokens,
    mostCostMicros: costMicros(price, { promptTokens: need.promptTokens, completionTokens }),
  });
}

/** What a model's tokens cost; undefined where nothing is charged. */
export const priceOf = (target: Target | undefined): Price | undefined =>
  target?.kind === 'upstream' ? target.model.price : undefined;
