import { useState } from 'react';
import { type Anssi, type EvidenceState, evidenceStates } from '../api/wire-evidence.ts';
import { i18n } from '../text/i18n.ts';
import { DataTable } from '../ui/data-table.tsx';
import { ReadState } from '../ui/read-state.tsx';
import { useFormat, useSay } from '../ui/services.ts';
import { useRead } from '../ui/use-read.ts';
import { BasisList } from './basis.tsx';
import { ListHead } from './detail.tsx';
import { useEvidence } from './evidence-client.ts';

/** Each recommendation of the agency, its state here, and what shows it. */
export default function AnssiSection() {
  const say = useSay();
  const evidence = useEvidence();
  const reading = useRead('anssi', evidence.anssi);
  return (
    <>
      <ListHead title={say('section.anssi')} lead={say('anssi.lead')} />
      <ReadState reading={reading}>{(anssi) => <Rows anssi={anssi} />}</ReadState>
    </>
  );
}

function Rows({ anssi }: { readonly anssi: Anssi }) {
  const say = useSay();
  const format = useFormat();
  const [shown, setShown] = useState<EvidenceState>();
  const french = i18n.locale === 'fr';
  const rows = anssi.rows.filter(({ state }) => shown === undefined || state === shown);
  return (
    <>
      <p className="faint">{french ? anssi.title.fr : anssi.title.en}</p>
      <p className="faint lead">
        {say('anssi.source')}
        {french ? ' : ' : ': '}
        {anssi.source} · {format.dateTime(anssi.at)}
      </p>
      <fieldset className="counts">
        <legend className="visually-hidden">{say('anssi.show')}</legend>
        <button type="button" className="count" aria-pressed={shown === undefined} onClick={() => setShown(undefined)}>
          <span className="count-figure">{format.integer(anssi.rows.length)}</span> {say('anssi.all')}
        </button>
        {evidenceStates.map((state) => (
          <button
            key={state}
            type="button"
            className="count"
            data-state={state}
            aria-pressed={shown === state}
            onClick={() => setShown(state)}
          >
            <span className="count-figure">{format.integer(anssi.counts[state])}</span> {say(`evidence.${state}`)}
          </button>
        ))}
      </fieldset>
      <DataTable
        label={say('section.anssi')}
        rows={rows}
        keyOf={({ id }) => id}
        empty="–"
        columns={[
          {
            title: say('anssi.row'),
            cell: ({ id, title, words }) => (
              <>
                <span className="entry-title">
                  <span className="mono">{id}</span> {french ? title.fr : title.en}
                </span>
                <span className="evidence-words">{french ? words.fr : words.en}</span>
              </>
            ),
          },
          {
            title: say('anssi.state'),
            cell: ({ state }) => (
              <span className="evidence" data-state={state}>
                {say(`evidence.${state}`)}
              </span>
            ),
          },
          { title: say('anssi.by'), cell: ({ by }) => <BasisList by={by} /> },
        ]}
      />
    </>
  );
}
