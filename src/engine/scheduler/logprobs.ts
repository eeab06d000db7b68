import type { TokenAlternative, TokenLogprob } from '../types.ts';

/** Bytes of a token as it is spelt. */
export type Spelling = (token: number) => Uint8Array;

/** What -Infinity is sent as. */
const IMPOSSIBLE = -9999;

/** The log-probability of a token and of the `top` likeliest ones, from raw logits: before any sampling transform. */
export function toTokenLogprob(logits: Float32Array, token: number, top: number, spelling: Spelling): TokenLogprob {
  const normaliser = logSumExp(logits);
  const describe = (id: number): TokenAlternative => {
    const bytes = spelling(id);
    const logprob = logits[id]! - normaliser;
    return {
      token: id,
      text: Buffer.from(bytes).toString(),
      bytes: Array.from(bytes),
      logprob: Number.isFinite(logprob) ? logprob : IMPOSSIBLE,
    };
  };
  return { ...describe(token), top: likeliest(logits, top).map(describe) };
}

/** The first token of a prompt: nothing precedes it, so it has no probability. */
export function toFirstToken(token: number, spelling: Spelling): TokenLogprob {
  const bytes = spelling(token);
  return { token, text: Buffer.from(bytes).toString(), bytes: Array.from(bytes), logprob: Number.NaN, top: [] };
}

function logSumExp(logits: Float32Array): number {
  let most = Number.NEGATIVE_INFINITY;
  for (let at = 0; at < logits.length; at += 1) if (logits[at]! > most) most = logits[at]!;
  let sum = 0;
  for (let at = 0; at < logits.length; at += 1) sum += Math.exp(logits[at]! - most);
  return most + Math.log(sum);
}

/** Ids of the `count` largest logits, largest first; the lower id first where they are equal. */
function likeliest(logits: Float32Array, count: number): number[] {
  const best: number[] = [];
  if (count === 0) return best;
  let least = Number.NEGATIVE_INFINITY;
  for (let id = 0; id < logits.length; id += 1) {
    const logit = logits[id]!;
    if (best.length === count && logit <= least) continue;
    let at = best.length;
    while (at > 0 && logits[best[at - 1]!]! < logit) at -= 1;
    best.splice(at, 0, id);
    if (best.length > count) best.pop();
    least = logits[best[best.length - 1]!]!;
  }
  return best;
}
