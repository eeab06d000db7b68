import { homedir } from 'node:os';
import type { FoundModel } from './found-model.ts';
import { findHuggingFaceModels } from './huggingface-cache.ts';
import { findLmStudioModels } from './lm-studio.ts';
import { findOllamaModels } from './ollama.ts';

export type { FoundModel } from './found-model.ts';
export { quantizationInName } from './gguf-folder.ts';

/** What Ollama, LM Studio and Hugging Face's tools hold on this disk; the first of one name is kept. */
export async function findModels(environment: NodeJS.ProcessEnv): Promise<readonly FoundModel[]> {
  const home = environment.HOME || environment.USERPROFILE || homedir();
  const found = await Promise.all([
    findOllamaModels(environment, home),
    findLmStudioModels(home),
    findHuggingFaceModels(environment, home),
  ]);
  const byId = new Map<string, FoundModel>();
  for (const model of found.flat()) if (!byId.has(model.id)) byId.set(model.id, model);
  return [...byId.values()];
}
