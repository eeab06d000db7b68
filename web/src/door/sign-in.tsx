import { type FormEvent, useEffect, useState } from 'react';
import { toProblemBody } from '../api/problem.ts';
import type { ProblemBody } from '../api/wire.ts';
import { stashDrafts } from '../chat/drafts.ts';
import { i18n, type TextKey } from '../text/i18n.ts';
import { Icon, Mark } from '../ui/icon.tsx';
import { Panel } from '../ui/panel.tsx';
import { ProblemNote } from '../ui/problem-note.tsx';
import { useSay, useServices } from '../ui/services.ts';
import { takeFocus } from '../ui/take-focus.ts';
import { useObservable } from '../ui/use-observable.ts';

/** The door of an installation that knows its people. */
export default function SignInPage() {
  const say = useSay();
  useEffect(() => {
    document.title = `${say('sign.in')} – Intramuros`;
  }, [say]);
  return (
    <main className="door">
      <div className="door-sheet">
        <div className="welcome-mark">
          <Mark />
        </div>
        <h1>{say('sign.title')}</h1>
        <p className="faint">{say('sign.text')}</p>
        <FailedElsewhere />
        <SignInForm />
      </div>
    </main>
  );
}

/** Back from a provider without being let in: the server says why in the address, and a reload forgets it. */
function FailedElsewhere() {
  const say = useSay();
  const [reason] = useState(() => new URLSearchParams(location.search).get('signInProblem'));
  useEffect(() => {
    if (reason !== null) history.replaceState(null, '', `${location.pathname}${location.hash}`);
  }, [reason]);
  if (reason === null) return null;
  const key = `signin.${reason}`;
  return (
    <div className="problem" role="alert">
      <Icon name="warning" />
      <div>
        <p className="problem-what">{say('sign.problem')}</p>
        <p>{say(key in i18n.messages ? (key as TextKey) : 'signin.wrong')}</p>
      </div>
    </div>
  );
}

/** Over a page whose session ended: what was written stays below it. */
export function SignInAgain() {
  const say = useSay();
  return (
    <Panel title={say('sign.expired')} onClose={() => undefined} closable={false}>
      <p>{say('sign.expired.text')}</p>
      <SignInForm />
    </Panel>
  );
}

function SignInForm() {
  const say = useSay();
  const { session, announcer } = useServices();
  const known = useObservable(session.state, (state) => state.session);
  const [problem, setProblem] = useState<ProblemBody>();
  const [working, setWorking] = useState(false);
  const ways = known?.signIn;
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setWorking(true);
    setProblem(undefined);
    try {
      await session.signIn(String(form.get('name') ?? '').trim(), String(form.get('password') ?? ''));
      const who = session.state.get().session?.who;
      if (who) announcer.say(say('sign.welcome', { name: who.displayName || who.name }));
    } catch (error) {
      setProblem(toProblemBody(error));
    } finally {
      setWorking(false);
    }
  };
  const withPassword = ways?.password || ways?.ldap;
  return (
    <div className="sign-in">
      {withPassword ? (
        <form className="form" onSubmit={(event) => void submit(event)}>
          <div className="form-field">
            <label htmlFor="sign-name">{say('sign.name')}</label>
            <input
              id="sign-name"
              className="field"
              name="name"
              autoComplete="username"
              autoCapitalize="off"
              spellCheck={false}
              defaultValue={known?.who?.name}
              required
              ref={known?.who ? undefined : takeFocus}
            />
          </div>
          <div className="form-field">
            <label htmlFor="sign-password">{say('sign.password')}</label>
            <input
              id="sign-password"
              className="field"
              name="password"
              type="password"
              autoComplete="current-password"
              required
              ref={known?.who ? takeFocus : undefined}
            />
          </div>
          {ways?.ldap ? <p className="faint">{say('sign.ldap')}</p> : null}
          {problem ? <ProblemNote problem={problem} /> : null}
          <button type="submit" className="button button-strong" disabled={working}>
            {say(working ? 'sign.working' : 'sign.in')}
          </button>
        </form>
      ) : null}
      {withPassword && ways && ways.oidc.length > 0 ? <p className="sign-or">{say('sign.or')}</p> : null}
      {ways?.oidc.map(({ id, title }) => (
        <a
          key={id}
          className="button"
          href={`/api/session/oidc/${encodeURIComponent(id)}/start`}
          onClick={() => stashDrafts(known?.who?.id)}
        >
          {say('sign.with', { title })}
        </a>
      ))}
      {!withPassword && ways?.oidc.length === 0 ? <p>{say('sign.none')}</p> : null}
    </div>
  );
}
