import { type AllowView, hostRules, ruleKinds } from '../egress-rules.ts';
import { getServer } from '../http/connect.ts';
import { sizeText } from '../terminal/quantities.ts';
import { formatTable } from '../terminal/table.ts';
import type { Command, Context } from '../types.ts';
import { UsageError } from '../usage-error.ts';

interface Total {
  readonly purpose: string;
  readonly destination: string;
  readonly loopback: boolean;
  readonly connections: number;
  readonly sentBytes: number;
  readonly receivedBytes: number;
}
export interface EgressView {
  readonly offline: boolean;
  readonly allowList: readonly AllowView[];
  readonly totals: readonly Total[];
  readonly layers: readonly { readonly name: string; readonly active: boolean; readonly words: string }[];
  readonly unexplainedBytes: number;
}
interface ConnectionView {
  readonly at: string;
  readonly purpose: string;
  readonly decisionId: string | null;
  readonly host: string;
  readonly port: number;
  readonly refused: string | null;
  readonly sentBytes: number;
  readonly receivedBytes: number;
}

const actions = ['status', 'connections', 'offline', 'rules'] as const;

export const egress: Command = {
  name: 'egress',
  summary: {
    en: 'Show and cut what reaches other machines.',
    fr: 'Montrer et couper ce qui joint d’autres machines.',
  },
  details: {
    en: '"status" shows what may be reached, what was, and the layers that stop the rest. "connections" lists every dial and every refusal, newest first. "offline on" cuts every way out at once and over restarts; "offline off" opens it again. "rules nftables" and "rules systemd" write the same list as rules of the host.',
    fr: '« status » montre ce qui peut être joint, ce qui l’a été, et les couches qui arrêtent le reste. « connections » liste chaque connexion et chaque refus, les plus récents d’abord. « offline on » coupe aussitôt toute sortie, même après un redémarrage ; « offline off » la rouvre. « rules nftables » et « rules systemd » écrivent la même liste en règles de la machine.',
  },
  arguments: [
    {
      name: { en: 'ACTION', fr: 'ACTION' },
      about: {
        en: 'status, connections, offline or rules; status when absent.',
        fr: 'status, connections, offline ou rules ; status en son absence.',
      },
      optional: true,
      complete: actions,
    },
    {
      name: { en: 'VALUE', fr: 'VALEUR' },
      about: { en: 'on or off; nftables or systemd.', fr: 'on ou off ; nftables ou systemd.' },
      optional: true,
      complete: ['on', 'off', ...ruleKinds],
    },
  ],
  options: [
    {
      name: 'decision',
      value: { en: 'ID', fr: 'ID' },
      about: { en: 'Only connections of this decision.', fr: 'Seulement les connexions de cette décision.' },
    },
    {
      name: 'limit',
      value: { en: 'N', fr: 'N' },
      about: { en: 'Connections to list; 50 when absent.', fr: 'Connexions à lister ; 50 en son absence.' },
    },
    {
      name: 'resolve',
      about: {
        en: 'For rules: ask the name server for the addresses of names.',
        fr: 'Pour les règles : demander au serveur de noms les adresses des noms.',
      },
    },
    {
      name: 'user',
      value: { en: 'NAME', fr: 'NOM' },
      about: {
        en: 'For rules: user that the server runs as; intramuros when absent.',
        fr: 'Pour les règles : utilisateur du serveur ; intramuros en son absence.',
      },
    },
  ],
  examples: [
    {
      line: 'intramuros egress',
      about: { en: 'what leaves, and what stops it', fr: 'ce qui sort, et ce qui l’arrête' },
    },
    { line: 'intramuros egress offline on', about: { en: 'cut every way out', fr: 'couper toute sortie' } },
    {
      line: 'intramuros egress rules systemd',
      about: { en: 'the list as a drop-in of the unit', fr: 'la liste en complément de l’unité' },
    },
  ],
  async run(context) {
    const [action = 'status', value] = context.args;
    if (action === 'status') return status(context);
    if (action === 'connections') return connections(context);
    if (action === 'offline' && (value === 'on' || value === 'off')) return offline(context, value === 'on');
    const kind = ruleKinds.find((name) => name === value);
    if (action === 'rules' && kind !== undefined) {
      context.print((await hostRules(kind, (await readState(context)).allowList, context)).trimEnd());
      return 0;
    }
    throw new UsageError(
      {
        en: 'egress knows status, connections, offline on|off and rules nftables|systemd.',
        fr: 'egress connaît status, connections, offline on|off et rules nftables|systemd.',
      },
      'egress',
    );
  },
};

async function readState(context: Context): Promise<EgressView> {
  const server = await getServer(context);
  return server.call<EgressView>('GET', '/api/egress', undefined, { signal: context.signal });
}

