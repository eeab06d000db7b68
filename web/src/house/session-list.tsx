import type { OpenSession } from '../api/wire-house.ts';
import { useSave } from '../form/use-save.ts';
import { DataTable } from '../ui/data-table.tsx';
import { ProblemNote } from '../ui/problem-note.tsx';
import { ReadState } from '../ui/read-state.tsx';
import { useFormat, useSay, useServices } from '../ui/services.ts';
import { useRead } from '../ui/use-read.ts';

/** Where the person is signed in, and the way to end it. */
export function SessionList() {
  const say = useSay();
  const format = useFormat();
  const { client } = useServices();
  const reading = useRead(
    'sessions',
    async () => (await client.ask<{ sessions: OpenSession[] }>('GET', '/api/me/sessions')).sessions,
  );
  const save = useSave();
  const end = (path: string, said: 'session.ended' | 'session.othersEnded') =>
    save.run(async () => {
      await client.tell('DELETE', `/api/me/sessions${path}`);
      reading.again();
    }, said);
  const endOne = ({ id, address, createdAt }: OpenSession) => (
    <button
      type="button"
      className="act danger"
      aria-label={say('session.end.one', { address: address ?? '', at: format.moment(createdAt) })}
      onClick={() => void end(`/${encodeURIComponent(id)}`, 'session.ended')}
    >
      {say('session.end')}
    </button>
  );
  return (
    <section aria-labelledby="my-sessions">
      <div className="section-head">
        <h2 id="my-sessions">{say('account.sessions')}</h2>
        <button type="button" className="button" onClick={() => void end('', 'session.othersEnded')}>
          {say('session.endOthers')}
        </button>
      </div>
      <p className="faint lead">{say('account.sessions.help')}</p>
      {save.problem ? <ProblemNote problem={save.problem} /> : null}
      <ReadState reading={reading}>
        {(sessions) => (
          <DataTable
            label={say('account.sessions')}
            rows={sessions}
            keyOf={({ id }) => id}
            empty={say('session.none')}
            columns={[
              { title: say('session.address'), cell: ({ address }) => <span className="mono">{address ?? '–'}</span> },
              { title: say('session.seen'), cell: ({ lastSeenAt }) => format.moment(lastSeenAt) },
              { title: say('keys.until'), cell: ({ expiresAt }) => format.day(expiresAt) },
              {
                title: say('fact.action'),
                cell: (session) =>
                  session.current ? <span className="faint">{say('session.current')}</span> : endOne(session),
              },
            ]}
          />
        )}
      </ReadState>
    </section>
  );
}
