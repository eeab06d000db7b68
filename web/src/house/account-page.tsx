import { type FormEvent, useState } from 'react';
import type { Key, MyUsage, NewKey } from '../api/wire-house.ts';
import type { Label } from '../api/wire-policy.ts';
import { listOf, TextField } from '../form/fields.tsx';
import { CeilingField } from '../form/label-field.tsx';
import { useSave } from '../form/use-save.ts';
import { DataTable } from '../ui/data-table.tsx';
import { LabelBadge } from '../ui/label-badge.tsx';
import { ProblemNote } from '../ui/problem-note.tsx';
import { ReadState } from '../ui/read-state.tsx';
import { hashOf } from '../ui/route.ts';
import { useFormat, useSay, useServices } from '../ui/services.ts';
import { useObservable } from '../ui/use-observable.ts';
import { useRead } from '../ui/use-read.ts';
import { KeyState, KeyTable } from './key-table.tsx';
import { QuotaMeters } from './quota-meters.tsx';
import { SessionList } from './session-list.tsx';
import { ShowOnce } from './show-once.tsx';
import { UsageByDay } from './usage-by-day.tsx';

/** What belongs to the person at the page: use and limits, keys, password. */
export default function AccountPage() {
  const say = useSay();
  const { session } = useServices();
  const known = useObservable(session.state, (state) => state.session);
  const who = known?.who;
  return (
    <div className="page scroller">
      <div className="page-column">
        {who ? (
          <header className="account-head">
            <p className="account-name">{who.kind === 'owner' ? say('account.owner') : who.displayName || who.name}</p>
            <p className="faint">
              {who.kind === 'owner' ? say('account.owner.help') : <span className="mono">{who.name}</span>}
              {who.kind !== 'owner' && who.roles.length > 0 ? ` · ${who.roles.join(', ')}` : ''}
            </p>
            {who.ceiling ? (
              <p className="faint">
                {say('account.ceiling')} <LabelBadge label={who.ceiling} />
              </p>
            ) : null}
          </header>
        ) : null}
        <Usage />
        <Keys />
        {known?.mode === 'accounts' && who?.kind === 'person' ? <SessionList /> : null}
        <section aria-labelledby="my-data">
          <h2 id="my-data">{say('account.held')}</h2>
          <p className="faint lead">{say('account.held.text')}</p>
          <a className="button" href={hashOf({ page: 'held' })}>
            {say('held')}
          </a>
        </section>
        {known?.mode === 'accounts' && known.signIn.password ? <Password /> : null}
      </div>
    </div>
  );
}

function Usage() {
  const say = useSay();
  const format = useFormat();
  const { client } = useServices();
  const reading = useRead('usage', () => client.ask<MyUsage>('GET', '/api/me/usage?days=30'));
  return (
    <section aria-labelledby="my-usage">
      <h2 id="my-usage">{say('account.usage')}</h2>
      <ReadState reading={reading}>
        {({ quotas, days, models }) => (
          <>
            {quotas.length > 0 ? <QuotaMeters quotas={quotas} /> : <p className="empty">{say('quota.mine.none')}</p>}
            <UsageByDay days={days} />
            <DataTable
              label={say('account.models')}
              rows={models}
              keyOf={({ model }) => model}
              empty={say('usage.none')}
              columns={[
                { title: say('fact.model'), cell: ({ model }) => <span className="mono">{model}</span> },
                { title: say('usage.requests'), number: true, cell: (row) => format.integer(row.requests) },
                { title: say('usage.prompt'), number: true, cell: (row) => format.integer(row.promptTokens) },
                { title: say('usage.completion'), number: true, cell: (row) => format.integer(row.completionTokens) },
                { title: say('usage.cost'), number: true, cell: (row) => format.money(row.costMicros, 'EUR') },
              ]}
            />
          </>
        )}
      </ReadState>
    </section>
  );
}

