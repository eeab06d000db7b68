import { IntramurosError } from '../../base/index.ts';
import type { InstalledModel } from '../../models/index.ts';
import type { ModelProcess } from './model-process.ts';
import type { ModelSlot } from './model-slot.ts';

/** The process that serves a model. @throws {IntramurosError} why there is none. */
export function processOf(slot: ModelSlot): ModelProcess {
  if (slot.process && slot.state === 'ready') return slot.process;
  throw slot.error ?? unloaded(slot.id);
}

/** A model that went while it was loading. */
export const unloaded = (id: string): IntramurosError =>
  new IntramurosError('engine_unavailable', `Model "${id}" was unloaded while it was loading. Ask again to load it.`, {
    facts: { model: id },
  });

/** A load that failed for a reason that is no refusal. */
export const loadFailed = (id: string, cause: unknown): IntramurosError =>
  new IntramurosError('model_load_failed', `Model "${id}" could not be loaded. The log has the details.`, {
    cause,
    facts: { model: id },
  });

/** A model that cannot do what is asked. */
export const wrongPurpose = (model: InstalledModel, what: string): IntramurosError =>
  new IntramurosError('model_unusable', `Model "${model.id}" ${what}. Choose another model ("intramuros list").`, {
    facts: { model: model.id },
  });
