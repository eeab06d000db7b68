import { IntramurosError } from '../base/index.ts';
import { type Label, type Level, levels } from './types.ts';

/** Anybody may read it: the least label, and the neutral one of `join`. */
export const publicLabel: Label = Object.freeze({ level: 'PUBLIC', mentions: [], compartments: [] });

/** What data is of which nobody said anything, unless the setting `defaultLabel` says otherwise. */
export const internalLabel: Label = Object.freeze({ level: 'INTERNE', mentions: [], compartments: [] });

const mostNames = 32;
const mentionForm = /^[A-Z][A-Z0-9_]{0,63}$/;
const compartmentForm = /^[\p{L}\p{N}][\p{L}\p{N}._:@/-]{0,127}$/u;

/** A label in its one form: sorted, without repeats, checked. @throws {IntramurosError} `invalid_request` naming the wrong part. */
export function toLabel(
  parts: {
    readonly level: string;
    readonly mentions?: readonly string[];
    readonly compartments?: readonly string[];
  },
  where = 'label',
): Label {
  const wrong = (part: string, found: string, wanted: string): IntramurosError => wrongPart(where, part, found, wanted);
  const level = parts.level.trim().toUpperCase();
  if (!isLevel(level)) throw wrong('level', parts.level, `one of ${levels.join(', ')}`);
  const mentions = tidy((parts.mentions ?? []).map((mention) => mention.trim().toUpperCase()));
  const compartments = tidy((parts.compartments ?? []).map((name) => name.trim()));
  const badMention = mentions.find((name) => !mentionForm.test(name));
  if (badMention !== undefined) throw wrong('mentions', badMention, 'capital letters, digits and _, as in PII,SANTE');
  const badCompartment = compartments.find((name) => !compartmentForm.test(name));
  if (badCompartment !== undefined) throw wrong('compartments', badCompartment, 'names of groups, without spaces');
  if (mentions.length > mostNames) throw wrong('mentions', `${mentions.length} names`, `at most ${mostNames}`);
  if (compartments.length > mostNames)
    throw wrong('compartments', `${compartments.length} names`, `at most ${mostNames}`);
  return Object.freeze({ level, mentions: Object.freeze(mentions), compartments: Object.freeze(compartments) });
}

/**
 * Reads `SENSIBLE; mentions=PII,SANTE; compartments=rh`. Nothing in it is ignored.
 * @param where header, field or setting, for the words of a refusal.
 * @throws {IntramurosError} `invalid_request`.
 */
export function parseLabel(text: string, where = 'label'): Label {
  const [level = '', ...rest] = text.split(';');
  const lists = new Map<string, string[]>();
  for (const part of rest) {
    if (part.trim() === '') continue;
    const at = part.indexOf('=');
    const name = part
      .slice(0, at === -1 ? undefined : at)
      .trim()
      .toLowerCase();
    if (at === -1 || (name !== 'mentions' && name !== 'compartments') || lists.has(name))
      throw wrongPart(where, 'part', part.trim(), '"mentions=…" and "compartments=…", each once');
    lists.set(
      name,
      part
        .slice(at + 1)
        .split(',')
        .filter((item) => item.trim() !== ''),
    );
  }
  return toLabel(
    { level, mentions: lists.get('mentions') ?? [], compartments: lists.get('compartments') ?? [] },
    where,
  );
}

/** The form that `parseLabel` reads; equal labels give equal text. */
export function formatLabel({ level, mentions, compartments }: Label): string {
  const more = [
    mentions.length > 0 ? `; mentions=${mentions.join(',')}` : '',
    compartments.length > 0 ? `; compartments=${compartments.join(',')}` : '',
  ];
  return `${level}${more.join('')}`;
}

/** What a mix of two is: the higher level, all mentions, all compartments. Commutative, associative, idempotent. */
export function join(a: Label, b: Label): Label {
  if (a === b || isWithin(b, a)) return a;
  if (isWithin(a, b)) return b;
  return Object.freeze({
    level: heightOf(a.level) >= heightOf(b.level) ? a.level : b.level,
    mentions: Object.freeze(tidy([...a.mentions, ...b.mentions])),
    compartments: Object.freeze(tidy([...a.compartments, ...b.compartments])),
  });
}

/** The label of what several things are mixed into. */
export function joinLabels(...labels: readonly Label[]): Label {
  return joinAll(labels);
}

/** The join of any number; of none, `PUBLIC`. */
export function joinAll(labels: Iterable<Label>): Label {
  let all = publicLabel;
  for (const label of labels) all = join(all, label);
  return all;
}

/** True when `a` asks for nothing that `b` does not ask for too: going from `a` to `b` raises, or changes nothing. */
export function isWithin(a: Label, b: Label): boolean {
  return (
    heightOf(a.level) <= heightOf(b.level) &&
    a.mentions.every((mention) => b.mentions.includes(mention)) &&
    a.compartments.every((name) => b.compartments.includes(name))
  );
}

/** How two labels lie in the lattice; many pairs are neither higher nor lower. */
export function compareLabels(a: Label, b: Label): 'equal' | 'lower' | 'higher' | 'apart' {
  const [below, above] = [isWithin(a, b), isWithin(b, a)];
  if (below && above) return 'equal';
  if (below) return 'lower';
  return above ? 'higher' : 'apart';
}

/** Place of a level in their order, from 0. */
export function heightOf(level: Level): number {
  return levels.indexOf(level);
}

/** The lower of two bounds; undefined is no bound. A ceiling bounds the level alone: membership bounds compartments. */
export function lowerCeiling(a: Label | undefined, b: Label | undefined): Label | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return heightOf(a.level) <= heightOf(b.level) ? a : b;
}

function isLevel(text: string): text is Level {
  return (levels as readonly string[]).includes(text);
}

function tidy(names: readonly string[]): string[] {
  return [...new Set(names)].sort();
}

function wrongPart(where: string, part: string, found: string, wanted: string): IntramurosError {
  return new IntramurosError(
    'invalid_request',
    `${where}: "${found.slice(0, 80)}" is no ${part} of a label, which needs ${wanted}. A label reads like "SENSIBLE; mentions=PII,SANTE; compartments=rh".`,
    { facts: { field: where, part } },
  );
}
