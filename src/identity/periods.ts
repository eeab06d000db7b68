import type { QuotaPeriod } from './quota-types.ts';

const lengthMs = { minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;

/** The period around an instant, in milliseconds since the epoch; UTC's minutes, hours, days and months. */
export function periodAround(period: QuotaPeriod, nowMs: number): { readonly startMs: number; readonly endMs: number } {
  if (period === 'month') {
    const date = new Date(nowMs);
    const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
    return { startMs: Date.UTC(year, month), endMs: Date.UTC(year, month + 1) };
  }
  const startMs = nowMs - (nowMs % lengthMs[period]);
  return { startMs, endMs: startMs + lengthMs[period] };
}
