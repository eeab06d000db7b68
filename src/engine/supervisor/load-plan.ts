import { existsSync, type Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { formatBytes, IntramurosError, type Settings } from '../../base/index.ts';
import type { InstalledModel } from '../../models/index.ts';
import { storeBytes } from '../process/context-options.ts';
import type { MemoryParts, StartOptions } from '../process/protocol.ts';

/** What the runtime and the libraries take beside the model's own buffers: measured 114 MiB with the starter model. */
const processBytes = 120 * 1024 ** 2;

const leastContextTokens = 4096;

/** The file to serve: the tuned copy when there is one and the person wants it. */
export function servedFile(model: InstalledModel): { readonly file: string; readonly tuned: boolean } {
  const { tuned } = model;
  if (tuned?.enabled && existsSync(tuned.file)) return { file: tuned.file, tuned: true };
  const file = model.files[0];
  if (file) return { file, tuned: false };
  throw new IntramurosError('model_unusable', `Model "${model.id}" has no file. Remove it and pull it again.`, {
    facts: { model: model.id },
  });
}

/** Size and age of a model file, or the reason why it cannot be loaded. */
export async function statFile(id: string, file: string): Promise<Stats> {
  try {
    return await stat(file);
  } catch (error) {
    throw new IntramurosError(
      'model_load_failed',
      `The file of model "${id}" cannot be read: ${(error as Error).message}. Pull the model again.`,
      { cause: error, facts: { model: id } },
    );
  }
}

/** How to start the process of a model, before memory has its say. */
export function startOptions(
  model: InstalledModel,
  settings: Pick<Settings, 'contextTokens' | 'parallel' | 'queueLimit' | 'threads'>,
  computeThreads: number,
): StartOptions {
  const purpose = purposeOf(model);
  return {
    file: servedFile(model).file,
    purpose,
    contextTokens:
      settings.contextTokens || wantedContext(model.contextTokens || leastContextTokens, settings.parallel, purpose),
    parallel: settings.parallel,
    threads: settings.threads || computeThreads,
    queueLimit: settings.queueLimit,
  };
}

/** An encoder is opened for embedding; a model that can also chat or complete is opened for that. */
export function purposeOf({ capabilities }: InstalledModel): StartOptions['purpose'] {
  const generates = capabilities.includes('chat') || capabilities.includes('completion');
  return capabilities.includes('embedding') && !generates ? 'embedding' : 'generation';
}

/**
 * Tokens of context wanted for a model when no setting says: enough for one long conversation (up to 32,768 tokens, if the
 * model was trained for it) and for several short ones at the same time (16,384 together).
 */
function wantedContext(trainedTokens: number, parallel: number, purpose: StartOptions['purpose']): number {
  if (purpose === 'embedding') return Math.min(trainedTokens * parallel, 8192);
  return Math.max(Math.min(trainedTokens, 32_768), Math.min(trainedTokens * parallel, 16_384));
}

/** Memory of a loaded model, from the library's own dry run. */
export function totalBytes(memory: MemoryParts): number {
  const { weightsBytes, kvBytes, computeBytes, outputBytes } = memory;
  return weightsBytes + kvBytes + storeBytes(kvBytes) + computeBytes + outputBytes + processBytes;
}

export interface LoadPlan {
  readonly start: StartOptions;
  readonly predictedBytes: number;
}

/**
 * Fits a model to the memory at hand. A context that no setting asked for is halved while it takes more than a quarter of
 * the memory or does not fit, down to what the model was trained for or 4,096 tokens; one that was asked for stays.
 *
 * @param memory the dry run for `wanted`.
 * @param roomBytes what the model may take, after every idle model has made place.
 * @throws {IntramurosError} `memory_insufficient`, with the figures and what to do.
 */
export function fitToMemory(
  model: InstalledModel,
  wanted: StartOptions,
  memory: MemoryParts,
  options: { readonly roomBytes: number; readonly fixedContext: boolean },
): LoadPlan {
  const least = Math.min(wanted.contextTokens, model.contextTokens || leastContextTokens, leastContextTokens);
  let contextTokens = wanted.contextTokens;
  const kvBytes = (): number => (memory.kvBytes * contextTokens) / wanted.contextTokens;
  const needed = (): number => Math.ceil(totalBytes({ ...memory, kvBytes: kvBytes() }));
  const kvMost = Math.max(1024 ** 3, options.roomBytes / 4);
  while (!options.fixedContext && contextTokens / 2 >= least && (needed() > options.roomBytes || kvBytes() > kvMost)) {
    contextTokens = Math.floor(contextTokens / 2);
  }
  if (needed() <= options.roomBytes) return { start: { ...wanted, contextTokens }, predictedBytes: needed() };
  const remedy = options.fixedContext
    ? `Lower the context (INTRAMUROS_CONTEXT_TOKENS is ${contextTokens}; it takes ${formatBytes(kvBytes())} of this), stop a model that is in use ("intramuros ps"), or choose a smaller one.`
    : 'Stop a model that is kept ("intramuros ps"), raise INTRAMUROS_MEMORY_LIMIT if one is set, or choose a smaller model.';
  throw new IntramurosError(
    'memory_insufficient',
    `Model "${model.id}" needs ${formatBytes(needed())}; ${formatBytes(Math.max(0, options.roomBytes))} is free for it. ${remedy}`,
    {
      facts: {
        model: model.id,
        neededBytes: needed(),
        freeBytes: Math.max(0, Math.floor(options.roomBytes)),
        contextTokens,
      },
    },
  );
}
