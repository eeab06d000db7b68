import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { IntramurosError } from '../../base/index.ts';
import type { CatalogueChoice } from '../catalogue/index.ts';
import { readModelFiles, summarize } from '../gguf/index.ts';
import type { FetchedFiles } from '../sources/source.ts';
import type { InstalledModel } from '../types.ts';

/**
 * The installed model that files on this disk are: what the header says, and what the catalogue adds.
 * @throws {IntramurosError} `model_file_invalid` for what is no GGUF; `model_unusable` for one that is no model of its own.
 */
export async function describeModel(
  id: string,
  fetched: FetchedFiles,
  options: {
    readonly choice?: CatalogueChoice | undefined;
    readonly installedAt: string;
    readonly signal?: AbortSignal;
  },
): Promise<InstalledModel> {
  const first = fetched.files[0] ?? '';
  const { files, headers } = await readModelFiles(first, options.signal ? { signal: options.signal } : {});
  const summary = summarize(headers);
  if (summary.kind === 'adapter' || summary.kind === 'mmproj') throw noModel(first, summary.kind);
  const entry = options.choice?.entry;
  const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size));
  return {
    id,
    title: entry?.title ?? summary.name ?? id,
    files,
    sizeBytes: sizes.reduce((total, size) => total + size, 0),
    sha256: fetched.sha256,
    architecture: summary.architecture,
    family: entry?.id.split(':')[0] ?? summary.architecture,
    parameterCount: summary.parameterCount,
    quantization: summary.quantization,
    bitsPerWeight: Math.round(summary.bitsPerWeight * 1000) / 1000,
    contextTokens: summary.contextTokens,
    embeddingLength: summary.embeddingLength,
    chatTemplate: summary.chatTemplate,
    capabilities: summary.capabilities,
    licence: entry?.licence ?? summary.licence,
    languages: entry?.languages ?? summary.languages,
    origin: fetched.origin,
    tuned: undefined,
    installedAt: options.installedAt,
    inPlace: fetched.inPlace,
  };
}

function noModel(file: string, kind: string): IntramurosError {
  const words = kind === 'adapter' ? 'an adapter (LoRA) for a model' : 'the vision part of a model';
  return new IntramurosError(
    'model_unusable',
    `${basename(file)} is ${words} and cannot answer by itself. Pull the model.`,
    {
      facts: { file: basename(file), kind },
    },
  );
}
