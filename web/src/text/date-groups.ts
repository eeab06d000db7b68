export type DateGroup = 'today' | 'yesterday' | 'week' | 'month' | 'older';
export const dateGroups: readonly DateGroup[] = ['today', 'yesterday', 'week', 'month', 'older'];

const dayMs = 86_400_000;

/** The group of the list a date falls into, by calendar days of the reader's time zone. */
export function dateGroup(iso: string, now: Date): DateGroup {
  const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate()).getTime();
  const then = new Date(iso).getTime();
  if (then >= midnight) return 'today';
  // A day may have 23 or 25 hours: yesterday starts at its own midnight.
  const yesterday = new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1).getTime();
  if (then >= yesterday) return 'yesterday';
  if (then >= midnight - 7 * dayMs) return 'week';
  if (then >= midnight - 30 * dayMs) return 'month';
  return 'older';
}

/** Items by group, groups in order, empty ones left out. */
export function groupByDate<T extends { readonly updatedAt: string }>(
  items: readonly T[],
  now: Date,
): readonly { readonly group: DateGroup; readonly items: readonly T[] }[] {
  return dateGroups
    .map((group) => ({ group, items: items.filter((item) => dateGroup(item.updatedAt, now) === group) }))
    .filter(({ items: found }) => found.length > 0);
}
