/** One comparison, printed as the line that scripts read. `goal` is written beside it so that a miss shows. */
export interface Comparison {
  readonly name: string;
  readonly ours: number;
  readonly theirs: number;
  /** What the ratio ours / theirs has to satisfy. */
  readonly goal: { readonly atLeast: number } | { readonly atMost: number };
  readonly unit: string;
}

/** True when the ratio satisfies the goal. */
export function isMet({ ours, theirs, goal }: Comparison): boolean {
  const ratio = ours / theirs;
  return 'atLeast' in goal ? ratio >= goal.atLeast : ratio <= goal.atMost;
}

/** `RESULT <name> ours=<x> theirs=<y> ratio=<r>` and, after it, unit, goal and verdict. */
export function printComparison(comparison: Comparison): void {
  const { name, ours, theirs, goal, unit } = comparison;
  const wanted = 'atLeast' in goal ? `>=${goal.atLeast}` : `<=${goal.atMost}`;
  const verdict = isMet(comparison) ? 'met' : 'MISSED';
  console.log(
    `RESULT ${name} ours=${round(ours)} theirs=${round(theirs)} ratio=${round(ours / theirs)} unit=${unit} goal=${wanted} ${verdict}`,
  );
}

/** A figure of ours against a fixed limit, where no peer has the like. */
export function printAgainstLimit(name: string, ours: number, limit: number, unit: string): void {
  console.log(
    `RESULT ${name} ours=${round(ours)} theirs=${round(limit)} ratio=${limit === 0 ? (ours === 0 ? 0 : 'inf') : round(ours / limit)} unit=${unit} goal=limit ${ours <= limit ? 'met' : 'MISSED'}`,
  );
}

/** Middle value; the mean of the two middle ones of an even count. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

const round = (value: number): number => (Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3)));
