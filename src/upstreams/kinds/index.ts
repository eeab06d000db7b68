import type { UpstreamKind } from '../schema.ts';
import { anthropicKind } from './anthropic.ts';
import { bedrockKind } from './bedrock.ts';
import type { WireKind } from './kind.ts';
import { ollamaKind } from './ollama.ts';
import { openAiKind } from './openai.ts';

/** The wire formats that can be spoken. */
export const wireKinds: Readonly<Record<UpstreamKind, WireKind>> = {
  openai: openAiKind,
  ollama: ollamaKind,
  anthropic: anthropicKind,
  bedrock: bedrockKind,
};
