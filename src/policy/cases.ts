import { parse } from 'yaml';
import { z } from 'zod';
import { IntramurosError } from '../base/index.ts';
import type { PolicyProblem } from './cedar/compile.ts';
import { casesName, type PolicyFile } from './cedar/files.ts';
import type { Decider } from './decider.ts';
import { parseLabel } from './labels.ts';
import { type DecisionRequest, type Destination, tiers } from './types.ts';

const Certificate = z.strictObject({ certificate: z.string(), scope: z.string().default(''), expires: z.iso.date() });
const Place = z.strictObject({
  tier: z.enum(tiers),
  country: z.string().optional(),
  operatorCountry: z.string().optional(),
  extraEuExposure: z.boolean().default(false),
  secnumcloud: Certificate.optional(),
  hds: Certificate.optional(),
  retentionDays: z.int().optional(),
  trainsOnData: z.boolean().optional(),
  dpaRef: z.string().optional(),
  enclave: z.boolean().default(false),
});
const Person = z.strictObject({
  roles: z.array(z.string()).default([]),
  groups: z.array(z.string()).default([]),
  compartments: z.array(z.string()).default([]),
  ceiling: z.string().optional(),
});
const Case = z.strictObject({
  label: z.string(),
  place: z.string(),
  person: z.string().optional(),
  action: z.enum(['infer', 'embed', 'rerank', 'tool', 'export']).default('infer'),
  says: z.enum(['allow', 'pseudonymise', 'deny']),
  because: z.string().optional(),
});
const Table = z.strictObject({
  today: z.iso.date(),
  places: z.record(z.string(), Place),
  people: z.record(z.string(), Person).default({}),
  cases: z.array(Case),
});
type Table = z.infer<typeof Table>;

/** One case that came out otherwise. */
export interface CaseFailure {
  readonly case: string;
  readonly expected: string;
  readonly found: string;
}

export interface CaseResults {
  readonly passed: number;
  readonly failed: number;
  readonly failures: readonly CaseFailure[];
}

/** The table of cases among a policy's files; problems instead where it cannot be read. */
export function readCases(files: readonly PolicyFile[]): { table?: Table; problems: readonly PolicyProblem[] } {
  const file = files.find(({ name }) => name === casesName);
  if (file === undefined) return { problems: [] };
  const problem = (words: string) => ({ problems: [{ file: casesName, line: 0, words }] });
  try {
    const table = Table.parse(parse(file.text));
    for (const one of table.cases) toRequest(table, one);
    return { table, problems: [] };
  } catch (error) {
    if (error instanceof z.ZodError) return problem(z.prettifyError(error));
    return problem((error as Error).message);
  }
}

/** Asks every case. */
export function runCases(decider: Decider, table: Table): CaseResults {
  const failures = table.cases.flatMap((one): CaseFailure[] => {
    const { effect, reason, rules } = decider.decide(toRequest(table, one), table.today);
    if (effect === one.says && (one.because === undefined || rules.includes(one.because) || reason === one.because))
      return [];
    const person = one.person === undefined ? '' : ` by ${one.person}`;
    return [
      {
        case: `${one.label} → ${one.place}${person}`,
        expected: one.because === undefined ? one.says : `${one.says} because of ${one.because}`,
        found: `${effect} (${reason}; ${rules.join(', ') || 'no rule'})`,
      },
    ];
  });
  return { passed: table.cases.length - failures.length, failed: failures.length, failures };
}

function toRequest(table: Table, { label, place, person, action }: z.infer<typeof Case>): DecisionRequest {
  const found = table.places[place];
  if (found === undefined)
    throw new IntramurosError('policy_invalid', `A case names the place "${place}", which "places" does not have.`);
  const who = person === undefined ? Person.parse({}) : table.people[person];
  if (who === undefined)
    throw new IntramurosError('policy_invalid', `A case names "${person}", whom "people" does not have.`);
  const ceiling = who.ceiling === undefined ? undefined : parseLabel(who.ceiling);
  return {
    subject: { id: person ?? 'somebody', ...who, ceiling },
    action,
    label: parseLabel(label),
    destination: toDestination(place, found),
  };
}

function toDestination(id: string, place: z.infer<typeof Place>): Destination {
  const { country, operatorCountry, secnumcloud, hds, retentionDays, trainsOnData, dpaRef } = place;
  const optional = { country, operatorCountry, secnumcloud, hds, retentionDays, trainsOnData, dpaRef };
  const { tier, extraEuExposure, enclave } = place;
  return { id, title: id, tier, extraEuExposure, enclave, ...optional, declaredBy: casesName, declaredAt: '' };
}
