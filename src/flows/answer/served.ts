import type { EgressTotal } from '../../egress/index.ts';
import type { Engine, LoadedModel } from '../../engine/index.ts';
import type { InstalledModel } from '../../models/index.ts';

/** The engine's own word on a model, when it has it in memory. */
export function findLoaded(engine: Engine, model: string): LoadedModel | undefined {
  return engine.list().find(({ id }) => id === model);
}

/** Whether answers come from the model's tuned copy. */
export function isServedTuned(engine: Engine, model: InstalledModel): boolean {
  return findLoaded(engine, model.id)?.tuned ?? model.tuned?.enabled ?? false;
}

/**
 * Bytes that have left the machine for anything but getting models (purposes `model-…`). What a run sent is the difference
 * between its end and its beginning. An upper bound: two runs at once would both count what one sent.
 */
export function sentForAnswers(totals: readonly EgressTotal[]): number {
  return totals
    .filter(({ loopback, purpose }) => !loopback && !purpose.startsWith('model-'))
    .reduce((sum, { sentBytes }) => sum + sentBytes, 0);
}
