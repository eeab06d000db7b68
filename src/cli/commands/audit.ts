import { createWriteStream } from 'node:fs';
import { resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { showTable } from '../admin/show.ts';
import { call } from '../admin/wire.ts';
import type { ServerClient } from '../http/client.ts';
import { getServer } from '../http/connect.ts';
import type { Command, Context } from '../types.ts';
import { UsageError } from '../usage-error.ts';
import type { Words } from '../words.ts';

interface AnchorView {
  readonly kind: 'witness' | 'timestamp';
  readonly name: string;
  readonly state: string;
  readonly size: number | null;
  readonly at: string | null;
  readonly problem: string | null;
}
interface StateView {
  readonly size: number;
  readonly origin: string;
  readonly publicKey: string;
  readonly failure: string | null;
  readonly checkpoint: { readonly size: number; readonly at: string | null; readonly text: string } | null;
  readonly standing: string;
  readonly anchoredSize: number;
  readonly anchors: readonly AnchorView[];
}
interface RecordView {
  readonly seq: number;
  readonly at: string;
  readonly kind: string;
  readonly actor: string;
  readonly data: Readonly<Record<string, unknown>>;
}

const actions = ['status', 'search', 'export', 'anchor'] as const;
const formats = ['jsonl', 'ocsf'] as const;

export const audit: Command = {
  name: 'audit',
  summary: {
    en: 'Show, search and export the log of decisions.',
    fr: 'Montrer, interroger et exporter le journal des décisions.',
  },
  details: {
    en: '"status" shows the newest signed checkpoint and who outside confirmed it. "search" lists records, newest first. "export" writes the log to a file, byte for byte or as events of OCSF. "anchor" shows the newest checkpoint to the witnesses and the timestamp authority now. To verify the log, without a server too: intramuros verify.',
    fr: '« status » montre le dernier point de contrôle signé et qui au-dehors l’a confirmé. « search » liste les enregistrements, les plus récents d’abord. « export » écrit le journal dans un fichier, octet pour octet ou en événements OCSF. « anchor » montre maintenant le dernier point de contrôle aux témoins et à l’autorité d’horodatage. Pour vérifier le journal, même sans serveur : intramuros verify.',
  },
  arguments: [
    {
      name: { en: 'ACTION', fr: 'ACTION' },
      about: {
        en: 'status, search, export or anchor; status when absent.',
        fr: 'status, search, export ou anchor ; status en son absence.',
      },
      optional: true,
      complete: actions,
    },
    {
      name: { en: 'WORDS|FILE', fr: 'MOTS|FICHIER' },
      about: {
        en: 'For search: what stands in the records. For export: the file to write; "-" is standard output.',
        fr: 'Pour search : ce que contiennent les enregistrements. Pour export : le fichier à écrire ; « - » est la sortie standard.',
      },
      optional: true,
      complete: 'file',
    },
  ],
  options: [
    {
      name: 'kinds',
      value: { en: 'KINDS', fr: 'GENRES' },
      about: {
        en: 'Only these kinds of record, separated by commas.',
        fr: 'Seulement ces genres d’enregistrements, séparés par des virgules.',
      },
    },
    {
      name: 'actor',
      value: { en: 'ID', fr: 'ID' },
      about: { en: 'Only what this person did.', fr: 'Seulement ce qu’a fait cette personne.' },
    },
    {
      name: 'since',
      value: { en: 'DATE', fr: 'DATE' },
      about: {
        en: 'Only from this day or time on: 2026-11-01.',
        fr: 'Seulement depuis ce jour ou cette heure : 2026-11-01.',
      },
    },
    {
      name: 'limit',
      value: { en: 'N', fr: 'N' },
      about: { en: 'Records to list; 50 when absent.', fr: 'Enregistrements à lister ; 50 en son absence.' },
    },
    {
      name: 'format',
      value: { en: 'FORMAT', fr: 'FORMAT' },
      about: {
        en: 'For export: jsonl or ocsf; jsonl when absent.',
        fr: 'Pour export : jsonl ou ocsf ; jsonl en son absence.',
      },
      complete: formats,
    },
  ],
  examples: [
    {
      line: 'intramuros audit',
      about: { en: 'the log, and who vouches for it', fr: 'le journal, et qui s’en porte garant' },
    },
    {
      line: 'intramuros audit search --kinds decision,outcome --since 2026-11-01',
      about: { en: 'what was decided since November', fr: 'ce qui a été décidé depuis novembre' },
    },
    {
      line: 'intramuros audit export audit.ndjson --format ocsf',
      about: { en: 'for a system of security events', fr: 'pour un système d’événements de sécurité' },
    },
  ],
  async run(context) {
    const [action = 'status', value] = context.args;
    const server = await getServer(context);
    if (action === 'status') return showState(context, await call<StateView>(context, server, 'GET', '/api/audit'));
    if (action === 'anchor')
      return showState(context, await call<StateView>(context, server, 'POST', '/api/audit/anchor'));
    if (action === 'search') return search(context, server, value);
    if (action === 'export' && value !== undefined) return exportTo(context, server, value);
    throw new UsageError(
      {
        en: 'audit knows status, search [WORDS], export FILE and anchor.',
        fr: 'audit connaît status, search [MOTS], export FICHIER et anchor.',
      },
      'audit',
    );
  },
};

const standings: Readonly<Record<string, Words>> = {
  'self-attested': { en: 'nobody outside confirmed it', fr: 'personne au-dehors ne l’a confirmé' },
  witnessed: { en: 'witnessed', fr: 'confirmé par des témoins' },
  timestamped: { en: 'timestamped', fr: 'horodaté' },
};

function showState(context: Context, state: StateView): number {
  const { say } = context;
  if (!context.json) {
    const { size, checkpoint, origin, publicKey, standing, failure } = state;
    const lines: (Words | undefined)[] = [
      { en: `Log ${origin}: ${size} records.`, fr: `Journal ${origin} : ${size} enregistrements.` },
      failure === null
        ? undefined
        : { en: `It cannot be written: ${failure}.`, fr: `Il ne peut pas être écrit : ${failure}.` },
      checkpoint === null
        ? { en: 'No checkpoint yet.', fr: 'Pas encore de point de contrôle.' }
        : {
            en: `Checkpoint: ${checkpoint.size} records, ${checkpoint.at ?? ''}; ${standings[standing]?.en ?? standing}.`,
            fr: `Point de contrôle : ${checkpoint.size} enregistrements, ${checkpoint.at ?? ''} ; ${standings[standing]?.fr ?? standing}.`,
          },
      { en: `Public key: ${publicKey}`, fr: `Clé publique : ${publicKey}` },
    ];
    for (const line of lines) if (line) context.print(say(line));
    if (state.anchors.length === 0) return 0;
  }
  const rows = state.anchors.map(({ name, kind, state: how, size, at, problem }) => [
    name,
    kind === 'witness' ? say({ en: 'witness', fr: 'témoin' }) : say({ en: 'timestamp', fr: 'horodatage' }),
    problem === null ? how : `${how}: ${problem}`,
    size === null ? '' : String(size),
    at === null ? '' : at.slice(0, 19).replace('T', ' '),
  ]);
  const columns = [
    { title: { en: 'ANCHOR', fr: 'ANCRE' }, flexible: true },
    { title: { en: 'KIND', fr: 'GENRE' } },
    { title: { en: 'STATE', fr: 'ÉTAT' } },
    { title: { en: 'RECORDS', fr: 'ENREGISTREMENTS' }, align: 'right' as const },
    { title: { en: 'AT (UTC)', fr: 'À (UTC)' } },
  ];
  return showTable(context, state, columns, rows, { en: 'No anchor.', fr: 'Aucune ancre.' });
}

/** The query of the flags that search and export share. */
function rangeOf(context: Context): URLSearchParams {
  const query = new URLSearchParams();
  const since = context.flags.text('since');
  if (since === undefined) return query;
  const at = Date.parse(since);
  if (Number.isNaN(at)) {
    const words = { en: `"${since}" is no date: 2026-11-01.`, fr: `« ${since} » n’est pas une date : 2026-11-01.` };
    throw new UsageError(words, 'audit');
  }
  query.set('sinceMs', String(at));
  return query;
}

async function search(context: Context, server: ServerClient, words: string | undefined): Promise<number> {
  const { flags } = context;
  const query = rangeOf(context);
  query.set('limit', String(flags.number('limit', { min: 1, max: 500, whole: true }) ?? 50));
  for (const name of ['kinds', 'actor'] as const) {
    const value = flags.text(name);
    if (value !== undefined) query.set(name, value);
  }
  if (words !== undefined) query.set('text', words);
  const page = await call<{ records: RecordView[] }>(context, server, 'GET', `/api/audit/records?${query}`);
  const rows = page.records.map(({ seq, at, kind, actor, data }) => [
    String(seq),
    at.slice(0, 19).replace('T', ' '),
    kind,
    actor,
    String(data.what ?? data.reason ?? data.why ?? data.effect ?? ''),
  ]);
  const columns = [
    { title: { en: 'NO.', fr: 'N°' }, align: 'right' as const },
    { title: { en: 'AT (UTC)', fr: 'À (UTC)' } },
    { title: { en: 'KIND', fr: 'GENRE' } },
    { title: { en: 'BY', fr: 'PAR' }, flexible: true },
    { title: { en: 'WHAT', fr: 'QUOI' }, flexible: true },
  ];
  return showTable(context, page, columns, rows, { en: 'No such record.', fr: 'Aucun enregistrement de ce genre.' });
}

async function exportTo(context: Context, server: ServerClient, file: string): Promise<number> {
  const query = rangeOf(context);
  query.set('format', context.flags.oneOf('format', formats) ?? 'jsonl');
  const lines = server.pieces('GET', `/api/audit/export?${query}`, { signal: context.signal });
  if (file === '-') {
    for await (const piece of lines) process.stdout.write(piece);
    return 0;
  }
  const path = resolve(file);
  await pipeline(Readable.from(lines), createWriteStream(path, { mode: 0o600 }), { signal: context.signal });
  context.note(context.say({ en: `Written to ${path}.`, fr: `Écrit dans ${path}.` }));
  return 0;
}
