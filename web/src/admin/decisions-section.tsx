import { useState } from 'react';
import type { DecisionRecord } from '../api/wire-house.ts';
import { reasonWords, sourceWords, tierWords } from '../chat/choice-words.ts';
import { SelectField, TextField } from '../form/fields.tsx';
import type { TextKey } from '../text/i18n.ts';
import { DataTable } from '../ui/data-table.tsx';
import { LabelBadge } from '../ui/label-badge.tsx';
import { ReadState } from '../ui/read-state.tsx';
import { go, hashOf } from '../ui/route.ts';
import { useFormat, useSay } from '../ui/services.ts';
import type { SectionProps } from './admin-page.tsx';
import { ListHead } from './detail.tsx';
import { useHouse } from './house-client.ts';
import { Effect } from './policy-section.tsx';
import { useNames, usePeople } from './use-names.ts';
import { usePages } from './use-pages.ts';

const effects = ['', 'allow', 'deny', 'pseudonymise'] as const;

/** Every decision on a destination, newest first: who, which label, where to, by which rule, and what became of it. */
export default function DecisionsSection({ id }: SectionProps) {
  const say = useSay();
  const format = useFormat();
  const house = useHouse();
  const [person, setPerson] = useState('');
  const [destination, setDestination] = useState('');
  const [effect, setEffect] = useState<(typeof effects)[number]>('');
  const known = usePeople();
  const wanted = person.trim().toLowerCase();
  const actor = known.find(({ name, displayName }) => [name, displayName].some((one) => one.toLowerCase() === wanted));
  const pages = usePages<DecisionRecord>(`${actor?.id ?? person} ${destination} ${effect}`, async (cursor) => {
    const { decisions, nextCursor } = await house.decisions({
      person: actor?.id ?? person.trim(),
      destination: destination.trim(),
      effect,
      limit: 100,
      ...(cursor ? { cursor } : {}),
    });
    return { rows: decisions, nextCursor };
  });
  const nameOf = useNames();
  const open = pages.value?.find((one) => one.id === id);
  return (
    <>
      <ListHead title={say('section.decisions')} lead={say('decisions.lead')} />
      <div className="filters">
        <TextField label={say('decision.actor')} value={person} onValue={setPerson} list="decision-people" />
        <datalist id="decision-people">
          {known.slice(0, 500).map(({ id: key, name, displayName }) => (
            <option key={key} value={displayName || name} />
          ))}
        </datalist>
        <TextField label={say('decision.place')} className="mono" value={destination} onValue={setDestination} />
        <SelectField
          label={say('decision.effect')}
          value={effect}
          options={effects.map((one) => [one, one === '' ? say('decision.any') : say(`effect.${one}` as TextKey)])}
          onValue={setEffect}
        />
        <button type="button" className="button" onClick={pages.again}>
          {say('admin.reread')}
        </button>
      </div>
      {open ? <Whole decision={open} /> : null}
      <ReadState reading={pages}>
        {(rows) => (
          <DataTable
            label={say('section.decisions')}
            rows={rows}
            keyOf={({ id: key }) => key}
            empty={say('decisions.none')}
            onMore={pages.more}
            columns={[
              {
                title: say('decision.at'),
                cell: (row) => (
                  <a href={hashOf({ page: 'admin', section: 'decisions', id: row.id })} className="row-link">
                    <span className="moment">{format.moment(row.at)}</span>
                  </a>
                ),
              },
              { title: say('decision.actor'), cell: ({ actor }) => nameOf(actor) },
              { title: say('label.title'), cell: ({ label }) => <LabelBadge label={label} /> },
              {
                title: say('decision.place'),
                cell: ({ destinationId, destinationTitle, tier }) => (
                  <>
                    {tier === 'embedded' ? say('label.this.machine') : (destinationTitle ?? destinationId)}{' '}
                    <span className="faint">{tier === 'embedded' ? '' : tierWords(say, tier)}</span>
                  </>
                ),
              },
              { title: say('decision.effect'), cell: (row) => <Effect effect={row.effect} /> },
              { title: say('deny.why'), cell: ({ reason }) => reasonWords(say, reason) },
            ]}
          />
        )}
      </ReadState>
    </>
  );
}

function Whole({ decision }: { readonly decision: DecisionRecord }) {
  const say = useSay();
  const nameOf = useNames();
  const format = useFormat();
  const { outcome } = decision;
  const rows: readonly (readonly [string, string])[] = [
    [say('receipt.decision'), `${decision.id} (${decision.seq})`],
    [say('decision.actor'), nameOf(decision.actor)],
    [say('decision.action'), decision.action],
    [say('fact.model'), decision.model ?? '–'],
    [say('deny.from'), decision.sources.map((source) => sourceWords(say, source)).join(', ') || '–'],
    [say('deny.rules'), decision.rules.join(', ') || '–'],
    [say('policy.version'), decision.policyVersion.slice(0, 12)],
    [say('decision.run'), decision.runId ?? '–'],
    ...(outcome
      ? ([
          [say('decision.outcome'), say(outcome.ok ? 'decision.ok' : 'decision.failed', { why: outcome.why })],
          [
            say('decision.bytes'),
            say('egress.bytes', {
              sent: format.bytes(outcome.sentBytes),
              received: format.bytes(outcome.receivedBytes),
            }),
          ],
          [say('decision.time'), format.duration(outcome.totalMs)],
        ] as const)
      : []),
  ];
  return (
    <section className="card" aria-label={say('decision.one')}>
      <header>
        <h3>{format.dateTime(decision.at)}</h3>
        <Effect effect={decision.effect} />
        <button
          type="button"
          className="act state"
          onClick={() => go({ page: 'admin', section: 'decisions' }, { replace: true })}
        >
          {say('close')}
        </button>
      </header>
      <p>
        <LabelBadge label={decision.label} /> → <span className="mono">{decision.destinationId}</span>{' '}
        {reasonWords(say, decision.reason)}
      </p>
      <dl className="facts">
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <a href={`${hashOf({ page: 'admin', section: 'egress', id: decision.id })}`}>{say('decision.connections')}</a>
    </section>
  );
}
