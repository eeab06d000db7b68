import type { CatalogueEntry, CatalogueVariant } from '../types.ts';
import data from './catalogue.json' with { type: 'json' };

/** Every model we know of, the starter first. The data file is checked by a test and not at run time. */
export const catalogue: readonly CatalogueEntry[] = data as unknown as readonly CatalogueEntry[];

export interface CatalogueChoice {
  readonly entry: CatalogueEntry;
  readonly variant: CatalogueVariant;
  /** Name under which this variant is installed: the entry's own for its first one, `smollm2:135m-q8_0` for others. */
  readonly id: string;
}

/** What a name means: an entry, one of its aliases, or a variant as `<id>-<quantization>`; in any case of letters. */
export function findInCatalogue(name: string): CatalogueChoice | undefined {
  const wanted = name.toLowerCase();
  for (const entry of catalogue) {
    const names = [entry.id, ...(entry.aliases ?? []), ...(entry.aliases ?? []).map((alias) => `${alias}:latest`)];
    const first = entry.variants[0];
    if (first && names.includes(wanted)) return { entry, variant: first, id: entry.id };
    for (const variant of entry.variants) {
      if (wanted === variantId(entry, variant)) return choose(entry, variant);
    }
  }
  return undefined;
}

/** The entry and variant whose file has this SHA-256. */
export function findBySha256(sha256: string): CatalogueChoice | undefined {
  for (const entry of catalogue) {
    const variant = entry.variants.find((candidate) => candidate.sha256 === sha256);
    if (variant) return choose(entry, variant);
  }
  return undefined;
}

/** Names near to one that is not there, nearest first. */
export function similarNames(name: string, among: readonly string[], limit = 3): readonly string[] {
  const wanted = name.toLowerCase();
  return among
    .map((id) => ({ id, distance: distance(wanted, id) - (id.startsWith(wanted.split(':')[0] ?? wanted) ? 4 : 0) }))
    .filter(({ id, distance }) => distance <= Math.max(3, id.length / 3))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, limit)
    .map(({ id }) => id);
}

function choose(entry: CatalogueEntry, variant: CatalogueVariant): CatalogueChoice {
  return { entry, variant, id: variant === entry.variants[0] ? entry.id : variantId(entry, variant) };
}

function variantId(entry: CatalogueEntry, variant: CatalogueVariant): string {
  return `${entry.id}-${variant.quantization.toLowerCase()}`;
}

/** Levenshtein's distance: single letters to insert, delete or change. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const change = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(next[j - 1]! + 1, row[j]! + 1, change));
    }
    row = next;
  }
  return row[b.length]!;
}
