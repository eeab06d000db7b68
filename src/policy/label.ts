import { IntramurosError } from '../base/index.ts';
import { type Label, type Level, levels } from './types.ts';

/** The least sensitive label: joined with another, it changes nothing. */
export const publicLabel: Label = { level: 'PUBLIC', mentions: [], compartments: [] };
/** What data is of which nobody said anything, unless the setting `defaultLabel` says otherwise. */
export const internalLabel: Label = { level: 'INTERNE', mentions: [], compartments: [] };

const rank = (level: Level): number => levels.indexOf(level);
const sorted = (words: readonly string[]): readonly string[] => (words.length < 2 ? words : [...new Set(words)].sort());

/** The label of what several things are mixed into: the highest level, all mentions, all compartments. */
export function joinLabels(...labels: readonly Label[]): Label {
  let joined = publicLabel;
  for (const label of labels)
    if (!isWithin(label, joined)) joined = isWithin(joined, label) ? label : mix(joined, label);
  return joined;
}

function mix(one: Label, other: Label): Label {
  return {
    level: rank(one.level) >= rank(other.level) ? one.level : other.level,
    mentions: sorted([...one.mentions, ...other.mentions]),
    compartments: sorted([...one.compartments, ...other.compartments]),
  };
}

/** True when `label` is no more sensitive than `bound` in any respect. */
export function isWithin(label: Label, bound: Label): boolean {
  return (
    rank(label.level) <= rank(bound.level) &&
    label.mentions.every((mention) => bound.mentions.includes(mention)) &&
    label.compartments.every((compartment) => bound.compartments.includes(compartment))
  );
}

/** A label in one line, as headers and settings carry it: `SENSIBLE; mentions=PII,SANTE; compartments=rh`. */
export function formatLabel({ level, mentions, compartments }: Label): string {
  const parts: string[] = [level];
  if (mentions.length > 0) parts.push(`mentions=${mentions.join(',')}`);
  if (compartments.length > 0) parts.push(`compartments=${compartments.join(',')}`);
  return parts.join('; ');
}

const forms = { mentions: /^[A-Z][A-Z0-9_]{0,39}$/, compartments: /^[\w.-]{1,64}$/ } as const;

/**
 * Reads a label of one line.
 * @param where header, field or setting, for the words of a refusal.
 * @throws {IntramurosError} `invalid_request`.
 */
export function parseLabel(text: string, where: string): Label {
  const [first = '', ...rest] = text.split(';').map((part) => part.trim());
  const level = levels.find((known) => known === first.toUpperCase());
  if (!level) throw wrongLabel(where, `"${first.slice(0, 40)}" is no level; they are ${levels.join(', ')}`);
  const lists: Record<keyof typeof forms, readonly string[]> = { mentions: [], compartments: [] };
  const seen = new Set<string>();
  for (const part of rest) {
    const [name, value, more] = part.split('=').map((word) => word.trim());
    const known = name === 'mentions' || name === 'compartments';
    if (!known || value === undefined || more !== undefined || seen.has(name)) {
      throw wrongLabel(where, `"${part.slice(0, 60)}" is neither "mentions=…" nor "compartments=…", or comes twice`);
    }
    seen.add(name);
    lists[name] = readWords(value, name, where);
  }
  return { level, ...lists };
}

function readWords(value: string, name: keyof typeof forms, where: string): readonly string[] {
  const words = value
    .split(',')
    .map((word) => (name === 'mentions' ? word.trim().toUpperCase() : word.trim()))
    .filter((word) => word !== '');
  const wrong = words.find((word) => !forms[name].test(word));
  if (wrong !== undefined) throw wrongLabel(where, `"${wrong.slice(0, 60)}" cannot stand in ${name}`);
  return sorted(words);
}

function wrongLabel(where: string, reason: string): IntramurosError {
  return new IntramurosError(
    'invalid_request',
    `${where}: ${reason}. A label reads like "SENSIBLE; mentions=PII,SANTE; compartments=rh".`,
    { facts: { field: where } },
  );
}
