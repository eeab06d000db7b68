import type { ReactNode } from 'react';
import type { ProblemBody } from '../api/wire.ts';
import { i18n, type Say, type TextKey } from '../text/i18n.ts';
import { Icon } from './icon.tsx';
import { useFormat, useSay } from './services.ts';

/** What happened and what to do, in the page's language, by the problem's code. */
export function problemWords(say: Say, problem: ProblemBody): { readonly what: string; readonly todo: string } {
  const what = `problem.${problem.code}` as TextKey;
  if (!(what in i18n.messages)) return { what: say('problem.unreadable'), todo: say('problem.unreadable.todo') };
  return { what: say(what), todo: say(`${what}.todo` as TextKey) };
}

/** A failure in words: what, what to do, and the server's own sentence for whoever helps. */
export function ProblemNote({
  problem,
  alert = true,
  children,
}: {
  readonly problem: ProblemBody;
  readonly alert?: boolean;
  readonly children?: ReactNode;
}) {
  const say = useSay();
  const format = useFormat();
  const { what, todo } = problemWords(say, problem);
  const resetAt = typeof problem.facts?.resetAt === 'string' ? problem.facts.resetAt : undefined;
  const wait = problem.code === 'sign_in_failed' ? problem.facts?.retryAfterSeconds : undefined;
  const seconds = typeof wait === 'number' ? wait : undefined;
  return (
    <div className="problem" role={alert ? 'alert' : undefined}>
      <Icon name="warning" />
      <div>
        <p className="problem-what">{what}</p>
        <p>
          {todo}
          {seconds === undefined ? '' : ` ${say('sign.retry', { seconds })}`}
          {resetAt ? ` ${say('quota.resets', { time: format.dateTime(resetAt) })}` : ''}
        </p>
        {problem.message ? (
          <details>
            <summary>{say('problem.details')}</summary>
            <p className="mono" lang="en">
              {problem.message}
              <br />
              {problem.code}
            </p>
          </details>
        ) : null}
        {children ? <div className="problem-acts">{children}</div> : null}
      </div>
    </div>
  );
}
