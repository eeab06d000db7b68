import type { Registry } from 'prom-client';

/** One row of a histogram: what was observed under one set of labels. */
export class Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly #bounds: readonly number[];
  /** How many fell into each bucket alone; the last is above all bounds. */
  readonly counts: number[];
  sum = 0;
  count = 0;

  constructor(labels: Readonly<Record<string, string>>, bounds: readonly number[]) {
    this.labels = labels;
    this.#bounds = bounds;
    this.counts = new Array<number>(bounds.length + 1).fill(0);
  }

  observe(value: number): void {
    if (!Number.isFinite(value)) return;
    const bounds = this.#bounds;
    let at = 0;
    while (at < bounds.length && value > (bounds[at] as number)) at += 1;
    this.counts[at] = (this.counts[at] as number) + 1;
    this.sum += value;
    this.count += 1;
  }
}

interface Sample {
  readonly metricName: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/**
 * A histogram that is observed on every request: its rows are kept by whoever observes, so that an observation is an addition
 * and no search among labels. Read by the registry like one of its own.
 */
export class Tally<L extends string> {
  readonly name: string;
  readonly help: string;
  readonly #labelNames: readonly L[];
  readonly #bounds: readonly number[];
  readonly #rows = new Map<string, Series>();

  constructor(options: {
    readonly name: string;
    readonly help: string;
    readonly labelNames: readonly L[];
    readonly buckets: readonly number[];
    readonly registry: Registry;
  }) {
    this.name = options.name;
    this.help = options.help;
    this.#labelNames = options.labelNames;
    this.#bounds = options.buckets;
    options.registry.registerMetric(this as unknown as Parameters<Registry['registerMetric']>[0]);
  }

  /** The row of these labels, in the order of their names; to be kept and observed again. */
  row(...values: readonly string[]): Series {
    const key = values.join('\n');
    let row = this.#rows.get(key);
    if (!row) {
      const pairs = this.#labelNames.map((name, index) => [name, values[index] ?? ''] as const);
      row = new Series(Object.fromEntries(pairs), this.#bounds);
      this.#rows.set(key, row);
    }
    return row;
  }

  /** What the registry shows. */
  get(): {
    readonly name: string;
    readonly help: string;
    readonly type: 'histogram';
    readonly aggregator: 'sum';
    readonly values: readonly Sample[];
  } {
    const values = [...this.#rows.values()].flatMap((row) => this.#samples(row));
    return { name: this.name, help: this.help, type: 'histogram', aggregator: 'sum', values };
  }

  reset(): void {
    this.#rows.clear();
  }

  #samples({ labels, counts, sum, count }: Series): readonly Sample[] {
    let below = 0;
    const buckets = [...this.#bounds, '+Inf' as const].map((le, at) => {
      below += counts[at] as number;
      return { metricName: `${this.name}_bucket`, labels: { ...labels, le }, value: below };
    });
    return [
      ...buckets,
      { metricName: `${this.name}_sum`, labels, value: sum },
      { metricName: `${this.name}_count`, labels, value: count },
    ];
  }
}

/** What `make` gives for up to three words, made once. */
export function remembered<T>(make: (a: string, b: string, c: string) => T): (a: string, b?: string, c?: string) => T {
  const known = new Map<string, T>();
  return (a, b = '', c = '') => {
    const key = `${a}\n${b}\n${c}`;
    let found = known.get(key);
    if (found === undefined) {
      found = make(a, b, c);
      known.set(key, found);
    }
    return found;
  };
}
