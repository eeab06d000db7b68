import { IntramurosError } from '../../src/base/index.ts';
import { readGgufFile } from '../../src/models/gguf/index.ts';
import type { InstalledModel, ModelLibrary } from '../../src/models/index.ts';
import { starterModelFile } from './starter-model.ts';

/** A library in which the starter model is installed, under each of the given names. */
export async function openStarterLibrary(ids: readonly string[]): Promise<Pick<ModelLibrary, 'get'>> {
  const file = await starterModelFile();
  const { metadata, endOffset } = await readGgufFile(file);
  const text = (key: string): string => String(metadata.get(key) ?? '');
  return {
    async get(id): Promise<InstalledModel> {
      if (!ids.includes(id)) throw new IntramurosError('model_not_found', `Model "${id}" is not installed.`);
      return {
        id,
        title: text('general.name'),
        files: [file],
        sizeBytes: endOffset,
        sha256: undefined,
        architecture: text('general.architecture'),
        family: 'smollm2',
        parameterCount: 134_515_008,
        quantization: 'Q4_1',
        bitsPerWeight: (endOffset * 8) / 134_515_008,
        contextTokens: Number(metadata.get('llama.context_length')),
        embeddingLength: Number(metadata.get('llama.embedding_length')),
        chatTemplate: text('tokenizer.chat_template'),
        capabilities: ['chat', 'completion'],
        licence: 'Apache-2.0',
        languages: ['en'],
        origin: { kind: 'file', detail: file },
        tuned: undefined,
        installedAt: new Date(0).toISOString(),
      };
    },
  };
}
