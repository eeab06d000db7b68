const binaryUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** Bytes as a person reads them: `1536` → `1.5 KiB`. Binary units, at most one decimal below 100. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < binaryUnits.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || value >= 100 ? 0 : 1;
  return `${value.toFixed(digits)} ${binaryUnits[unit]}`;
}

const durationUnitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `"5m"` → 300000; `"-1"` or `"forever"` → Infinity; `undefined` when the text is no duration. */
export function parseDurationMs(text: string): number | undefined {
  if (text === '-1' || text === 'forever') return Number.POSITIVE_INFINITY;
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(text.trim());
  if (!match) return undefined;
  return Number(match[1]) * (durationUnitsMs[match[2] ?? 's'] ?? 1000);
}

/** `"2GiB"`, `"500 MB"`, `"1024"` → bytes; `undefined` when the text is no size. */
export function parseBytes(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*(B|[KMGT]i?B?)?$/i.exec(text.trim());
  if (!match) return undefined;
  const unit = (match[2] ?? 'B').toUpperCase();
  const power = 'BKMGT'.indexOf(unit[0] ?? 'B');
  return Math.round(Number(match[1]) * (unit.includes('I') ? 1024 : 1000) ** Math.max(power, 0));
}
