import type { EngineUsage, GenerateRequest } from '../engine/index.ts';
import type { ToldUsage } from './kinds/kind.ts';

/** Bytes a token, roughly, over the languages and tokenizers in use: only for what nobody counted. */
const bytesPerToken = 4;
const tokensPerMessage = 4;
/** Templates add to what was sent; beyond this much a count is no count. */
const mostTemplateTokens = 4096;

/** What was sent and came, as this side saw it. */
export interface Seen {
  readonly request: GenerateRequest;
  readonly textBytes: number;
  readonly thinkingBytes: number;
  readonly told: ToldUsage | undefined;
  readonly promptMs: number;
  readonly generationMs: number;
}

/** Tokens of a prompt by its length, when nobody counted. */
export function estimatePromptTokens({ prompt }: GenerateRequest): number {
  if (prompt.kind === 'tokens') return prompt.tokens.length;
  if (prompt.kind === 'text') return estimateTokens(Buffer.byteLength(prompt.text));
  const bytes = prompt.messages.reduce((sum, { content }) => sum + Buffer.byteLength(content), 0);
  return estimateTokens(bytes) + tokensPerMessage * prompt.messages.length;
}

export const estimateTokens = (bytes: number): number => Math.ceil(bytes / bytesPerToken);

/** A count that can be believed: whole, not negative, within what can be. */
function believed(value: unknown, least: number, most: number): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= most
    ? value
    : undefined;
}

/** The usage to book: the upstream's own where it can be believed, else an estimate, marked as one. */
export function toUsage({ request, told, textBytes, thinkingBytes, promptMs, generationMs }: Seen): EngineUsage {
  const estimatedPrompt = estimatePromptTokens(request);
  const mostPrompt = estimatedPrompt * bytesPerToken + mostTemplateTokens;
  const bytes = textBytes + thinkingBytes;
  const mostCompletion = (request.maxTokens ?? Number.MAX_SAFE_INTEGER) * (request.choices ?? 1);
  const prompt = believed(told?.promptTokens, 1, mostPrompt);
  const completion = believed(told?.completionTokens, bytes > 0 ? 1 : 0, Math.max(mostCompletion, 1));
  const completionTokens = completion ?? Math.min(estimateTokens(bytes), mostCompletion);
  const promptTokens = prompt ?? estimatedPrompt;
  return {
    promptTokens,
    cachedPromptTokens: believed(told?.cachedPromptTokens, 0, promptTokens) ?? 0,
    completionTokens,
    thinkingTokens:
      believed(told?.thinkingTokens, 0, completionTokens) ?? Math.min(estimateTokens(thinkingBytes), completionTokens),
    queueMs: 0,
    promptMs,
    generationMs,
    ...(prompt === undefined || completion === undefined ? { estimated: true as const } : {}),
  };
}
