import type { PromptInput } from '../../engine/index.ts';
import type { Price } from '../../upstreams/index.ts';

// French and English text has about 4 bytes a token; 3 errs on the side of the quota.
const bytesPerToken = 3;
// What a template writes around a message.
const tokensPerMessage = 8;

/** About how many tokens a prompt will be, rather too many than too few: it is reserved, and corrected when it is known. */
export function estimatePromptTokens(prompt: PromptInput | undefined): number {
  if (!prompt) return 0;
  if (prompt.kind === 'tokens') return prompt.tokens.length;
  if (prompt.kind === 'text') return estimateTokens(prompt.text);
  return prompt.messages.reduce(
    (sum, { content, thinking }) => sum + estimateTokens(content) + estimateTokens(thinking ?? '') + tokensPerMessage,
    0,
  );
}

/** About how many tokens a text of so many bytes is. */
export const estimateBytes = (bytes: number): number => Math.ceil(bytes / bytesPerToken);
/** About how many tokens a text is. */
export const estimateTokens = (text: string): number => estimateBytes(Buffer.byteLength(text));

/** What tokens cost at a price, in micro-units of its currency; 0 where there is none. */
export function costMicros(
  price: Price | undefined,
  used: { readonly promptTokens: number; readonly cachedPromptTokens?: number; readonly completionTokens: number },
): number {
  if (!price) return 0;
  const cached = used.cachedPromptTokens ?? 0;
  const input =
    (used.promptTokens - cached) * price.inputMicros + cached * (price.cachedInputMicros ?? price.inputMicros);
  return Math.ceil((input + used.completionTokens * price.outputMicros) / 1_000_000);
}
