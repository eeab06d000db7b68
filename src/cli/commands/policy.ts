import { readAudit } from '../../audit/index.ts';
import { checkFiles, openCandidate, type Proposal, parseLabel, type Replay, replay } from '../../policy/index.ts';
import type { ServerClient } from '../http/client.ts';
import { findServer, withServer } from '../http/connect.ts';
import { filesIn } from '../policy/files.ts';
import {
  checkLines,
  type ExplanationView,
  explanationLines,
  type PolicyStateView,
  proposalLine,
  proposalTable,
  replayLines,
  stateLines,
} from '../policy/render.ts';
import type { Command, Context } from '../types.ts';
import { UsageError } from '../usage-error.ts';

const actions = ['show', 'test', 'diff', 'explain', 'list', 'propose', 'approve', 'reject'] as const;
type Action = (typeof actions)[number];
const needs: Partial<Record<Action, { en: string; fr: string }>> = {
  diff: { en: 'a folder', fr: 'un dossier' },
  propose: { en: 'a folder', fr: 'un dossier' },
  approve: { en: 'the id of a proposal', fr: 'l’identifiant d’une proposition' },
  reject: { en: 'the id of a proposal', fr: 'l’identifiant d’une proposition' },
};

export const policy: Command = {
  name: 'policy',
  summary: {
    en: 'See, test and change the policy: which place may receive which data.',
    fr: 'Voir, éprouver et changer la politique : quel lieu peut recevoir quelles données.',
  },
  details: {
    en: 'A policy is a folder of rules (*.cedar) and a table of cases (cases.yaml). "test" asks the cases, "diff" asks the decisions of the last days again under other files, "explain" says what may receive data of a label. "propose" puts files forward; where there are accounts, somebody else approves them.',
    fr: 'Une politique est un dossier de règles (*.cedar) et une table de cas (cases.yaml). « test » pose les cas, « diff » repose les décisions des derniers jours sous d’autres fichiers, « explain » dit ce qui peut recevoir des données d’un marquage. « propose » soumet des fichiers ; là où il y a des comptes, quelqu’un d’autre les approuve.',
  },
  arguments: [
    {
      name: { en: 'ACTION', fr: 'ACTION' },
      about: { en: `${actions.join(', ')}; show when absent.`, fr: `${actions.join(', ')} ; show en son absence.` },
      optional: true,
      complete: actions,
    },
    {
      name: { en: 'WHAT', fr: 'QUOI' },
      about: {
        en: 'A folder (test, diff, propose), a file (show), the id of a proposal (approve, reject).',
        fr: 'Un dossier (test, diff, propose), un fichier (show), l’identifiant d’une proposition (approve, reject).',
      },
      optional: true,
      complete: 'file',
    },
  ],
  options: [
    {
      name: 'label',
      value: { en: 'LABEL', fr: 'MARQUAGE' },
      about: {
        en: 'explain: what the data is, such as "SENSIBLE; mentions=PII".',
        fr: 'explain : ce que sont les données, comme « SENSIBLE; mentions=PII ».',
      },
    },
    {
      name: 'person',
      value: { en: 'ID', fr: 'ID' },
      about: { en: 'explain: for somebody else.', fr: 'explain : pour quelqu’un d’autre.' },
    },
    {
      name: 'days',
      value: { en: 'DAYS', fr: 'JOURS' },
      about: { en: 'diff: how far back; 30 when absent.', fr: 'diff : jusqu’où remonter ; 30 en son absence.' },
    },
    {
      name: 'reason',
      value: { en: 'TEXT', fr: 'TEXTE' },
      about: { en: 'propose, approve, reject: why.', fr: 'propose, approve, reject : le motif.' },
    },
    { name: 'all', about: { en: 'list: also decided ones.', fr: 'list : aussi celles qui sont tranchées.' } },
  ],
  examples: [
    {
      line: 'intramuros policy explain --label "SENSIBLE; mentions=PII"',
      about: { en: 'what may receive personal data', fr: 'ce qui peut recevoir des données personnelles' },
    },
    {
      line: 'intramuros policy diff ./ours',
      about: { en: 'what last month would have looked like', fr: 'ce que le mois dernier aurait donné' },
    },
    {
      line: 'intramuros policy propose ./ours --reason "Trainees use our own models."',
      about: { en: 'put it forward', fr: 'la soumettre' },
    },
  ],
  async run(context) {
    const [given = 'show', what] = context.args;
    const action = actions.find((name) => name === given);
    if (action === undefined)
      throw new UsageError(
        {
          en: `policy knows ${actions.join(', ')}; not "${given}".`,
          fr: `policy connaît ${actions.join(', ')} ; pas « ${given} ».`,
        },
        'policy',
      );
    const need = needs[action];
    if (need !== undefined && what === undefined)
      throw new UsageError(
        { en: `policy ${action} needs ${need.en}.`, fr: `policy ${action} attend ${need.fr}.` },
        'policy',
      );
    return run[action](context, what ?? '');
  },
};

