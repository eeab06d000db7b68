import type { LoadedModel } from '../engine/index.ts';
import type { InstalledModel } from '../models/index.ts';

/** A model as the server's /api/models shows it: what is installed, and its state in memory. */
export type ModelView = Omit<InstalledModel, 'files' | 'sha256' | 'chatTemplate' | 'tuned' | 'licence' | 'family'> & {
  readonly family?: string | null | undefined;
  readonly licence?: string | null | undefined;
  readonly tuned?: InstalledModel['tuned'] | null;
  readonly files?: readonly string[];
  readonly sha256?: string | undefined;
  readonly runtime: LoadedModel | null;
};

/** The same view without a server: nothing is in memory. */
export function toModelView(model: InstalledModel): ModelView {
  const { chatTemplate: _template, ...rest } = model;
  return { ...rest, runtime: null };
}

/** True when a model can hold a conversation. */
export const canChat = (model: Pick<InstalledModel, 'capabilities'>): boolean => model.capabilities.includes('chat');
