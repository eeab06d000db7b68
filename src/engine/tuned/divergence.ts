/** How far one model's prediction of the next token is from another's. */
export interface Divergence {
  /** Kullback–Leibler divergence in nats: Σ p·ln(p/q), p from `reference`, q from `other`. */
  readonly kld: number;
  readonly sameTop: boolean;
}

/**
 * Compares two rows of logits. Sums are in double precision and shifted by the greatest logit, so that nothing overflows.
 * Checked by hand: p = (½, ½), q = (¾, ¼) → ½·ln(½/¾) + ½·ln(½/¼) = 0.143841.
 */
export function divergence(reference: Float32Array, other: Float32Array): Divergence {
  const p = logNormalizer(reference);
  const q = logNormalizer(other);
  let kld = 0;
  for (let token = 0; token < reference.length; token += 1) {
    const ours = reference[token]! - p.log;
    if (ours < -50) continue; // less than 10⁻²¹ of the probability
    kld += Math.exp(ours) * (ours - (other[token]! - q.log));
  }
  return { kld: Math.max(0, kld), sameTop: p.top === q.top };
}

/** Logarithm of the sum of exponentials, and where the greatest is. */
function logNormalizer(logits: Float32Array): { readonly log: number; readonly top: number } {
  let top = 0;
  for (let token = 1; token < logits.length; token += 1) if (logits[token]! > logits[top]!) top = token;
  const greatest = logits[top]!;
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - greatest);
  return { log: greatest + Math.log(sum), top };
}
