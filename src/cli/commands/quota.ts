import { needed, runAction, timeText } from '../admin/actions.ts';
import { showDone, showTable } from '../admin/show.ts';
import { call, groupNamed, listGroups, listPeople, personNamed, type QuotaRow } from '../admin/wire.ts';
import type { ServerClient } from '../http/client.ts';
import { getServer } from '../http/connect.ts';
import type { Command, Context } from '../types.ts';
import { UsageError } from '../usage-error.ts';

const units = ['requests', 'tokens', 'money'] as const;
const periods = ['minute', 'hour', 'day', 'month'] as const;
const kinds = ['person', 'group', 'model', 'key', 'everybody'] as const;

export const quota: Command = {
  name: 'quota',
  summary: {
    en: 'Cap requests, tokens or money.',
    fr: 'Plafonner les demandes, les jetons ou l’argent.',
  },
  details: {
    en: 'A subject is person:NAME, group:TITLE, model:ID, key:ID or everybody; "person:*" caps each person on their own. Money is in units of the currency. Periods begin at the minute, hour, day and month of UTC.',
    fr: 'Un sujet est person:NOM, group:TITRE, model:ID, key:ID ou everybody ; "person:*" plafonne chaque personne séparément. L’argent est en unités de la monnaie. Les périodes commencent à la minute, l’heure, le jour et le mois UTC.',
  },
  arguments: [
    {
      name: { en: 'ACTION', fr: 'ACTION' },
      about: { en: 'list, set or remove; list when absent.', fr: 'list, set ou remove ; list en son absence.' },
      optional: true,
      complete: ['list', 'set', 'remove'],
    },
    {
      name: { en: 'SUBJECT', fr: 'SUJET' },
      about: {
        en: 'What is capped; for remove, the id of the cap.',
        fr: 'Ce qui est plafonné ; pour remove, l’identifiant du plafond.',
      },
      optional: true,
    },
    {
      name: { en: 'LIMIT', fr: 'LIMITE' },
      about: { en: 'Most of the unit.', fr: 'Maximum de l’unité.' },
      optional: true,
    },
    {
      name: { en: 'UNIT', fr: 'UNITÉ' },
      about: {
        en: 'requests, tokens or money, a slash, and a period: tokens/day.',
        fr: 'requests, tokens ou money, une barre, et une période : tokens/day.',
      },
      optional: true,
      complete: units.flatMap((unit) => periods.map((period) => `${unit}/${period}`)),
    },
  ],
  examples: [
    {
      line: 'intramuros quota set person:* 200000 tokens/day',
      about: { en: 'each person', fr: 'chaque personne' },
    },
    {
      line: 'intramuros quota set group:rh 50 money/month',
      about: { en: 'a group, in euros', fr: 'un groupe, en euros' },
    },
  ],
  run: (context) => runAction(context, 'quota', { list, set: put, remove }),
};

const figure = (unit: string, value: number, context: Context): string => {
  const number = unit === 'money' ? value / 1_000_000 : value;
  return new Intl.NumberFormat(context.language, { maximumFractionDigits: 2 }).format(number);
};

const quotas = async (context: Context, server: ServerClient): Promise<readonly QuotaRow[]> =>
  (await call<{ quotas: QuotaRow[] }>(context, server, 'GET', '/api/quotas')).quotas;

