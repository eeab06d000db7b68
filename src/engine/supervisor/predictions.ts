import { IntramurosError } from '../../base/index.ts';
import type { MemoryParts, StartOptions } from '../process/protocol.ts';
import { statFile } from './load-plan.ts';
import { ModelProcess } from './model-process.ts';

/** What models will take, by the library's own figures from a process that allocates nothing; kept for the next load of the same file. */
export class Predictions {
  readonly #known = new Map<string, MemoryParts>();
  readonly #entry: string;
  readonly #onStart: (process: ModelProcess) => void;

  constructor(entry: string, onStart: (process: ModelProcess) => void) {
    this.#entry = entry;
    this.#onStart = onStart;
  }

  async of(model: string, start: StartOptions): Promise<MemoryParts> {
    const { size, mtimeMs } = await statFile(model, start.file);
    const key = JSON.stringify([start.file, size, mtimeMs, start.contextTokens, start.parallel, start.purpose]);
    const known = this.#known.get(key);
    if (known) return known;
    const process = new ModelProcess({ model, entry: this.#entry });
    this.#onStart(process);
    process.start({ ...start, dryRun: true });
    try {
      const memory = await process.predicted;
      this.#known.set(key, memory);
      return memory;
    } finally {
      await process.stop(new IntramurosError('cancelled', 'The dry run is over.'));
    }
  }
}