/** Prints JSON, or the lines that people read. */
function show<T>(context: Context, value: T, lines: (value: T, context: Context) => string | readonly string[]): void {
  if (context.json) context.printJson(value);
  else for (const line of [lines(value, context)].flat()) context.print(line);
}

const run: Readonly<Record<Action, (context: Context, what: string) => Promise<number>>> = {
  async show(context, name) {
    return withServer(context, async (client) => {
      const state = await client.call<PolicyStateView>('GET', '/api/policy', undefined, { signal: context.signal });
      const file = state.files.find((one) => one.name === name);
      if (name !== '' && file === undefined)
        throw new UsageError({ en: `There is no file "${name}" in it.`, fr: `Elle n’a pas de fichier « ${name} ».` });
      if (file !== undefined) show(context, file, ({ text }) => text.trimEnd());
      else show(context, state, stateLines);
      return state.state === 'in-force' ? 0 : 1;
    });
  },
  async test(context, folder) {
    const check = checkFiles(filesIn(context, folder === '' ? undefined : folder));
    show(context, check, checkLines);
    return check.ok ? 0 : 1;
  },
  async diff(context, folder) {
    const files = filesIn(context, folder);
    const days = context.flags.number('days', { min: 1, max: 400, whole: true }) ?? 30;
    const server = await findServer(context);
    const found = server
      ? await server.call<Replay>('POST', '/api/policy/simulate', { files, days }, { signal: context.signal })
      : await replayHere(context, files, days);
    show(context, found, replayLines);
    return 0;
  },
  async explain(context) {
    const label = context.flags.text('label');
    if (label === undefined)
      throw new UsageError({ en: 'policy explain needs --label.', fr: 'policy explain attend --label.' }, 'policy');
    parseLabel(label, '--label');
    const personId = context.flags.text('person');
    return withServer(context, async (client) => {
      const body = { label, ...(personId === undefined ? {} : { personId }) };
      const { signal } = context;
      show(
        context,
        await client.call<ExplanationView>('POST', '/api/policy/explain', body, { signal }),
        explanationLines,
      );
      return 0;
    });
  },
  async list(context) {
    const state = context.flags.has('all') ? 'all' : 'open';
    return withServer(context, async (client) => {
      const path = `/api/proposals?state=${state}`;
      const found = await client.call<{ proposals: Proposal[] }>('GET', path, undefined, { signal: context.signal });
      const none = { en: 'Nothing is proposed.', fr: 'Rien n’est proposé.' };
      if (found.proposals.length === 0 && !context.json) context.note(context.say(none));
      else show(context, found, ({ proposals }) => proposalTable(proposals, context));
      return 0;
    });
  },
  async propose(context, folder) {
    const body = { files: filesIn(context, folder), reason: reasonOf(context) };
    return withServer(context, async (client) => propose(context, client, '/api/policy/proposals', body));
  },
  approve: (context, id) => decide(context, id, 'approve'),
  reject: (context, id) => decide(context, id, 'reject'),
};

function decide(context: Context, id: string, verb: 'approve' | 'reject'): Promise<number> {
  const reason = context.flags.text('reason');
  const path = `/api/proposals/${encodeURIComponent(id)}/${verb}`;
  return withServer(context, (client) => propose(context, client, path, reason === undefined ? {} : { reason }));
}

async function propose(context: Context, client: ServerClient, path: string, body: object): Promise<number> {
  show(context, await client.call<Proposal>('POST', path, body, { signal: context.signal }), proposalLine);
  return 0;
}

function reasonOf(context: Context): string {
  const reason = context.flags.text('reason');
  if (reason !== undefined) return reason;
  throw new UsageError(
    {
      en: 'policy propose needs --reason: it is kept with the change.',
      fr: 'policy propose attend --reason : le motif est gardé avec le changement.',
    },
    'policy',
  );
}

/** Without a server the record is read where it lies. */
async function replayHere(context: Context, files: ReturnType<typeof filesIn>, days: number): Promise<Replay> {
  const decider = openCandidate(files);
  try {
    const audit = { read: (range: Parameters<typeof readAudit>[1]) => readAudit(context.home, range) };
    return await replay(audit, decider, { nowMs: Date.now(), days, signal: context.signal });
  } finally {
    decider.close();
  }
}
