import type { Detector } from '../../../src/personal/index.ts';
import type { Sentence } from './corpus.ts';

export interface Speed {
  readonly megabytesPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly bytes: number;
}

/**
 * Processor time over the corpus as texts of 64 KB, and the time of texts of 4 KB. Of three rounds the quickest counts, text by
 * text: what other programs of a busy machine take away is not the detector's.
 */
export function detectionSpeed(detector: Detector, corpus: readonly Sentence[]): Speed {
  const all = corpus.map(({ text }) => text).join('\n');
  const large = pieces(all, 65_536);
  for (const text of large) detector.find(text);
  const bytes = large.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  const seconds = Math.min(
    ...Array.from({ length: 3 }, () => {
      const before = process.cpuUsage();
      for (const text of large) detector.find(text);
      const { user, system } = process.cpuUsage(before);
      return (user + system) / 1e6;
    }),
  );
  const small = pieces(all, 4_096);
  const rounds = Array.from({ length: 3 }, () =>
    small.map((text) => {
      const start = performance.now();
      detector.find(text);
      return performance.now() - start;
    }),
  );
  const times = small.map((_, n) => Math.min(...rounds.map((round) => round[n]!))).toSorted((a, b) => a - b);
  const at = (part: number): number => times[Math.min(times.length - 1, Math.floor(times.length * part))]!;
  return { megabytesPerSecond: bytes / 1e6 / seconds, p50Ms: at(0.5), p99Ms: at(0.99), bytes };
}

/** Texts of a size, some over and over so that there are enough to speak of a hundredth. */
function pieces(all: string, length: number): readonly string[] {
  const long = all.repeat(4);
  return Array.from({ length: Math.floor(long.length / length) }, (_, n) => long.slice(n * length, (n + 1) * length));
}
