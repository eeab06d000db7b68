import type { InstalledModel } from '../api/wire.ts';

/** True for models that answer, and not only embed. */
export const canChat = (model: InstalledModel): boolean => model.capabilities.includes('chat');
