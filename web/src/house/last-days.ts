import type { DayUsage } from '../api/wire-house.ts';

export const shownDays = 30;

/** The last days, each once: a day without use stands there as nothing. */
export function lastDays(days: readonly DayUsage[], today: Date): readonly DayUsage[] {
  const known = new Map(days.map((day) => [day.date, day]));
  return Array.from({ length: shownDays }, (_, at) => {
    const date = new Date(today.getTime() - (shownDays - 1 - at) * 86_400_000).toISOString().slice(0, 10);
    return known.get(date) ?? { date, requests: 0, promptTokens: 0, completionTokens: 0, costMicros: 0 };
  });
}
