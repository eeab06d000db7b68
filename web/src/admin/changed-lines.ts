/** A line of a difference: kept, taken away or added. */
export interface ChangedLine {
  readonly sign: ' ' | '-' | '+';
  readonly text: string;
}

const around = 2;
const mostCells = 4_000_000;

/** The lines that differ between two texts, with two lines around them; all of both where they are too long to compare. */
export function changedLines(before: string, after: string): readonly ChangedLine[] {
  const [old, now] = [linesOf(before), linesOf(after)];
  if (old.length * now.length > mostCells)
    return [...old.map((text) => ({ sign: '-', text }) as const), ...now.map((text) => ({ sign: '+', text }) as const)];
  const all = aligned(old, now);
  const near = new Set<number>();
  for (const [at, { sign }] of all.entries())
    if (sign !== ' ') for (let line = at - around; line <= at + around; line += 1) near.add(line);
  return all.filter((_, at) => near.has(at));
}

const linesOf = (text: string): readonly string[] => (text === '' ? [] : text.replace(/\n$/, '').split('\n'));

/** Both texts as one list, by their longest common run of lines. */
function aligned(old: readonly string[], now: readonly string[]): readonly ChangedLine[] {
  const width = now.length + 1;
  const common = new Uint32Array((old.length + 1) * width);
  const at = (row: number, column: number): number => common[row * width + column] ?? 0;
  for (let row = old.length - 1; row >= 0; row -= 1)
    for (let column = now.length - 1; column >= 0; column -= 1)
      common[row * width + column] =
        old[row] === now[column] ? at(row + 1, column + 1) + 1 : Math.max(at(row + 1, column), at(row, column + 1));
  const lines: ChangedLine[] = [];
  let [row, column] = [0, 0];
  while (row < old.length || column < now.length) {
    if (row < old.length && old[row] === now[column]) {
      lines.push({ sign: ' ', text: old[row] ?? '' });
      row += 1;
      column += 1;
    } else if (row < old.length && (column >= now.length || at(row + 1, column) >= at(row, column + 1))) {
      lines.push({ sign: '-', text: old[row] ?? '' });
      row += 1;
    } else {
      lines.push({ sign: '+', text: now[column] ?? '' });
      column += 1;
    }
  }
  return lines;
}
