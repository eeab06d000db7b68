import { z } from 'zod';
import { IntramurosError } from '../../base/index.ts';
import type { Right, Who } from '../../identity/index.ts';
import { type Label, parseLabel, tiers } from '../../policy/index.ts';
import { requireRight } from '../http/who.ts';
import { GivenLabel, givenLabel, labelLine } from '../labelling.ts';
import { storable } from './conversation-schemas.ts';

export const effects = ['allow', 'pseudonymise', 'deny'] as const;

/** A label as a client gives it: whole, or as the one line of the header. */
export const LabelInput = z
  .union([labelLine(8_000), GivenLabel])
  .meta({ description: 'A label, or its one line: `SENSIBLE; mentions=PII; compartments=rh`.' });

/** @throws {IntramurosError} `invalid_request` naming the field. */
export function readLabel(given: z.output<typeof LabelInput>, field: string): Label {
  return typeof given === 'string' ? parseLabel(given, field) : givenLabel(given);
}

export const PolicyFileView = z.object({ name: z.string(), text: z.string() }).meta({ id: 'PolicyFile' });

const FileName = z
  .string()
  .regex(
    /^(?:[a-z0-9][a-z0-9-]{0,60}\.cedar|cases\.yaml|schema\.cedarschema)$/,
    'wanted "cases.yaml" or a name such as 50-ours.cedar',
  );

export const PolicyFiles = z
  .array(z.strictObject({ name: FileName, text: storable(256 * 1024) }))
  .min(1)
  .max(64)
  .meta({ description: 'The whole policy: files of rules (`*.cedar`) and the table of cases (`cases.yaml`).' });

export const TierView = z.enum(tiers);

/** Passes whoever has one of the rights. @throws {IntramurosError} `forbidden`, naming the first. */
export function requireOneOf(who: Who, rights: readonly [Right, ...Right[]]): void {
  if (!rights.some((right) => who.can(right))) requireRight(who, rights[0]);
}

export function notFound(what: string, id: string): IntramurosError {
  return new IntramurosError('not_found', `There is no ${what} "${id.slice(0, 100)}".`);
}
