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
