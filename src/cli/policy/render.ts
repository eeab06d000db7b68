import { formatLabel, type Label, type PolicyCheck, type Proposal, type Replay } from '../../policy/index.ts';
import { formatTable } from '../terminal/table.ts';
import type { Context } from '../types.ts';
import type { Words } from '../words.ts';

export interface PolicyStateView {
  readonly version: string;
  readonly since: string | null;
  readonly files: readonly { readonly name: string; readonly text: string }[];
  readonly state: 'in-force' | 'previous-in-force' | 'unavailable';
  readonly problem: string | null;
}

export interface ExplanationView {
  readonly label: Label;
  readonly destinations: readonly {
    readonly id: string;
    readonly title: string;
    readonly tier: string;
    readonly effect: string;
    readonly reason: string;
    readonly words: string;
    readonly rules: readonly string[];
  }[];
  readonly nearest: string | null;
}

const effectWords: Readonly<Record<string, Words>> = {
  allow: { en: 'may receive it', fr: 'peut la recevoir' },
  pseudonymise: { en: 'pseudonymised only', fr: 'pseudonymisée seulement' },
  deny: { en: 'may not', fr: 'ne peut pas' },
};

const stateWords: Readonly<Record<string, Words>> = {
  'in-force': { en: 'in force', fr: 'en vigueur' },
  'previous-in-force': {
    en: 'the previous one is in force: the files have a fault',
    fr: 'la précédente est en vigueur : les fichiers ont un défaut',
  },
  unavailable: { en: 'none can be used', fr: 'aucune n’est utilisable' },
  open: { en: 'open', fr: 'ouverte' },
  approved: { en: 'approved', fr: 'approuvée' },
  rejected: { en: 'rejected', fr: 'rejetée' },
  withdrawn: { en: 'withdrawn', fr: 'retirée' },
};

const wordsFor = (words: Readonly<Record<string, Words>>, name: string, { language }: Context): string =>
  words[name]?.[language] ?? name;

const table = (context: Context, titles: readonly Words[], rows: readonly (readonly string[])[]): string =>
  formatTable(
    titles.map((title, at) => ({ title: context.say(title), flexible: at === titles.length - 1 })),
    rows.map((row) => [...row]),
    { width: context.terminal.columns(), color: context.terminal.color },
  );

export function stateLines(state: PolicyStateView, context: Context): string[] {
  const { say } = context;
  const since = state.since ?? say({ en: 'the product’s own', fr: 'celle du produit' });
  return [
    `${say({ en: 'Version', fr: 'Version' })}  ${state.version}`,
    `${say({ en: 'Since', fr: 'Depuis' })}  ${since}`,
    `${say({ en: 'State', fr: 'État' })}  ${wordsFor(stateWords, state.state, context)}`,
    ...(state.problem === null ? [] : state.problem.split('\n').map((line) => `  ${line}`)),
    ...state.files.map(({ name, text }) => `  ${name}  ${text.split('\n').length - 1}`),
  ];
}

export function checkLines(check: PolicyCheck, context: Context): string[] {
  const { passed, failed, failures } = check.tests;
  const counts = context.say({
    en: `${passed} cases as expected, ${failed} not`,
    fr: `${passed} cas conformes, ${failed} non`,
  });
  return [
    ...check.problems.map(({ file, line, words }) => `${file}${line > 0 ? `:${line}` : ''}: ${words}`),
    ...failures.map((one) =>
      context.say({
        en: `${one.case}: expected ${one.expected}, found ${one.found}`,
        fr: `${one.case} : attendu ${one.expected}, trouvé ${one.found}`,
      }),
    ),
    ...(check.problems.length > 0 ? [] : [counts]),
  ];
}

export function replayLines(replay: Replay, context: Context): string[] {
  const { decisions, changes, changed, truncated } = replay;
  const count = context.say({
    en: `${decisions} past decisions asked again, ${changes} would change.`,
    fr: `${decisions} décisions passées reposées, ${changes} changeraient.`,
  });
  if (changed.length === 0) return [count];
  const titles = [
    { en: 'AT', fr: 'DATE' },
    { en: 'WHO', fr: 'QUI' },
    { en: 'PLACE', fr: 'LIEU' },
    { en: 'BEFORE', fr: 'AVANT' },
    { en: 'AFTER', fr: 'APRÈS' },
    { en: 'LABEL, RULES', fr: 'MARQUAGE, RÈGLES' },
  ];
  const rows = changed.map(({ at, actor, destinationId, before, after, label, rules }) => [
    at,
    actor,
    destinationId,
    wordsFor(effectWords, before, context),
    wordsFor(effectWords, after, context),
    `${formatLabel(label)}: ${rules.join(', ')}`,
  ]);
  const more = context.say({ en: 'Only the newest are shown.', fr: 'Seules les plus récentes sont montrées.' });
  return [count, table(context, titles, rows), ...(truncated ? [more] : [])];
}

export function explanationLines({ label, destinations, nearest }: ExplanationView, context: Context): string[] {
  const titles = [
    { en: 'PLACE', fr: 'LIEU' },
    { en: 'TIER', fr: 'NIVEAU' },
    { en: 'SAYS', fr: 'DIT' },
    { en: 'REASON', fr: 'MOTIF' },
    { en: 'RULES', fr: 'RÈGLES' },
  ];
  const rows = destinations.map(({ title, tier, effect, reason, rules }) => [
    title,
    tier,
    wordsFor(effectWords, effect, context),
    effect === 'allow' ? '' : reason,
    rules.join(', '),
  ]);
  const place = destinations.find(({ id }) => id === nearest)?.title ?? nearest;
  const last =
    place === null
      ? context.say({ en: 'No place may receive it.', fr: 'Aucun lieu ne peut la recevoir.' })
      : context.say({ en: `Nearest: ${place}.`, fr: `Le plus proche : ${place}.` });
  return [formatLabel(label), table(context, titles, rows), last];
}

export function proposalTable(proposals: readonly Proposal[], context: Context): string {
  const titles = [
    { en: 'ID', fr: 'ID' },
    { en: 'STATE', fr: 'ÉTAT' },
    { en: 'BY', fr: 'PAR' },
    { en: 'AT', fr: 'DATE' },
    { en: 'WHAT', fr: 'QUOI' },
  ];
  const rows = proposals.map(({ id, state, by, at, summary }) => [
    id,
    wordsFor(stateWords, state, context),
    by,
    at.slice(0, 16),
    summary,
  ]);
  return table(context, titles, rows);
}

export function proposalLine({ id, state, summary }: Proposal, context: Context): string {
  return `${id}  ${wordsFor(stateWords, state, context)}  ${summary}`;
}
