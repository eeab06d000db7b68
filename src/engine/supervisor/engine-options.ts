import type { Clock, Logger, Settings } from '../../base/index.ts';
import type { ModelLibrary } from '../../models/index.ts';
import type { Machine } from './machine.ts';

/** What the local engine works with. */
export interface EngineOptions {
  readonly library: Pick<ModelLibrary, 'get'>;
  readonly settings: Pick<
    Settings,
    'contextTokens' | 'parallel' | 'queueLimit' | 'threads' | 'keepAlive' | 'memoryLimit' | 'engineTimeout'
  >;
  readonly log: Logger;
  readonly clock: Clock;
  /** The program that an engine process runs, where it is not the one beside these sources. */
  readonly entry?: string;
  readonly machine?: Machine;
}
