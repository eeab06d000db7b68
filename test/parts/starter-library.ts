import { basename } from 'node:path';
import { IntramurosError } from '../../src/base/index.ts';
import {
  type Capability,
  type InstalledModel,
  type ModelLibrary,
  readGgufFile,
  summarize,
} from '../../src/models/index.ts';
import { embeddingModelFile, starterModelFile } from './starter-model.ts';

/** A library in which the starter model is installed, under each of the given names, and the encoder as `embedder`. */
export async function openStarterLibrary(ids: readonly string[]): Promise<Pick<ModelLibrary, 'get'>> {
  const starter = await describe(await starterModelFile(), ['chat', 'completion']);
  return {
    async get(id) {
      if (id === 'embedder') return { ...(await describe(await embeddingModelFile(), ['embedding'])), id };
      if (ids.includes(id)) return { ...starter, id };
      throw new IntramurosError('model_not_found', `Model "${id}" is not installed.`);
    },
  };
}

async function describe(file: string, capabilities: readonly Capability[]): Promise<InstalledModel> {
  const header = await readGgufFile(file);
  const summary = summarize([header]);
  return {
    id: file,
    title: basename(file),
    files: [file],
    sizeBytes: header.endOffset,
    sha256: undefined,
    architecture: summary.architecture,
    family: undefined,
    parameterCount: summary.parameterCount,
    quantization: summary.quantization,
    bitsPerWeight: summary.bitsPerWeight,
    contextTokens: summary.contextTokens,
    embeddingLength: summary.embeddingLength,
    chatTemplate: summary.chatTemplate,
    capabilities,
    licence: 'Apache-2.0',
    languages: ['en'],
    origin: { kind: 'file', detail: file },
    tuned: undefined,
    installedAt: new Date(0).toISOString(),
  };
}
