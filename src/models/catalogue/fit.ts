import type { CatalogueEntry, CatalogueVariant } from '../types.ts';
import { catalogue } from './catalogue.ts';

/** What a model has to fit into. */
export interface Machine {
  /** Memory that models may live in: of the machine, or of its GPU when the model runs there. */
  readonly memoryBytes: number;
  /** Memory bandwidth, when measured: decides how big a model is still pleasant. Default 40 GB/s, two channels of DDR5. */
  readonly bandwidthBytesPerSecond?: number;
}

export type FitVerdict = 'fits' | 'tight' | 'too-large';
export interface Fit {
  readonly verdict: FitVerdict;
  /** The variant that the verdict is about: the best that fits, else the smallest. */
  readonly variant: CatalogueVariant;
  readonly neededBytes: number;
  /** Upper bound of tokens a second for one answer: bandwidth / bytes read a token. */
  readonly tokensPerSecond: number;
}

const fitContextTokens = 8192;
const cacheElementBytes = 2;
const processBytes = 48 * 2 ** 20;
const defaultBandwidth = 40e9;
const pleasantTokensPerSecond = 6;

/**
 * Memory for one conversation of 8,192 tokens: weights + KV cache at f16 + compute buffer + the process.
 * compute = 64 MiB + 2 % of the weights (vocabulary tables and activations with few outputs; workshop measurements gave 15
 * to 60 MiB on small models); process 48 MiB. An unknown cache shape counts 4 % of the weights.
 * Checked: SmolLM2-135M Q4_1, 98.4 MB + 11,520 × 8,192 × 2 B = 188.7 MB + 69 MB + 50 MB = 406 MB; measured 347 MiB (364 MB).
 */
export function neededBytes(entry: CatalogueEntry, variant: CatalogueVariant): number {
  const weights = variant.sizeBytes;
  return Math.round(weights + cacheBytes(entry, weights) + 64 * 2 ** 20 + 0.02 * weights + processBytes);
}

function cacheBytes(entry: CatalogueEntry, weights: number): number {
  const { cacheShape } = entry;
  if (!cacheShape) return 0.04 * weights;
  const tokens = Math.min(fitContextTokens, entry.contextTokens);
  const windowed = cacheShape.windowed;
  const inWindow = windowed ? windowed.elementsPerToken * Math.min(tokens, windowed.windowTokens + 512) : 0;
  return (cacheShape.elementsPerToken * tokens + inWindow) * cacheElementBytes;
}

/** Whether a model fits a machine, and in which variant. Leaves an eighth of the memory, at least 1 GiB, to everything else. */
export function fitOf(entry: CatalogueEntry, machine: Machine): Fit {
  const usable = Math.max(0, machine.memoryBytes - Math.max(2 ** 30, machine.memoryBytes / 8));
  const fits = entry.variants.map((variant): Fit => {
    const needed = neededBytes(entry, variant);
    const verdict = needed <= 0.85 * usable ? 'fits' : needed <= usable ? 'tight' : 'too-large';
    return { verdict, variant, neededBytes: needed, tokensPerSecond: speedOf(entry, variant, machine) };
  });
  const smallest = fits.toSorted((a, b) => a.neededBytes - b.neededBytes)[0];
  if (!smallest) throw new TypeError(`catalogue entry ${entry.id} has no variant`);
  // The catalogue lists the variant that its makers or common use recommend first.
  return fits.find(({ verdict }) => verdict === 'fits') ?? fits.find(({ verdict }) => verdict === 'tight') ?? smallest;
}

/** Decoding one token reads the active weights once: bandwidth / (bytes × active share). */
function speedOf(entry: CatalogueEntry, variant: CatalogueVariant, machine: Machine): number {
  const activeShare = (entry.activeParameterCount ?? entry.parameterCount) / entry.parameterCount;
  return (machine.bandwidthBytesPerSecond ?? defaultBandwidth) / (variant.sizeBytes * activeShare);
}

/**
 * The best chat model for a machine: of those that fit and answer at a reading pace, the one with the greatest
 * √(parameters × active parameters), newer first among equals; models of before 2025 count 0.7. A rule of thumb for a first
 * choice, no measurement of quality.
 * @param options.language counts models that do not know it as 0.7.
 */
export function recommend(
  machine: Machine,
  options: { readonly language?: string; readonly entries?: readonly CatalogueEntry[] } = {},
): { readonly entry: CatalogueEntry; readonly fit: Fit } | undefined {
  const candidates = (options.entries ?? catalogue)
    .filter((entry) => entry.capabilities.includes('chat'))
    .map((entry) => ({ entry, fit: fitOf(entry, machine) }))
    .filter(({ fit }) => fit.verdict === 'fits' && fit.tokensPerSecond >= pleasantTokensPerSecond);
  const score = (entry: CatalogueEntry): number => {
    const size = Math.sqrt(entry.parameterCount * (entry.activeParameterCount ?? entry.parameterCount));
    const knows = options.language === undefined || entry.languages.includes(options.language);
    return size * (entry.released < '2025' ? 0.7 : 1) * (knows ? 1 : 0.7);
  };
  return candidates.sort(
    (a, b) => score(b.entry) - score(a.entry) || b.entry.released.localeCompare(a.entry.released),
  )[0];
}