async function status(context: Context): Promise<number> {
  const { say, language, terminal } = context;
  const state = await readState(context);
  if (context.json) {
    context.printJson(state);
    return 0;
  }
  const layout = { width: terminal.columns(), color: terminal.color };
  context.print(
    state.offline
      ? say({
          en: 'Offline: no other machine can be reached.',
          fr: 'Hors ligne : aucune autre machine ne peut être jointe.',
        })
      : say({
          en: 'Other machines can be reached, as listed here.',
          fr: 'D’autres machines peuvent être jointes, selon cette liste.',
        }),
  );
  const listed = state.allowList.map(({ host, port, purpose, id }) => [`${host}:${port}`, purpose, id]);
  const titles = [
    { title: say({ en: 'MAY BE REACHED', fr: 'PEUT ÊTRE JOINT' }), flexible: true },
    { title: say({ en: 'FOR', fr: 'POUR' }) },
    { title: say({ en: 'WANTED BY', fr: 'VOULU PAR' }) },
  ];
  context.print(`\n${formatTable(titles, listed, layout)}`);
  const beyond = state.totals.filter(({ loopback }) => !loopback);
  if (beyond.length === 0) {
    context.print(
      `\n${say({ en: 'Nothing left this machine since the server started.', fr: 'Rien n’a quitté cette machine depuis le démarrage du serveur.' })}`,
    );
  } else {
    const rows = beyond.map((row) => [
      row.destination,
      row.purpose,
      String(row.connections),
      sizeText(row.sentBytes, language),
      sizeText(row.receivedBytes, language),
    ]);
    const columns = [
      { title: say({ en: 'REACHED', fr: 'JOINT' }), flexible: true },
      { title: say({ en: 'FOR', fr: 'POUR' }) },
      { title: say({ en: 'TIMES', fr: 'FOIS' }), align: 'right' as const },
      { title: say({ en: 'SENT', fr: 'ENVOYÉ' }), align: 'right' as const },
      { title: say({ en: 'RECEIVED', fr: 'REÇU' }), align: 'right' as const },
    ];
    context.print(`\n${formatTable(columns, rows, layout)}`);
  }
  context.print(
    `\n${say({ en: `Unexplained bytes: ${state.unexplainedBytes}. Layers: intramuros doctor egress.`, fr: `Octets inexpliqués : ${state.unexplainedBytes}. Couches : intramuros doctor egress.` })}`,
  );
  return 0;
}

async function connections(context: Context): Promise<number> {
  const { say, language, terminal, flags } = context;
  const server = await getServer(context);
  const query = new URLSearchParams({ limit: String(flags.number('limit', { min: 1, max: 500, whole: true }) ?? 50) });
  const decision = flags.text('decision');
  if (decision !== undefined) query.set('decision', decision);
  const page = await server.call<{ connections: ConnectionView[] }>(
    'GET',
    `/api/egress/connections?${query}`,
    undefined,
    {
      signal: context.signal,
    },
  );
  if (context.json) {
    context.printJson(page);
    return 0;
  }
  const rows = page.connections.map((row) => [
    row.at.slice(0, 19).replace('T', ' '),
    `${row.host}:${row.port}`,
    row.purpose,
    row.refused === null ? '' : say({ en: `refused: ${row.refused}`, fr: `refusé : ${row.refused}` }),
    sizeText(row.sentBytes, language),
    sizeText(row.receivedBytes, language),
    row.decisionId ?? '',
  ]);
  const columns = [
    { title: say({ en: 'AT (UTC)', fr: 'À (UTC)' }) },
    { title: say({ en: 'TO', fr: 'VERS' }), flexible: true },
    { title: say({ en: 'FOR', fr: 'POUR' }) },
    { title: say({ en: 'OUTCOME', fr: 'ISSUE' }) },
    { title: say({ en: 'SENT', fr: 'ENVOYÉ' }), align: 'right' as const },
    { title: say({ en: 'RECEIVED', fr: 'REÇU' }), align: 'right' as const },
    { title: say({ en: 'DECISION', fr: 'DÉCISION' }), flexible: true },
  ];
  context.print(formatTable(columns, rows, { width: terminal.columns(), color: terminal.color }));
  return 0;
}

async function offline(context: Context, wanted: boolean): Promise<number> {
  const server = await getServer(context);
  const body = { offline: wanted };
  const state = await server.call<{ offline: boolean }>('PUT', '/api/egress/offline', body, { signal: context.signal });
  if (context.json) context.printJson(state);
  else {
    context.print(
      context.say(
        state.offline
          ? {
              en: 'Offline: no other machine can be reached.',
              fr: 'Hors ligne : aucune autre machine ne peut être jointe.',
            }
          : {
              en: 'Other machines can be reached again, as listed.',
              fr: 'D’autres machines peuvent de nouveau être jointes, selon la liste.',
            },
      ),
    );
  }
  return 0;
}
