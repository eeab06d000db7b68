import { type FormEvent, useState } from 'react';
import { TextField } from '../form/fields.tsx';
import { useSave } from '../form/use-save.ts';
import { ProblemNote } from '../ui/problem-note.tsx';
import { go } from '../ui/route.ts';
import { useSay, useServices } from '../ui/services.ts';
import { useObservable } from '../ui/use-observable.ts';

/** From one person to several: makes the first administrator, who takes over what was here. */
export default function AccountsPage() {
  const say = useSay();
  const { client, session } = useServices();
  const may = useObservable(session.state, (state) => state.session?.canSetUp ?? false);
  const save = useSave();
  const [name, setName] = useState('');
  const [displayName, setDisplayName] = useState('');
  const [password, setPassword] = useState('');
  const [again, setAgain] = useState('');
  const differ = again !== '' && again !== password;
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const body = { name: name.trim(), password, ...(displayName.trim() ? { displayName: displayName.trim() } : {}) };
    const done = await save.run(() => client.tell('POST', '/api/setup/administrator', body), 'accounts.made');
    if (!done) return;
    await session.refresh();
    go({ page: 'admin', section: 'people' }, { replace: true });
  };
  return (
    <div className="page scroller">
      <div className="page-column">
        <h2>{say('accounts.title')}</h2>
        <ul className="lead-list">
          <li>{say('accounts.what.1')}</li>
          <li>{say('accounts.what.2')}</li>
          <li>{say('accounts.what.3')}</li>
        </ul>
        {may ? (
          <form className="form narrow" onSubmit={(event) => void submit(event)}>
            <TextField
              label={say('sign.name')}
              help={say('accounts.name.help')}
              value={name}
              onValue={setName}
              autoComplete="username"
              autoCapitalize="off"
              required
            />
            <TextField label={say('person.display')} value={displayName} onValue={setDisplayName} autoComplete="name" />
            <TextField
              label={say('sign.password')}
              help={say('password.help')}
              type="password"
              autoComplete="new-password"
              minLength={12}
              value={password}
              onValue={setPassword}
              required
            />
            <TextField
              label={say('password.again')}
              help={differ ? say('password.differ') : undefined}
              type="password"
              autoComplete="new-password"
              value={again}
              onValue={setAgain}
              aria-invalid={differ}
              required
            />
            {save.problem ? <ProblemNote problem={save.problem} /> : null}
            <div className="row-acts">
              <button
                type="submit"
                className="button button-strong"
                disabled={save.working || !name.trim() || !password || again !== password}
              >
                {say('accounts.make')}
              </button>
            </div>
          </form>
        ) : (
          <p className="empty">{say('accounts.not.here')}</p>
        )}
      </div>
    </div>
  );
}
