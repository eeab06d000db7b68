import { useState } from 'react';
import { SelectField } from '../form/fields.tsx';
import type { TextKey } from '../text/i18n.ts';
import { DataTable } from '../ui/data-table.tsx';
import { ReadState } from '../ui/read-state.tsx';
import { useFormat, useSay } from '../ui/services.ts';
import { useRead } from '../ui/use-read.ts';
import { ListHead } from './detail.tsx';
import { useHouse } from './house-client.ts';

const ways = ['person', 'group', 'model', 'key'] as const;

/** Who and what used how much. */
export default function UsageSection() {
  const say = useSay();
  const format = useFormat();
  const house = useHouse();
  const [by, setBy] = useState<(typeof ways)[number]>('person');
  const [days, setDays] = useState('30');
  const usage = useRead(`usage ${by} ${days}`, () => house.usage(by, Number(days)));
  return (
    <>
      <ListHead title={say('section.usage')} lead={say('usage.lead')} />
      <div className="filters">
        <SelectField
          label={say('usage.by')}
          value={by}
          options={ways.map((way) => [way, say(`by.${way}` as TextKey)])}
          onValue={setBy}
        />
        <SelectField
          label={say('usage.since')}
          value={days}
          options={['1', '7', '30', '90', '365'].map((one) => [one, say('usage.days', { count: Number(one) })])}
          onValue={setDays}
        />
      </div>
      <ReadState reading={usage}>
        {(rows) => {
          const tokens = (row: (typeof rows)[number]) => row.promptTokens + row.completionTokens;
          const most = Math.max(1, ...rows.map(tokens));
          return (
            <DataTable
              label={say('section.usage')}
              rows={rows.toSorted((a, b) => tokens(b) - tokens(a))}
              keyOf={({ id }) => id}
              empty={say('usage.none')}
              columns={[
                {
                  title: say(`by.${by}` as TextKey),
                  cell: ({ title, id }) => (
                    <>
                      <span className="entry-title">{title || id}</span>
                      {title && title !== id && by === 'key' ? <span className="mono faint">{id}</span> : null}
                    </>
                  ),
                },
                { title: say('usage.requests'), number: true, cell: (row) => format.integer(row.requests) },
                { title: say('usage.prompt'), number: true, cell: (row) => format.integer(row.promptTokens) },
                { title: say('usage.completion'), number: true, cell: (row) => format.integer(row.completionTokens) },
                {
                  title: say('usage.share'),
                  cell: (row) => <meter value={tokens(row)} max={most} aria-label={say('usage.share')} />,
                },
                { title: say('usage.cost'), number: true, cell: (row) => format.money(row.costMicros, 'EUR') },
              ]}
            />
          );
        }}
      </ReadState>
    </>
  );
}