async function list(context: Context): Promise<number> {
  const server = await getServer(context);
  const [all, people, groups] = await Promise.all([
    quotas(context, server),
    listPeople(context, server),
    listGroups(context, server),
  ]);
  const names = new Map([
    ...people.map(({ id, name }) => [id, name] as const),
    ...groups.map(({ id, title }) => [id, title] as const),
  ]);
  const rows = all.map(({ id, subject, unit, period, limit, used, reserved, resetAt }) => [
    id,
    subject.kind === 'everybody' ? subject.kind : `${subject.kind}:${names.get(subject.id) ?? subject.id}`,
    `${figure(unit, limit, context)} ${unit}/${period}`,
    figure(unit, used + reserved, context),
    timeText(resetAt, context),
  ]);
  const columns = [
    { title: { en: 'ID', fr: 'ID' } },
    { title: { en: 'SUBJECT', fr: 'SUJET' }, flexible: true },
    { title: { en: 'LIMIT', fr: 'LIMITE' } },
    { title: { en: 'TAKEN', fr: 'PRIS' }, align: 'right' as const },
    { title: { en: 'BEGINS ANEW', fr: 'REPART' } },
  ];
  return showTable(context, { quotas: all }, columns, rows, {
    en: 'Nothing is capped.',
    fr: 'Rien n’est plafonné.',
  });
}

/** `group:rh` as the server wants it, names turned into ids. */
async function subjectOf(context: Context, server: ServerClient, text: string): Promise<QuotaRow['subject']> {
  const colon = text.indexOf(':');
  const kind = colon < 0 ? text : text.slice(0, colon);
  const id = colon < 0 ? '*' : text.slice(colon + 1);
  if (!(kinds as readonly string[]).includes(kind) || id === '' || (colon < 0 && kind !== 'everybody')) {
    throw new UsageError(
      {
        en: `A subject is person:NAME, group:TITLE, model:ID, key:ID or everybody; not "${text}".`,
        fr: `Un sujet est person:NOM, group:TITRE, model:ID, key:ID ou everybody ; pas « ${text} ».`,
      },
      'quota',
    );
  }
  if (id === '*') return { kind, id };
  if (kind === 'person') return { kind, id: personNamed(await listPeople(context, server), id).id };
  if (kind === 'group') return { kind, id: groupNamed(await listGroups(context, server), id).id };
  return { kind, id };
}

async function put(context: Context, [subjectText, limitText, unitText]: readonly string[]): Promise<number> {
  const what = needed(subjectText, { en: 'what is capped', fr: 'ce qui est plafonné' }, 'quota');
  const amount = Number(needed(limitText, { en: 'the limit', fr: 'la limite' }, 'quota'));
  const [unit = '', period = ''] = needed(
    unitText,
    { en: 'the unit, such as tokens/day', fr: 'l’unité, telle que tokens/day' },
    'quota',
  ).split('/');
  const known = (units as readonly string[]).includes(unit) && (periods as readonly string[]).includes(period);
  if (!known || !Number.isFinite(amount) || amount < 0) {
    throw new UsageError(
      {
        en: `A cap is a number and a unit such as "200000 tokens/day"; not "${limitText} ${unitText}".`,
        fr: `Un plafond est un nombre et une unité tels que « 200000 tokens/day » ; pas « ${limitText} ${unitText} ».`,
      },
      'quota',
    );
  }
  const limit = Math.round(unit === 'money' ? amount * 1_000_000 : amount);
  const server = await getServer(context);
  const subject = await subjectOf(context, server, what);
  const was = (await quotas(context, server)).find(
    (item) =>
      item.subject.kind === subject.kind &&
      item.subject.id === subject.id &&
      item.unit === unit &&
      item.period === period,
  );
  const done =
    was === undefined
      ? await call<QuotaRow>(context, server, 'POST', '/api/quotas', { subject, unit, period, limit })
      : await call<QuotaRow>(context, server, 'PUT', `/api/quotas/${was.id}`, { version: was.version, limit });
  return showDone(context, done, {
    en: `The cap is in force (${done.id}).`,
    fr: `Le plafond est en vigueur (${done.id}).`,
  });
}

async function remove(context: Context, [given]: readonly string[]): Promise<number> {
  const id = needed(given, { en: 'the id of the cap', fr: 'l’identifiant du plafond' }, 'quota');
  await call(context, await getServer(context), 'DELETE', `/api/quotas/${encodeURIComponent(id)}`);
  return showDone(context, { removed: id }, { en: 'The cap is removed.', fr: 'Le plafond est supprimé.' });
}
