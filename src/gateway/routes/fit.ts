import { totalmem } from 'node:os';
import type { CatalogueEntry, CatalogueVariant } from '../../models/index.ts';

export type Fit = 'fits' | 'tight' | 'too-large';

/**
 * Memory that a variant takes, bytes: its file, and a fifth more for the KV cache, compute buffers and the process.
 * A rough bound before anything is downloaded; the engine predicts exactly before a load. Checked: 1 GB file → 1.2 GB.
 */
export const neededBytes = (variant: CatalogueVariant): number => Math.round(variant.sizeBytes * 1.2);

/** Whether a model fits: within 70 % of the machine's memory it does, within 90 % it is tight. */
export function fitOf(
  entry: CatalogueEntry,
  memoryBytes: number = totalmem(),
): { readonly fit: Fit; readonly bestVariant: CatalogueVariant | null } {
  const bySize = [...entry.variants].sort((a, b) => b.sizeBytes - a.sizeBytes);
  const fitting = bySize.find((variant) => neededBytes(variant) <= memoryBytes * 0.7);
  if (fitting) return { fit: 'fits', bestVariant: fitting };
  const tight = bySize.find((variant) => neededBytes(variant) <= memoryBytes * 0.9);
  return tight ? { fit: 'tight', bestVariant: tight } : { fit: 'too-large', bestVariant: bySize.at(-1) ?? null };
}
