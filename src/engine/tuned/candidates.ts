import type { FileFormat } from '../native/index.ts';

/** Formats worth a measurement for a file in `quantization`, and why when there are none. */
export interface Candidates {
  readonly formats: readonly FileFormat[];
  readonly words?: string;
}

/**
 * Formats with fast kernels on processors that keep the loss of a re-encoding small. From 2 to 6 bits only Q8_0 does: a new
 * 4-bit grid over an old one loses far too much (measured on the starter model, KLD in nats a token against its Q4_1 file:
 * Q8_0 0.007, Q6_K 0.015, Q4_K_M 0.076, IQ4_NL 0.37; the limit is 0.01).
 */
export function tuningCandidates(quantization: string): Candidates {
  const name = quantization.toUpperCase();
  if (/^(F|BF)(32|16)/.test(name)) return { formats: ['q8_0', 'q6_k'] };
  if (/^(Q8_0|Q4_0|IQ4_NL)/.test(name))
    return { formats: [], words: `${quantization} is already a format with fast kernels; nothing better is known.` };
  return { formats: ['q8_0'] };
}
