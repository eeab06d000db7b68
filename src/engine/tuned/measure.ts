import { IntramurosError } from '../../base/index.ts';
import { type Library, type NativeContext, openContext, openModel } from '../native/index.ts';
import { builtInText } from './built-in-text.ts';
import { divergence } from './divergence.ts';
import type { Speed } from './protocol.ts';

const chunkTokens = 64;
const prefillTokens = 128;
const decodeTokens = 16;
const mostRounds = 7;
const leastRounds = 3;
/** Large models: no further round once this has passed. */
const roundsMs = 20_000;

/** A model opened to be measured, with the built-in text in its own tokens. */
export interface Bench {
  readonly context: NativeContext;
  readonly tokens: readonly number[];
  close(): void;
}

export async function openBench(library: Library, file: string, threads: number): Promise<Bench> {
  const model = await openModel(library, { file });
  try {
    if (!model.hasDecoder) {
      throw new IntramurosError(
        'model_unusable',
        'Only models that generate text are tuned; this one makes embeddings.',
      );
    }
    const tokens = model.vocabulary.tokenize(builtInText, { addSpecial: true, parseSpecial: false });
    const context = await openContext(model, {
      contextTokens: Math.max(tokens.length, prefillTokens + decodeTokens) + chunkTokens,
      sequences: 1,
      batchTokens: prefillTokens,
      microBatchTokens: prefillTokens,
      outputs: chunkTokens,
      threads,
      unified: true,
    });
    const close = (): void => {
      context.close();
      model.close();
    };
    return { context, tokens, close };
  } catch (error) {
    model.close();
    throw error;
  }
}

/** Mean divergence of `other` from `reference` over the built-in text; stops early when it is beyond hope. */
export async function measureLoss(
  reference: Bench,
  other: Bench,
  options: { readonly hopelessKld: number; readonly onProgress: (share: number) => void },
): Promise<{ readonly kld: number; readonly sameTopToken: number }> {
  const { tokens } = reference;
  reference.context.clear();
  other.context.clear();
  let [kld, same, positions] = [0, 0, 0];
  for (let start = 0; start < tokens.length; start += chunkTokens) {
    const chunk = tokens.slice(start, start + chunkTokens);
    for (const { context } of [reference, other]) {
      chunk.forEach((token, at) => void context.add(token, start + at, 0, true));
      await decode(context);
    }
    for (const [at] of chunk.entries()) {
      const here = divergence(reference.context.logits(at), other.context.logits(at));
      kld += here.kld;
      same += here.sameTop ? 1 : 0;
      positions += 1;
    }
    options.onProgress(positions / tokens.length);
    if (positions >= 3 * chunkTokens && kld / positions > options.hopelessKld) break;
  }
  return { kld: kld / positions, sameTopToken: same / positions };
}

interface Round {
  readonly prefill: number;
  readonly decode: number;
}

/**
 * Speeds of both, in interleaved pairs whose order alternates, so that what else the machine does meets both alike. The best
 * round of each counts: other programs make rounds slow, and nothing makes one too fast.
 */
export async function measureSpeed(
  original: Bench,
  candidate: Bench,
  onProgress: (share: number) => void,
): Promise<Speed> {
  await timeRound(original); // the first touch of each file and cache is not counted
  await timeRound(candidate);
  const pairs: { readonly original: Round; readonly candidate: Round }[] = [];
  const startedAt = performance.now();
  while (pairs.length < mostRounds && (pairs.length < leastRounds || performance.now() - startedAt < roundsMs)) {
    const candidateFirst = pairs.length % 2 === 1;
    const early = candidateFirst ? await timeRound(candidate) : undefined;
    const pulled = await timeRound(original);
    pairs.push({ original: pulled, candidate: early ?? (await timeRound(candidate)) });
    onProgress(pairs.length / mostRounds);
  }
  const best = (side: 'original' | 'candidate', part: keyof Round): number =>
    Math.max(...pairs.map((pair) => pair[side][part]));
  const [prefill, decoded] = [best('candidate', 'prefill'), best('candidate', 'decode')];
  const pulled = {
    prefillTokensPerSecond: best('original', 'prefill'),
    decodeTokensPerSecond: best('original', 'decode'),
  };
  return {
    prefillTokensPerSecond: prefill,
    decodeTokensPerSecond: decoded,
    original: pulled,
    prefillGain: prefill / pulled.prefillTokensPerSecond,
    decodeGain: decoded / pulled.decodeTokensPerSecond,
  };
}

/** Computes 128 tokens at once, then 16 one by one, as an engine does with a prompt and its answer. */
async function timeRound({ context, tokens }: Bench): Promise<Round> {
  context.clear();
  const prefillMs = await timed(() => {
    for (let at = 0; at < prefillTokens; at += 1) context.add(tokens[at]!, at, 0, at === prefillTokens - 1);
    return decode(context);
  });
  const decodeMs = await timed(async () => {
    for (let at = prefillTokens; at < prefillTokens + decodeTokens; at += 1) {
      context.add(tokens[at]!, at, 0, true);
      await decode(context);
    }
  });
  return { prefill: (prefillTokens / prefillMs) * 1000, decode: (decodeTokens / decodeMs) * 1000 };
}

async function timed(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

async function decode(context: NativeContext): Promise<void> {
  const status = await context.decode();
  if (status !== 0) throw new IntramurosError('model_unusable', `The model cannot compute (library status ${status}).`);
}