function Keys() {
  const say = useSay();
  const { client } = useServices();
  const reading = useRead('keys', async () => (await client.ask<{ keys: Key[] }>('GET', '/api/me/keys')).keys);
  const [making, setMaking] = useState(false);
  const [secret, setSecret] = useState<string>();
  const save = useSave();
  const rotate = (id: string) =>
    save.run(async () => {
      setSecret((await client.ask<{ key: string }>('POST', `/api/me/keys/${encodeURIComponent(id)}/rotate`, {})).key);
      reading.again();
    }, 'keys.rotated');
  const revoke = (id: string) =>
    save.run(async () => {
      await client.tell('DELETE', `/api/me/keys/${encodeURIComponent(id)}`);
      reading.again();
    }, 'keys.revoked');
  return (
    <section aria-labelledby="my-keys">
      <div className="section-head">
        <h2 id="my-keys">{say('account.keys')}</h2>
        {making ? null : (
          <button type="button" className="button" onClick={() => setMaking(true)}>
            {say('keys.new')}
          </button>
        )}
      </div>
      <p className="faint lead">{say('keys.help')}</p>
      {secret ? <ShowOnce secret={secret} onDone={() => setSecret(undefined)} /> : null}
      {making ? (
        <NewKeyForm
          onMade={(key) => {
            setSecret(key);
            setMaking(false);
            reading.again();
          }}
          onCancel={() => setMaking(false)}
        />
      ) : null}
      {save.problem ? <ProblemNote problem={save.problem} /> : null}
      <ReadState reading={reading}>
        {(keys) => (
          <KeyTable
            keys={keys}
            acts={(key) =>
              KeyState.of(key) === 'revoked' ? null : (
                <>
                  <button
                    type="button"
                    className="act"
                    aria-label={say('keys.rotate.one', { name: key.name })}
                    onClick={() => void rotate(key.id)}
                  >
                    {say('keys.rotate')}
                  </button>
                  <button
                    type="button"
                    className="act danger"
                    aria-label={say('keys.revoke.one', { name: key.name })}
                    onClick={() => void revoke(key.id)}
                  >
                    {say('keys.revoke')}
                  </button>
                </>
              )
            }
          />
        )}
      </ReadState>
    </section>
  );
}

function NewKeyForm({ onMade, onCancel }: { readonly onMade: (key: string) => void; readonly onCancel: () => void }) {
  const say = useSay();
  const { client } = useServices();
  const save = useSave();
  const [name, setName] = useState('');
  const [expires, setExpires] = useState('');
  const [models, setModels] = useState('');
  const [destinations, setDestinations] = useState('');
  const [ceiling, setCeiling] = useState<Label | null>(null);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const body: NewKey = {
      name: name.trim(),
      ...(expires ? { expiresAt: new Date(`${expires}T23:59:59`).toISOString() } : {}),
      ...(listOf(models).length > 0 ? { models: listOf(models) } : {}),
      ...(listOf(destinations).length > 0 ? { destinations: listOf(destinations) } : {}),
      ...(ceiling ? { ceiling } : {}),
    };
    void save.run(
      async () => onMade((await client.ask<{ key: string }>('POST', '/api/me/keys', body)).key),
      'keys.made',
    );
  };
  return (
    <form className="form card" onSubmit={submit}>
      <h3>{say('keys.new')}</h3>
      <div className="form-grid">
        <TextField label={say('keys.name')} help={say('keys.name.help')} value={name} onValue={setName} required />
        <TextField
          label={say('keys.expires')}
          help={say('keys.expires.help')}
          type="date"
          value={expires}
          onValue={setExpires}
        />
        <TextField
          label={say('keys.models')}
          help={say('keys.models.help')}
          className="mono"
          value={models}
          onValue={setModels}
        />
        <TextField
          label={say('keys.destinations')}
          help={say('keys.destinations.help')}
          className="mono"
          value={destinations}
          onValue={setDestinations}
        />
        <CeilingField value={ceiling} help={say('keys.ceiling.help')} onValue={setCeiling} />
      </div>
      {save.problem ? <ProblemNote problem={save.problem} /> : null}
      <div className="row-acts">
        <button type="submit" className="button button-strong" disabled={save.working || !name.trim()}>
          {say('keys.make')}
        </button>
        <button type="button" className="button" onClick={onCancel}>
          {say('cancel')}
        </button>
      </div>
    </form>
  );
}

function Password() {
  const say = useSay();
  const { client } = useServices();
  const save = useSave();
  const [current, setCurrent] = useState('');
  const [next, setNext] = useState('');
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const done = await save.run(() => client.tell('PUT', '/api/me/password', { current, next }), 'password.changed');
    if (!done) return;
    setCurrent('');
    setNext('');
  };
  return (
    <section aria-labelledby="my-password">
      <h2 id="my-password">{say('sign.password')}</h2>
      <form className="form narrow" onSubmit={(event) => void submit(event)}>
        <TextField
          label={say('password.current')}
          type="password"
          autoComplete="current-password"
          value={current}
          onValue={setCurrent}
          required
        />
        <TextField
          label={say('password.next')}
          help={say('password.help')}
          type="password"
          autoComplete="new-password"
          minLength={12}
          value={next}
          onValue={setNext}
          required
        />
        {save.problem ? <ProblemNote problem={save.problem} /> : null}
        <div className="row-acts">
          <button type="submit" className="button" disabled={save.working || !current || !next}>
            {say('password.change')}
          </button>
        </div>
      </form>
    </section>
  );
}
