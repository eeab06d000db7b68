import type { Clock } from '../../base/index.ts';
import type { EngineEvent, GenerateRequest } from '../../engine/index.ts';
import type { Piece, ToldUsage } from '../kinds/kind.ts';
import { estimatePromptTokens, toUsage } from '../usage.ts';

/** The pieces of a reply as the engine's own events, in the engine's order. */
export async function* toEvents(
  request: GenerateRequest,
  batches: AsyncIterable<readonly Piece[]>,
  clock: Clock,
  startedMs: number,
): AsyncGenerator<EngineEvent, void, undefined> {
  const thinkingSince = new Map<number, number>();
  let told: ToldUsage | undefined;
  let firstMs: number | undefined;
  let [textBytes, thinkingBytes] = [0, 0];
  for await (const batch of batches) {
    const now = clock.monotonic();
    for (const piece of batch) {
      if (piece.type === 'usage') {
        told = { ...told, ...definedOf(piece.usage) };
        continue;
      }
      if (firstMs === undefined) {
        firstMs = now;
        yield { type: 'prompt', promptTokens: estimatePromptTokens(request), cachedTokens: 0 };
      }
      const { choice } = piece;
      const since = thinkingSince.get(choice);
      if (since !== undefined && !(piece.type === 'delta' && piece.kind === 'thinking')) {
        thinkingSince.delete(choice);
        yield { type: 'thinking-end', choice, durationMs: Math.round(now - since) };
      }
      if (piece.type === 'delta') {
        const bytes = Buffer.byteLength(piece.text);
        if (piece.kind === 'text') textBytes += bytes;
        else thinkingBytes += bytes;
        if (piece.kind === 'thinking' && since === undefined) thinkingSince.set(choice, now);
        yield { ...piece, tokens: piece.logprobs?.length ?? 1 };
      } else yield piece;
    }
  }
  const endMs = clock.monotonic();
  const promptMs = Math.round((firstMs ?? endMs) - startedMs);
  const generationMs = Math.round(endMs - (firstMs ?? endMs));
  yield { type: 'done', usage: toUsage({ request, told, textBytes, thinkingBytes, promptMs, generationMs }) };
}

/** Counts may come in several parts; a later one that says nothing does not take back an earlier. */
function definedOf(usage: ToldUsage): ToldUsage {
  return Object.fromEntries(Object.entries(usage).filter(([, value]) => value !== undefined && value !== null));
}
