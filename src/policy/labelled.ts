import { IntramurosError } from '../base/index.ts';
import { isWithin, join, publicLabel } from './labels.ts';
import type { Label, Labelled, LabelSource } from './types.ts';

const made = new WeakSet<object>();

/** Most sources kept with a value; the ones that raised it most are kept first. */
const mostSources = 64;

/** The one way to a `Labelled`: the value, and everything that says how sensitive it is. No source at all is refused. */
export function labelled<T>(value: T, sources: readonly [LabelSource, ...LabelSource[]]): Labelled<T> {
  return make(value, sources);
}

/** Puts several labelled values together: the result is as sensitive as all of them. */
export function joinLabelled<T, R>(parts: readonly Labelled<T>[], combine: (values: readonly T[]) => R): Labelled<R> {
  for (const part of parts) assertLabelled(part);
  const sources = parts.flatMap((part) => part.sources);
  return make(combine(parts.map(({ value }) => value)), sources);
}

/** Makes something out of a labelled value (a title, a summary, a chunk): as sensitive as what it was made of. */
export function mapLabelled<T, R>(part: Labelled<T>, change: (value: T) => R): Labelled<R> {
  assertLabelled(part);
  return make(change(part.value), part.sources);
}

/** @throws {IntramurosError} `internal` when a cast went round the types: such a value was made by nobody. */
export function assertLabelled(value: Labelled<unknown>): void {
  if (typeof value === 'object' && value !== null && made.has(value)) return;
  throw new IntramurosError('internal', 'A value without a label came to a place that sends. Make it with labelled().');
}

/** The sources to name in a refusal: those without which the label would be lower. */
export function raisingSources(label: Label, sources: readonly LabelSource[]): readonly LabelSource[] {
  const raising = sources.filter(
    (source) =>
      (source.label.level === label.level && label.level !== 'PUBLIC') ||
      source.label.mentions.some((mention) => label.mentions.includes(mention)) ||
      source.label.compartments.some((name) => label.compartments.includes(name)),
  );
  return raising.length > 0 ? raising : sources;
}

function make<T>(value: T, sources: readonly LabelSource[]): Labelled<T> {
  let label = publicLabel;
  for (const source of sources) label = join(label, source.label);
  const one = Object.freeze({ value, label, sources: Object.freeze(distinct(sources)) }) as Labelled<T>;
  made.add(one);
  return one;
}

function distinct(sources: readonly LabelSource[]): LabelSource[] {
  const known = new Map<string, LabelSource>();
  for (const source of sources) {
    const key = `${source.kind}:${source.id}`;
    const before = known.get(key);
    if (before === undefined) known.set(key, source);
    else if (!isWithin(source.label, before.label))
      known.set(key, { ...before, label: join(before.label, source.label) });
  }
  if (known.size <= mostSources) return [...known.values()];
  const all = [...known.values()];
  const label = all.reduce((sum, source) => join(sum, source.label), publicLabel);
  const first = raisingSources(label, all);
  return [...new Set([...first, ...all])].slice(0, mostSources);
}
