import { useState } from 'react';
import type { Proposal } from '../api/wire-policy.ts';
import { TextField } from '../form/fields.tsx';
import { useSave } from '../form/use-save.ts';
import type { TextKey } from '../text/i18n.ts';
import { ProblemNote } from '../ui/problem-note.tsx';
import { ReadState } from '../ui/read-state.tsx';
import { useFormat, useSay, useServices } from '../ui/services.ts';
import { useObservable } from '../ui/use-observable.ts';
import { useRead } from '../ui/use-read.ts';
import { useHouse } from './house-client.ts';
import { useNames } from './use-names.ts';

/** Changes of policy and lower labels that somebody asked for, and that another person decides. */
export function Proposals({ onDecided }: { readonly onDecided: () => void }) {
  const say = useSay();
  const house = useHouse();
  const [all, setAll] = useState(false);
  const proposals = useRead(`proposals ${all}`, () => house.proposals(all ? 'all' : 'open'));
  return (
    <section aria-labelledby="proposals">
      <div className="section-head">
        <h3 id="proposals">{say('proposals')}</h3>
        <button type="button" className="link" aria-pressed={all} onClick={() => setAll(!all)}>
          {say(all ? 'proposals.open' : 'proposals.all')}
        </button>
      </div>
      <ReadState reading={proposals}>
        {(list) =>
          list.length === 0 ? (
            <p className="empty">{say(all ? 'proposals.never' : 'proposals.none')}</p>
          ) : (
            <ul className="cards">
              {list.map((proposal) => (
                <ProposalCard
                  key={proposal.id}
                  proposal={proposal}
                  onDecided={() => {
                    proposals.again();
                    onDecided();
                  }}
                />
              ))}
            </ul>
          )
        }
      </ReadState>
    </section>
  );
}

function ProposalCard({ proposal, onDecided }: { readonly proposal: Proposal; readonly onDecided: () => void }) {
  const say = useSay();
  const format = useFormat();
  const house = useHouse();
  const nameOf = useNames();
  const { session } = useServices();
  const known = useObservable(session.state, (state) => state.session);
  const save = useSave();
  const [reason, setReason] = useState('');
  const decide = (verdict: 'approve' | 'reject') =>
    save
      .run(
        () => house.decide(proposal.id, verdict, reason.trim()),
        verdict === 'approve' ? 'proposals.approved' : 'proposals.rejected',
      )
      .then((done) => done && onDecided());
  const own = known?.who?.id === proposal.by && known.mode === 'accounts';
  return (
    <li className="card">
      <header>
        <h4>{say(proposal.kind === 'policy' ? 'proposals.policy' : 'proposals.label')}</h4>
        <span className="state" data-state={proposal.state === 'open' ? 'ready' : 'idle'}>
          {say(`proposal.${proposal.state}` as TextKey)}
        </span>
      </header>
      <p>{proposal.summary}</p>
      <blockquote className="reason">{proposal.reason}</blockquote>
      <p className="faint">
        {say('proposals.by', { by: nameOf(proposal.by), at: format.dateTime(proposal.at) })}
        {proposal.decidedBy && proposal.decidedAt
          ? ` · ${say('proposals.decided', { by: nameOf(proposal.decidedBy), at: format.dateTime(proposal.decidedAt) })}`
          : ''}
      </p>
      <Detail detail={proposal.detail} />
      {proposal.state !== 'open' ? null : own ? (
        <p className="note">{say('proposals.own')}</p>
      ) : (
        <>
          <TextField label={say('proposals.reason')} value={reason} onValue={setReason} />
          {save.problem ? <ProblemNote problem={save.problem} /> : null}
          <div className="row-acts">
            <button
              type="button"
              className="button button-strong"
              disabled={save.working}
              onClick={() => void decide('approve')}
            >
              {say('proposals.approve')}
            </button>
            <button type="button" className="button" disabled={save.working} onClick={() => void decide('reject')}>
              {say('proposals.reject')}
            </button>
          </div>
        </>
      )}
    </li>
  );
}

/** What exactly would change: the files of a policy, else the fields as the server keeps them. */
function Detail({ detail }: { readonly detail: unknown }) {
  const say = useSay();
  if (typeof detail !== 'object' || detail === null) return null;
  const files = (detail as { files?: unknown }).files;
  const parts: readonly (readonly [string, string])[] = Array.isArray(files)
    ? (files as { name: string; text: string }[]).map(({ name, text }) => [name, text])
    : [['', JSON.stringify(detail, null, 2)]];
  return (
    <details>
      <summary>{say('proposals.detail')}</summary>
      {parts.map(([name, text]) => (
        <figure key={name} className="code">
          {name ? <figcaption className="mono">{name}</figcaption> : null}
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard */}
          <pre tabIndex={0}>
            <code>{text}</code>
          </pre>
        </figure>
      ))}
    </details>
  );
}
