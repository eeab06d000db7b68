import { IntramurosError } from '../../src/base/index.ts';
import type { Capability, InstalledModel, ModelLibrary, PullEvent } from '../../src/models/index.ts';

/** A model entry as the library would describe it, without a file behind it: for engines that need none. */
export function describeModel(id: string, capabilities: readonly Capability[]): InstalledModel {
  return {
    id,
    title: id,
    files: [`/models/${id}.gguf`],
    sizeBytes: 1_000_000,
    sha256: '0'.repeat(64),
    architecture: 'echo',
    family: undefined,
    parameterCount: 1,
    quantization: 'F32',
    bitsPerWeight: 32,
    contextTokens: 4096,
    embeddingLength: 0,
    chatTemplate: undefined,
    capabilities,
    licence: 'Apache-2.0',
    languages: ['en', 'fr'],
    origin: { kind: 'file', detail: `/models/${id}.gguf` },
    tuned: undefined,
    installedAt: '2026-01-02T03:04:05.000Z',
  };
}

/** A small honest model library that lives in memory; a pull makes the entry appear. */
export function openMemoryLibrary(models: readonly InstalledModel[]): ModelLibrary {
  const installed = new Map(models.map((model) => [model.id, model]));
  const missing = (id: string): IntramurosError =>
    new IntramurosError(
      'model_not_found',
      `Model "${id}" is not installed. Installed: ${[...installed.keys()].join(', ') || 'none'}. Get it with "intramuros pull ${id}".`,
      { facts: { model: id } },
    );
  const library: ModelLibrary = {
    list: async () => [...installed.values()],
    find: async (id) => installed.get(id),
    get: async (id) => {
      const model = installed.get(id);
      if (!model) throw missing(id);
      return model;
    },
    async *pull(reference, { signal } = {}): AsyncGenerator<PullEvent> {
      signal?.throwIfAborted();
      if (reference.startsWith('none:')) throw missing(reference);
      yield { type: 'looking', source: 'memory' };
      const model = describeModel(reference, ['chat', 'completion', 'embedding']);
      const bytes = model.sizeBytes;
      yield {
        type: 'progress',
        phase: 'downloading',
        source: 'memory',
        completedBytes: bytes,
        totalBytes: bytes,
        bytesPerSecond: bytes,
      };
      installed.set(reference, model);
      yield { type: 'done', model };
    },
    remove: async (id) => {
      if (!installed.delete(id)) throw missing(id);
    },
    catalogue: () => [],
    setTuned: async (id, tuned) => {
      const model = { ...(await library.get(id)), tuned };
      installed.set(id, model);
      return model;
    },
  };
  return library;
}
