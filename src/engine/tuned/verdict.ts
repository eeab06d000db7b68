import type { Measurement, Speed } from './protocol.ts';

/** Most loss a tuned copy may have: mean KLD to the pulled file, nats a token. */
export const mostKld = 0.01;
/** Past this after a part of the text, the rest would not bring it back. */
export const hopelessKld = 5 * mostKld;

/** What makes a second file worth its place. */
export interface Worth {
  /** Least gain: geometric mean of prefill and decode. */
  readonly leastGain: number;
  /** A copy may not be slower than this share of the pulled file in either. */
  readonly leastOfEach: number;
}
export const usualWorth: Worth = { leastGain: 1.1, leastOfEach: 0.97 };

const gainOf = ({ prefillGain, decodeGain }: Speed): number => Math.sqrt(prefillGain * decodeGain);

/** The fastest candidate whose loss is small, if it is worth having. */
export function bestCandidate(
  measurements: readonly Measurement[],
  { leastGain, leastOfEach }: Worth = usualWorth,
): (Measurement & { readonly speed: Speed }) | undefined {
  return measurements
    .filter((candidate): candidate is Measurement & { readonly speed: Speed } => candidate.speed !== undefined)
    .filter(({ kld, speed }) => kld <= mostKld && gainOf(speed) >= leastGain)
    .filter(({ speed }) => Math.min(speed.prefillGain, speed.decodeGain) >= leastOfEach)
    .sort((a, b) => gainOf(b.speed) - gainOf(a.speed))[0];
}

/** What was found about the candidates, in words, when none was kept. */
export function whyNone(measurements: readonly Measurement[]): string {
  const found = measurements.map(({ format, kld, speed }) =>
    speed
      ? `${format.toUpperCase()}: prefill × ${speed.prefillGain.toFixed(2)}, decode × ${speed.decodeGain.toFixed(2)}`
      : `${format.toUpperCase()}: loses too much (KLD ${kld.toFixed(3)}, at most ${mostKld})`,
  );
  return `Nothing better than the pulled file was found. ${found.join('; ')}.`;
}
