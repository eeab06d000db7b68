import { showTable } from '../admin/show.ts';
import { call } from '../admin/wire.ts';
import { getServer } from '../http/connect.ts';
import type { Command } from '../types.ts';

interface Row {
  readonly id: string;
  readonly title: string;
  readonly requests: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly costMicros: number;
}

export const usage: Command = {
  name: 'usage',
  summary: {
    en: 'Show who used how much.',
    fr: 'Afficher qui a utilisé combien.',
  },
  options: [
    {
      name: 'by',
      value: { en: 'WHAT', fr: 'QUOI' },
      about: {
        en: 'person, group, model or key; person when absent.',
        fr: 'person, group, model ou key ; person en son absence.',
      },
      complete: ['person', 'group', 'model', 'key'],
    },
    {
      name: 'days',
      value: { en: 'NUMBER', fr: 'NOMBRE' },
      about: { en: 'Days up to today; 30 when absent.', fr: 'Jours jusqu’à aujourd’hui ; 30 en son absence.' },
    },
  ],
  async run(context) {
    const by = context.flags.oneOf('by', ['person', 'group', 'model', 'key']) ?? 'person';
    const days = context.flags.number('days', { min: 1, max: 366, whole: true }) ?? 30;
    const server = await getServer(context);
    const { rows } = await call<{ rows: Row[] }>(context, server, 'GET', `/api/usage?by=${by}&days=${days}`);
    const number = new Intl.NumberFormat(context.language);
    const money = new Intl.NumberFormat(context.language, { minimumFractionDigits: 2, maximumFractionDigits: 4 });
    const cells = rows.map((row) => [
      row.title,
      number.format(row.requests),
      number.format(row.promptTokens),
      number.format(row.completionTokens),
      money.format(row.costMicros / 1_000_000),
    ]);
    const right = 'right' as const;
    const columns = [
      { title: { en: 'WHO OR WHAT', fr: 'QUI OU QUOI' }, flexible: true },
      { title: { en: 'REQUESTS', fr: 'DEMANDES' }, align: right },
      { title: { en: 'TOKENS IN', fr: 'JETONS LUS' }, align: right },
      { title: { en: 'TOKENS OUT', fr: 'JETONS ÉCRITS' }, align: right },
      { title: { en: 'COST', fr: 'COÛT' }, align: right },
    ];
    return showTable(context, { rows }, columns, cells, {
      en: 'Nothing was used in these days.',
      fr: 'Rien n’a été utilisé durant ces jours.',
    });
  },
};
