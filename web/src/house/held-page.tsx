import { useState } from 'react';
import type { ErasureReceipt, Held } from '../api/wire-evidence.ts';
import type { Tier } from '../api/wire-policy.ts';
import { placeWords } from '../chat/choice-words.ts';
import { useSave } from '../form/use-save.ts';
import { ErasePanel } from '../proof/erase-panel.tsx';
import { DataTable } from '../ui/data-table.tsx';
import { Icon } from '../ui/icon.tsx';
import { ProblemNote } from '../ui/problem-note.tsx';
import { ReadState } from '../ui/read-state.tsx';
import { hashOf } from '../ui/route.ts';
import { saveFile } from '../ui/save-file.ts';
import { useFormat, useSay, useServices } from '../ui/services.ts';
import { useObservable } from '../ui/use-observable.ts';
import { useRead } from '../ui/use-read.ts';

/** Everything held about the person at the page: what, who else read it, which models saw it; a copy, and its end. */
export default function HeldPage() {
  const say = useSay();
  const { client } = useServices();
  const reading = useRead('held', () => client.ask<Held>('GET', '/api/me/held'));
  return (
    <div className="page scroller">
      <div className="page-column">
        <a className="back" href={hashOf({ page: 'account' })}>
          <Icon name="left" />
          {say('account')}
        </a>
        <p className="faint lead">{say('held.lead')}</p>
        <ReadState reading={reading}>
          {(held) => (
            <>
              <What held={held} />
              <Reads reads={held.reads} />
              <Models models={held.models} />
              <TakeAway />
            </>
          )}
        </ReadState>
        <Erase onErased={reading.again} />
      </div>
    </div>
  );
}

function What({ held }: { readonly held: Held }) {
  const say = useSay();
  const format = useFormat();
  const rows: readonly (readonly [string, string])[] = [
    [say('held.conversations'), format.integer(held.conversations)],
    [say('held.messages'), format.integer(held.messages)],
    [say('held.since'), held.firstAt ? format.day(held.firstAt) : '–'],
    [say('held.last'), held.lastAt ? format.day(held.lastAt) : '–'],
    [say('held.keys'), format.integer(held.keys)],
    [say('held.sessions'), format.integer(held.sessions)],
    [say('held.usage'), format.integer(held.usageDays)],
    [say('held.vaults'), format.integer(held.vaults)],
    [say('held.memories'), format.integer(held.memories)],
    [say('held.records'), format.integer(held.auditRecords)],
  ];
  return (
    <section aria-labelledby="held-what">
      <h2 id="held-what">{say('held.what')}</h2>
      <dl className="facts facts-figures">
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <p className="faint">{say('held.records.help')}</p>
    </section>
  );
}

function Reads({ reads }: { readonly reads: Held['reads'] }) {
  const say = useSay();
  const format = useFormat();
  return (
    <section aria-labelledby="held-reads">
      <h2 id="held-reads">{say('held.reads')}</h2>
      <p className="faint lead">{say('held.reads.help')}</p>
      <DataTable
        label={say('held.reads')}
        rows={reads}
        keyOf={({ at, by, what }) => `${at} ${by} ${what}`}
        empty={say('held.reads.none')}
        columns={[
          { title: say('held.between'), cell: ({ at }) => <span className="moment">{format.moment(at)}</span> },
          { title: say('held.read.by'), cell: ({ by }) => by },
          { title: say('held.read.what'), cell: ({ what }) => what },
          { title: say('held.read.why'), cell: ({ reason }) => reason ?? '–' },
        ]}
      />
    </section>
  );
}

function Models({ models }: { readonly models: Held['models'] }) {
  const say = useSay();
  const format = useFormat();
  return (
    <section aria-labelledby="held-models">
      <h2 id="held-models">{say('held.models')}</h2>
      <DataTable
        label={say('held.models')}
        rows={models}
        keyOf={({ model, destination }) => `${model} ${destination}`}
        empty={say('held.models.none')}
        columns={[
          { title: say('fact.model'), cell: ({ model }) => <span className="mono">{model}</span> },
          {
            title: say('receipt.where'),
            cell: ({ destinationTitle, tier, country }) => (
              <>
                {tier === 'embedded' ? '' : `${destinationTitle} `}
                <span className={tier === 'embedded' ? '' : 'faint'}>
                  {placeWords(say, format, { tier: tier as Tier, country })}
                </span>
              </>
            ),
          },
          { title: say('held.answers'), number: true, cell: ({ answers }) => format.integer(answers) },
          { title: say('held.sent'), number: true, cell: ({ bytesSent }) => format.bytes(bytesSent) },
          {
            title: say('held.between'),
            cell: ({ firstAt, lastAt }) => {
              const [first, last] = [format.day(firstAt), format.day(lastAt)];
              return first === last ? first : say('held.between.value', { first, last });
            },
          },
        ]}
      />
    </section>
  );
}

function TakeAway() {
  const say = useSay();
  const { client } = useServices();
  const save = useSave();
  const copy = async () =>
    saveFile(await client.file('/api/me/export'), `intramuros-${new Date().toISOString().slice(0, 10)}.json`);
  return (
    <section aria-labelledby="held-export">
      <h2 id="held-export">{say('held.export')}</h2>
      <p className="faint lead">{say('held.export.text')}</p>
      {save.problem ? <ProblemNote problem={save.problem} /> : null}
      <button
        type="button"
        className="button"
        disabled={save.working}
        onClick={() => void save.run(copy, 'held.export.done')}
      >
        <Icon name="download" />
        {say('held.export.do')}
      </button>
    </section>
  );
}

function Erase({ onErased }: { readonly onErased: () => void }) {
  const say = useSay();
  const { client, chat, list, session } = useServices();
  const who = useObservable(session.state, (state) => state.session?.who);
  const [open, setOpen] = useState(false);
  const name = who?.name ?? '';
  const erase = async (confirm: string) => {
    const { receipt } = await client.ask<{ receipt: ErasureReceipt }>('POST', '/api/me/erase', { confirm });
    for (const { id } of list.state.get().conversations) chat.forget(id);
    await list.refresh();
    onErased();
    return receipt;
  };
  return (
    <section aria-labelledby="held-erase" className="erase">
      <h2 id="held-erase">{say('erase.title')}</h2>
      <p className="lead">{say('erase.text')}</p>
      <p className="faint lead">{say('erase.stays')}</p>
      {open ? (
        <ErasePanel name={name} onErase={erase} onCancel={() => setOpen(false)} />
      ) : (
        <button type="button" className="button button-danger" onClick={() => setOpen(true)}>
          {say('erase.open')}
        </button>
      )}
    </section>
  );
}
