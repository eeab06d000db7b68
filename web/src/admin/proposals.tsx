import { useState } from 'react';
import type { Label, Proposal } from '../api/wire-policy.ts';
import { TextField } from '../form/fields.tsx';
import { useSave } from '../form/use-save.ts';
import type { TextKey } from '../text/i18n.ts';
import { LabelBadge } from '../ui/label-badge.tsx';
import { ProblemNote } from '../ui/problem-note.tsx';
import { ReadState } from '../ui/read-state.tsx';
import { useFormat, useSay, useServices } from '../ui/services.ts';
import { useObservable } from '../ui/use-observable.ts';
import { useRead } from '../ui/use-read.ts';
import { changedLines } from './changed-lines.ts';
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
        <h4>{say(`proposals.${proposal.kind}`)}</h4>
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
        <>
          <p className="note">{say('proposals.own')}</p>
          {save.problem ? <ProblemNote problem={save.problem} /> : null}
          <div className="row-acts">
            <button type="button" className="button" disabled={save.working} onClick={() => void decide('reject')}>
              {say('proposals.withdraw')}
            </button>
          </div>
        </>
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

interface FileChange {
  readonly name: string;
  readonly before: string | null;
  readonly after: string | null;
}

/** What exactly would change: the lines of each file, or the label before and after. */
function Detail({ detail }: { readonly detail: unknown }) {
  const say = useSay();
  if (typeof detail !== 'object' || detail === null) return null;
  const { changes, from, to } = detail as { changes?: readonly FileChange[]; from?: Label; to?: Label };
  if (from && to)
    return (
      <p>
        <LabelBadge label={from} /> → <LabelBadge label={to} />
      </p>
    );
  if (changes === undefined) return null;
  return (
    <details>
      <summary>{say('proposals.detail')}</summary>
      {changes.map(({ name, before, after }) => (
        <figure key={name} className="code">
          <figcaption className="mono">{name}</figcaption>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard */}
          <pre tabIndex={0}>
            {changedLines(before ?? '', after ?? '').map(({ sign, text }, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: lines of one difference never change places
              <code key={at} className="diff-line" data-sign={sign}>
                {`${sign} ${text}\n`}
              </code>
            ))}
          </pre>
        </figure>
      ))}
    </details>
  );
}
