import type { Connection, Egress, EgressTotal } from '../api/wire-house.ts';
import { useSave } from '../form/use-save.ts';
import { i18n, type TextKey } from '../text/i18n.ts';
import { DataTable } from '../ui/data-table.tsx';
import { ProblemNote } from '../ui/problem-note.tsx';
import { ReadState } from '../ui/read-state.tsx';
import { hashOf } from '../ui/route.ts';
import { useFormat, useSay } from '../ui/services.ts';
import { useRead } from '../ui/use-read.ts';
import type { SectionProps } from './admin-page.tsx';
import { ListHead } from './detail.tsx';
import { useHouse } from './house-client.ts';
import { usePages } from './use-pages.ts';

/** What left and what was kept in: totals, each connection, what may be dialled, and the switch that closes all. */
export default function EgressSection({ id }: SectionProps) {
  const say = useSay();
  const house = useHouse();
  const egress = useRead('egress', house.egress);
  return (
    <>
      <ListHead title={say('section.egress')} lead={say('egress.lead')} />
      <ReadState reading={egress}>
        {(now) => (
          <>
            <Gate egress={now} onChanged={egress.again} />
            <Totals totals={now.totals} />
          </>
        )}
      </ReadState>
      <Connections decision={id} />
      {egress.value ? (
        <>
          <AllowList allowList={egress.value.allowList} />
          <Layers layers={egress.value.layers} />
        </>
      ) : null}
    </>
  );
}

/** Bytes and connections to other machines; what this machine says to itself has not left it. */
const sum = (totals: readonly EgressTotal[], of: 'sentBytes' | 'receivedBytes' | 'connections'): number =>
  totals.reduce((all, total) => all + (total.loopback ? 0 : total[of]), 0);

function Gate({ egress, onChanged }: { readonly egress: Egress; readonly onChanged: () => void }) {
  const say = useSay();
  const format = useFormat();
  const house = useHouse();
  const save = useSave();
  const sent = sum(egress.totals, 'sentBytes');
  return (
    <section className="gate" data-closed={sent === 0 || undefined} aria-label={say('egress.now')}>
      <p className="gate-sum">{say('where.left', { count: sent, bytes: format.bytes(sent) })}</p>
      <p>
        {say('egress.sum', {
          connections: sum(egress.totals, 'connections'),
          received: format.bytes(sum(egress.totals, 'receivedBytes')),
        })}
      </p>
      <p className={egress.unexplainedBytes === 0 ? 'faint' : 'danger'}>
        {egress.unexplainedBytes === 0
          ? say('egress.explained')
          : say('egress.unexplained', { bytes: format.bytes(egress.unexplainedBytes) })}
      </p>
      {save.problem ? <ProblemNote problem={save.problem} /> : null}
      <button
        type="button"
        role="switch"
        aria-checked={egress.offline}
        className="switch"
        disabled={save.working}
        onClick={() =>
          void save.run(async () => {
            await house.setOffline(!egress.offline);
            onChanged();
          })
        }
      >
        <span className="switch-track" aria-hidden="true" />
        {say('egress.offline')}
      </button>
      <p className="faint">{say(egress.offline ? 'egress.offline.on' : 'egress.offline.off')}</p>
    </section>
  );
}

function purposeWords(say: ReturnType<typeof useSay>, purpose: string): string {
  const key = `purpose.${purpose}`;
  return key in i18n.messages ? say(key as TextKey) : purpose;
}

function refusedWords(say: ReturnType<typeof useSay>, why: string): string {
  const key = `refused.${why}`;
  return key in i18n.messages ? say(key as TextKey) : why;
}

function Totals({ totals }: { readonly totals: readonly EgressTotal[] }) {
  const say = useSay();
  const format = useFormat();
  return (
    <section aria-labelledby="totals">
      <h3 id="totals">{say('egress.totals')}</h3>
      <DataTable
        label={say('egress.totals')}
        rows={totals}
        keyOf={({ purpose, destination }) => `${purpose} ${destination}`}
        empty={say('egress.none')}
        columns={[
          {
            title: say('egress.to'),
            cell: ({ destination, loopback }) => (
              <>
                <span className="mono">{destination}</span>{' '}
                {loopback ? <span className="faint">{say('egress.loopback')}</span> : null}
              </>
            ),
          },
          { title: say('egress.purpose'), cell: ({ purpose }) => purposeWords(say, purpose) },
          { title: say('egress.connections'), number: true, cell: (row) => format.integer(row.connections) },
          { title: say('egress.sent'), number: true, cell: (row) => format.bytes(row.sentBytes) },
          { title: say('egress.received'), number: true, cell: (row) => format.bytes(row.receivedBytes) },
        ]}
      />
    </section>
  );
}

