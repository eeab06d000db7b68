import type { DetailedError } from '@cedar-policy/cedar-wasm/nodejs';
import { casesName, fileNameForm, inOrder, type PolicyFile, schemaName, shippedSchema } from './files.ts';
import type { Cedar } from './load-cedar.ts';

/** What is wrong with a policy, and where. Lines count from 1; 0 is the file as a whole. */
export interface PolicyProblem {
  readonly file: string;
  readonly line: number;
  readonly words: string;
}

/** What a rule says of itself in its annotations. */
export interface Rule {
  readonly id: string;
  readonly file: string;
  readonly line: number;
  readonly effect: 'permit' | 'forbid';
  readonly reason: string;
  readonly words: string;
  /** Whether it asks if the data is pseudonymised: only then can asking again change what it says. */
  readonly asksPseudonymised: boolean;
}

export interface CompiledRules {
  readonly rules: ReadonlyMap<string, Rule>;
  readonly texts: Readonly<Record<string, string>>;
  /** Whether a rule names a person by id: then decisions of different people are different. */
  readonly namesPeople: boolean;
}

export type Compiled =
  | { readonly ok: true; readonly rules: CompiledRules }
  | { readonly ok: false; readonly problems: readonly PolicyProblem[] };

interface Part {
  readonly file: PolicyFile;
  readonly offset: number;
  readonly text: string;
}

/** Reads, names and type-checks the rules of a policy. Nothing is in force by it. */
export function compileRules(cedar: Cedar, files: readonly PolicyFile[]): Compiled {
  const problems: PolicyProblem[] = [];
  const rules = new Map<string, Rule>();
  const parts = new Map<string, Part>();
  for (const [at, file] of inOrder(files).entries()) {
    if (inOrder(files)[at - 1]?.name === file.name)
      problems.push({ file: file.name, line: 0, words: 'the name comes twice' });
    if (file.name === casesName) continue;
    if (file.name === schemaName) {
      if (file.text !== shippedSchema())
        problems.push({ file: file.name, line: 0, words: 'the schema belongs to the product and cannot be changed' });
      continue;
    }
    if (!fileNameForm.test(file.name)) {
      problems.push({ file: file.name, line: 0, words: 'a file of rules is named like 50-ours.cedar' });
      continue;
    }
    for (const part of partsOf(cedar, file, problems)) {
      const rule = toRule(cedar, part, problems);
      if (rule === undefined) continue;
      const before = rules.get(rule.id);
      if (before !== undefined)
        problems.push({ file: file.name, line: rule.line, words: `the id "${rule.id}" is already in ${before.file}` });
      rules.set(rule.id, rule);
      parts.set(rule.id, part);
    }
  }
  const texts = Object.fromEntries([...parts].map(([id, { text }]) => [id, text]));
  if (problems.length === 0) problems.push(...typeErrors(cedar, texts, parts));
  if (problems.length === 0 && rules.size === 0)
    problems.push({ file: '', line: 0, words: 'there is no rule: everything would be refused' });
  if (problems.length > 0) return { ok: false, problems };
  return {
    ok: true,
    rules: { rules, texts, namesPeople: Object.values(texts).some((text) => /\bPerson\s*::/.test(text)) },
  };
}

function partsOf(cedar: Cedar, file: PolicyFile, problems: PolicyProblem[]): Part[] {
  const answer = cedar.policySetTextToParts(file.text);
  if (answer.type === 'failure') {
    const whole = cedar.checkParsePolicySet({ staticPolicies: file.text });
    const errors = whole.type === 'failure' ? whole.errors : answer.errors;
    problems.push(...errors.flatMap((error) => toProblems(error, file, 0)));
    return [];
  }
  if (answer.policy_templates.length > 0)
    problems.push({ file: file.name, line: 0, words: 'templates (?principal, ?resource) are not used here' });
  return answer.policies.map((text) => ({
    file,
    text,
    offset: Buffer.byteLength(file.text.slice(0, file.text.indexOf(text))),
  }));
}

function toRule(cedar: Cedar, part: Part, problems: PolicyProblem[]): Rule | undefined {
  const line = lineOf(part.file.text, part.offset);
  const answer = cedar.policyToJson(part.text);
  const wrong = (words: string): undefined => void problems.push({ file: part.file.name, line, words });
  if (answer.type === 'failure') return wrong(answer.errors[0]?.message ?? 'it cannot be read');
  const { annotations = {}, effect } = answer.json;
  const { id } = annotations;
  if (id === undefined || !/^[a-z0-9][a-z0-9-]{0,79}$/.test(id))
    return wrong('each rule begins with its name: @id("small-letters-and-dashes")');
  return {
    id,
    file: part.file.name,
    line,
    effect,
    reason: annotations.reason ?? 'rule',
    words: annotations.words ?? `The rule "${id}" refuses it.`,
    asksPseudonymised: /\bpseudonymised\b/.test(part.text),
  };
}

function typeErrors(cedar: Cedar, texts: Record<string, string>, parts: ReadonlyMap<string, Part>): PolicyProblem[] {
  const answer = cedar.validate({ schema: shippedSchema(), policies: { staticPolicies: texts } });
  if (answer.type === 'failure') return answer.errors.map(({ message }) => ({ file: '', line: 0, words: message }));
  return answer.validationErrors.flatMap(({ policyId, error }) => {
    const part = parts.get(policyId);
    return part === undefined
      ? [{ file: '', line: 0, words: error.message }]
      : toProblems(error, part.file, part.offset);
  });
}

/** Cedar counts in bytes from the start of what it was given. */
function toProblems(error: DetailedError, file: PolicyFile, offset: number): PolicyProblem[] {
  const [place] = error.sourceLocations ?? [];
  const hints = [place?.label, error.help].filter((hint) => typeof hint === 'string' && hint !== '');
  const words = [error.message, ...hints].join('; ');
  return [{ file: file.name, line: place === undefined ? 0 : lineOf(file.text, offset + place.start), words }];
}

function lineOf(text: string, byteOffset: number): number {
  return Buffer.from(text).subarray(0, byteOffset).toString('utf8').split('\n').length;
}
