import { greedyBiases, likeliest, type NativeContext, type NativeModel, openSampler } from '../native/index.ts';
import type { Backend } from '../scheduler/index.ts';

/** The scheduler's view of a loaded model. @param shown control tokens that answers spell out. */
export function openNativeBackend(
  model: NativeModel,
  context: NativeContext,
  sizes: {
    readonly sequences: number;
    readonly outputs: number;
    readonly requestTokens: number;
    readonly keptTokens: number;
    readonly storeBytes: number;
  },
  shown: ReadonlySet<number>,
): Backend {
  const { vocabulary } = model;
  return {
    ...sizes,
    contextTokens: context.contextTokens,
    batchTokens: context.batchTokens,
    canTruncate: model.canTruncate,
    add: context.add,
    decode: context.decode,
    abort: context.abort,
    logits: context.logits,
    share: context.share,
    truncate: context.truncate,
    stateBytes: context.stateBytes,
    save: context.save,
    restore: context.restore,
    piece: (token) => (shown.has(token) ? vocabulary.spelling(token) : vocabulary.piece(token)),
    spelling: vocabulary.spelling,
    isEnd: (token) => vocabulary.endOfGeneration.has(token),
    openSampler(options) {
      const biases = greedyBiases(model, options);
      if (biases) {
        return { sample: (place) => likeliest(context.logits(place), biases), accept: () => {}, close: () => {} };
      }
      const sampler = openSampler(model, options);
      return {
        sample: (place) => context.sample(sampler.handle, place),
        accept: sampler.accept,
        close: sampler.close,
      };
    },
  };
}
