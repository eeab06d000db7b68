import { type Label, type Level, levels } from '../api/wire-policy.ts';

/** A label as headers and addresses write it: `SENSIBLE; mentions=PII,SANTE; compartments=rh`. */
export function labelText({ level, mentions, compartments }: Label): string {
  return [
    level,
    ...(mentions.length > 0 ? [`mentions=${mentions.join(',')}`] : []),
    ...(compartments.length > 0 ? [`compartments=${compartments.join(',')}`] : []),
  ].join('; ');
}

export const rank = (level: Level): number => levels.indexOf(level);

const union = (one: readonly string[], two: readonly string[]): readonly string[] =>
  [...new Set([...one, ...two])].sort();

/** The label of two things together: the higher level, all mentions, all compartments. */
export function joined(one: Label, two: Label): Label {
  return {
    level: rank(one.level) >= rank(two.level) ? one.level : two.level,
    mentions: union(one.mentions, two.mentions),
    compartments: union(one.compartments, two.compartments),
  };
}

export const sameLabel = (one: Label, two: Label): boolean =>
  labelText(joined(one, one)) === labelText(joined(two, two));

/** True for what is more than everyday: such a label is shown beside each question that has it. */
export const isMarked = ({ level, mentions, compartments }: Label): boolean =>
  rank(level) >= rank('SENSIBLE') || mentions.length > 0 || compartments.length > 0;