function Connections({ decision }: { readonly decision: string | undefined }) {
  const say = useSay();
  const format = useFormat();
  const house = useHouse();
  const pages = usePages<Connection>(`connections ${decision}`, async (cursor) => {
    const { connections, nextCursor } = await house.connections({
      limit: 100,
      ...(decision ? { decision } : {}),
      ...(cursor ? { cursor } : {}),
    });
    return { rows: connections, nextCursor };
  });
  return (
    <section aria-labelledby="connections">
      <div className="section-head">
        <h3 id="connections">{say('egress.connections')}</h3>
        <button type="button" className="button" onClick={pages.again}>
          {say('admin.reread')}
        </button>
      </div>
      {decision ? (
        <p className="note">
          {say('egress.of.decision', { id: decision })}{' '}
          <a href={hashOf({ page: 'admin', section: 'egress' })}>{say('egress.all')}</a>
        </p>
      ) : null}
      <ReadState reading={pages}>
        {(rows) => (
          <DataTable
            label={say('egress.connections')}
            rows={rows}
            keyOf={({ id }) => id}
            empty={say('egress.none')}
            onMore={pages.more}
            columns={[
              { title: say('decision.at'), cell: ({ at }) => <span className="moment">{format.moment(at)}</span> },
              {
                title: say('egress.to'),
                cell: ({ host, port, address }) => (
                  <span className="mono">
                    {host}:{port}
                    {address && address !== host ? ` (${address})` : ''}
                  </span>
                ),
              },
              { title: say('egress.purpose'), cell: ({ purpose }) => purposeWords(say, purpose) },
              {
                title: say('receipt.decision'),
                cell: ({ decisionId }) =>
                  decisionId ? (
                    <a className="mono" href={hashOf({ page: 'admin', section: 'decisions', id: decisionId })}>
                      {decisionId}
                    </a>
                  ) : (
                    '–'
                  ),
              },
              {
                title: say('decision.bytes'),
                cell: (row) =>
                  row.refused ? (
                    <span className="danger">{say('egress.was.refused', { why: refusedWords(say, row.refused) })}</span>
                  ) : (
                    say('egress.bytes', {
                      sent: format.bytes(row.sentBytes),
                      received: format.bytes(row.receivedBytes),
                    })
                  ),
              },
            ]}
          />
        )}
      </ReadState>
    </section>
  );
}

function AllowList({ allowList }: { readonly allowList: Egress['allowList'] }) {
  const say = useSay();
  return (
    <section aria-labelledby="allow-list">
      <h3 id="allow-list">{say('egress.allow')}</h3>
      <DataTable
        label={say('egress.allow')}
        rows={allowList}
        keyOf={({ id, host, port }) => `${id} ${host} ${port}`}
        empty={say('egress.allow.none')}
        columns={[
          {
            title: say('egress.to'),
            cell: ({ host, port }) => (
              <span className="mono">
                {host}:{port}
              </span>
            ),
          },
          { title: say('egress.purpose'), cell: ({ purpose }) => purposeWords(say, purpose) },
          { title: say('egress.because'), cell: ({ origin }) => say(`because.${origin}` as TextKey) },
        ]}
      />
    </section>
  );
}

function Layers({ layers }: { readonly layers: Egress['layers'] }) {
  const say = useSay();
  return (
    <section aria-labelledby="layers">
      <h3 id="layers">{say('egress.layers')}</h3>
      <p className="faint lead">{say('egress.layers.help')}</p>
      <ul className="layers">
        {layers.map(({ name, active, words }) => {
          const key = `layer.${name}`;
          return (
            <li key={name} data-active={active || undefined}>
              <span className="layer-state">{say(active ? 'egress.layer.on' : 'egress.layer.off')}</span>
              <span>
                {key in i18n.messages ? say(key as TextKey) : name}
                <span className="faint" lang="en">
                  {' '}
                  {words}
                </span>
              </span>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
