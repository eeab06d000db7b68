import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { IntramurosError, silentLog, systemClock } from '../../src/base/index.ts';
import type { EngineOptions } from '../../src/engine/supervisor/index.ts';
import type { InstalledModel, ModelLibrary } from '../../src/models/index.ts';
import type { EchoModelFile } from './echo-process.ts';

/** What a person would have installed: models whose files the echo process reads. */
export interface EchoLibrary extends Disposable {
  readonly library: Pick<ModelLibrary, 'get'>;
  /** Rewrites the file of a model. */
  write(id: string, file: EchoModelFile): void;
}

export function openEchoLibrary(
  files: Readonly<Record<string, EchoModelFile & { readonly contextTokens?: number; readonly embeds?: boolean }>>,
): EchoLibrary {
  const directory = mkdtempSync(join(tmpdir(), 'intramuros-echo-'));
  const path = (id: string): string => join(directory, `${id}.json`);
  const write = (id: string, file: EchoModelFile): void => writeFileSync(path(id), JSON.stringify(file));
  for (const [id, file] of Object.entries(files)) write(id, file);
  return {
    write,
    library: {
      async get(id): Promise<InstalledModel> {
        const file = files[id];
        if (!file) throw new IntramurosError('model_not_found', `Model "${id}" is not installed.`);
        return {
          id,
          title: id,
          files: [path(id)],
          sizeBytes: file.weightsBytes ?? 0,
          sha256: undefined,
          architecture: 'echo',
          family: 'echo',
          parameterCount: 0,
          quantization: 'none',
          bitsPerWeight: 0,
          contextTokens: file.contextTokens ?? 2048,
          embeddingLength: 64,
          chatTemplate: undefined,
          capabilities: file.embeds ? ['embedding'] : ['chat', 'completion'],
          licence: undefined,
          languages: [],
          origin: { kind: 'file', detail: path(id) },
          tuned: undefined,
          installedAt: new Date(0).toISOString(),
        };
      },
    },
    [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }),
  };
}

/** The program of the echo process. */
export const echoEntry = fileURLToPath(new URL('./echo-process.ts', import.meta.url));

/** Options for an engine over echo processes, with what a test cares for on top. */
export function echoOptions(
  library: Pick<ModelLibrary, 'get'>,
  over: Partial<Omit<EngineOptions, 'settings'>> & { readonly settings?: Partial<EngineOptions['settings']> } = {},
): EngineOptions {
  return {
    library,
    log: silentLog(),
    clock: systemClock,
    entry: echoEntry,
    ...over,
    settings: {
      contextTokens: 0,
      parallel: 4,
      queueLimit: 64,
      threads: 1,
      keepAlive: 300_000,
      memoryLimit: undefined,
      engineTimeout: 0,
      ...over.settings,
    },
  };
}
