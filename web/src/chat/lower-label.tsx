import { type FormEvent, useEffect, useState } from 'react';
import { toProblemBody } from '../api/problem.ts';
import type { ProblemBody } from '../api/wire.ts';
import { type Label, type Level, levels } from '../api/wire-policy.ts';
import { conversationOf } from '../store/label-store.ts';
import { rank } from '../text/label.ts';
import { Icon } from '../ui/icon.tsx';
import { ProblemNote } from '../ui/problem-note.tsx';
import { useSay, useServices } from '../ui/services.ts';
import { useObservable } from '../ui/use-observable.ts';

/** Asks that a conversation's label be lowered: with a reason, and for another person to agree. */
export function LowerLabel({
  conversationId,
  from,
  onDone,
}: {
  readonly conversationId: string;
  readonly from: Label;
  readonly onDone: () => void;
}) {
  const say = useSay();
  const { labels, announcer } = useServices();
  const [asking, setAsking] = useState(false);
  const [problem, setProblem] = useState<ProblemBody>();
  const pending = useObservable(labels.state, (state) =>
    state.pending.find((proposal) => conversationOf(proposal) === conversationId),
  );
  useEffect(() => {
    // A server that lists no requests to this person shows none.
    labels.readPending().catch(() => undefined);
  }, [labels]);
  const lower = levels.filter((level) => rank(level) < rank(from.level));
  if (pending) {
    const to = (pending.detail as { to?: Label } | null)?.to?.level ?? pending.summary;
    return <p className="label-raised">{say('label.pending', { level: to })}</p>;
  }
  if (lower.length === 0) return null;
  if (!asking)
    return (
      <button type="button" className="link label-lower" onClick={() => setAsking(true)}>
        {say('label.lower')}
      </button>
    );
  const send = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const to = { ...from, level: String(form.get('to')) as Level };
    try {
      const proposal = await labels.proposeLower(conversationId, to, String(form.get('reason') ?? '').trim());
      announcer.say(say(proposal.state === 'open' ? 'label.pending' : 'label.lowered', { level: to.level }));
      if (proposal.state !== 'open') onDone();
    } catch (error) {
      setProblem(toProblemBody(error));
    }
  };
  return (
    <form className="lower" onSubmit={(event) => void send(event)}>
      <label>
        {say('label.lower.to')}
        <span className="select">
          <select className="field" name="to" defaultValue={lower.at(-1)}>
            {lower.map((level) => (
              <option key={level}>{level}</option>
            ))}
          </select>
          <Icon name="down" />
        </span>
      </label>
      <label>
        {say('label.lower.reason')}
        <textarea className="field" name="reason" rows={2} required maxLength={1000} />
      </label>
      <p className="faint">{say('label.lower.help')}</p>
      {problem ? <ProblemNote problem={problem} /> : null}
      <button type="submit" className="button">
        {say('label.lower.send')}
      </button>
    </form>
  );
}
