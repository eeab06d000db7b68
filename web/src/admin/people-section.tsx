import { useDeferredValue, useMemo, useState } from 'react';
import type { Person, Role } from '../api/wire-house.ts';
import type { Label } from '../api/wire-policy.ts';
import { CheckField, ManyField, TextField } from '../form/fields.tsx';
import { CeilingField } from '../form/label-field.tsx';
import { useSave } from '../form/use-save.ts';
import { ShowOnce } from '../house/show-once.tsx';
import type { TextKey } from '../text/i18n.ts';
import { DataTable } from '../ui/data-table.tsx';
import { LabelBadge } from '../ui/label-badge.tsx';
import { ReadState } from '../ui/read-state.tsx';
import { go, hashOf } from '../ui/route.ts';
import { useFormat, useSay, useServices } from '../ui/services.ts';
import { useRead } from '../ui/use-read.ts';
import type { SectionProps } from './admin-page.tsx';
import { Detail, ListHead, Narrow, RemoveButton, SaveForm } from './detail.tsx';
import { useHouse } from './house-client.ts';

const fold = (text: string): string => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();

/** The people of the installation. */
export default function PeopleSection({ id }: SectionProps) {
  const house = useHouse();
  const people = useRead('people', house.people);
  const roles = useRead('roles', house.roles);
  const groups = useRead('groups', house.groups);
  const titleOf = (groupId: string): string => groups.value?.find((one) => one.id === groupId)?.title ?? groupId;
  if (id === undefined)
    return <ReadState reading={people}>{(all) => <PeopleList people={all} titleOf={titleOf} />}</ReadState>;
  return (
    <ReadState reading={people}>
      {(all) => (
        <PersonDetail
          key={`${id} ${all.find((one) => one.id === id)?.version ?? 0}`}
          person={all.find((one) => one.id === id)}
          roles={roles.value ?? []}
          onChanged={people.again}
        />
      )}
    </ReadState>
  );
}

function PeopleList({
  people,
  titleOf,
}: {
  readonly people: readonly Person[];
  readonly titleOf: (groupId: string) => string;
}) {
  const say = useSay();
  const format = useFormat();
  const [query, setQuery] = useState('');
  const wanted = useDeferredValue(query);
  const shown = useMemo(() => {
    const words = fold(wanted).split(/\s+/).filter(Boolean);
    return people.filter((person) => {
      const text = fold([person.name, person.displayName, person.email, ...person.roles, ...person.groups].join(' '));
      return words.every((word) => text.includes(word));
    });
  }, [people, wanted]);
  return (
    <>
      <ListHead title={say('section.people')} lead={say('people.lead')} section="people" add={say('people.new')} />
      <Narrow label={say('people.search')} value={query} onValue={setQuery} />
      <p className="faint" role="status">
        {say('people.count', { count: shown.length })}
      </p>
      <DataTable
        key={wanted}
        label={say('section.people')}
        rows={shown}
        keyOf={({ id }) => id}
        empty={say('people.none')}
        columns={[
          {
            title: say('person'),
            cell: (person) => (
              <a href={hashOf({ page: 'admin', section: 'people', id: person.id })} className="row-link">
                <span className="entry-title">{person.displayName || person.name}</span>
                <span className="mono faint">{person.name}</span>
              </a>
            ),
          },
          { title: say('person.roles'), cell: ({ roles }) => roles.join(', ') || '–' },
          { title: say('section.groups'), cell: ({ groups }) => groups.map(titleOf).join(', ') || '–' },
          { title: say('person.ceiling'), cell: ({ ceiling }) => (ceiling ? <LabelBadge label={ceiling} /> : '–') },
          { title: say('person.origin'), cell: ({ origin }) => say(`origin.${origin}` as TextKey) },
          {
            title: say('person.seen'),
            cell: ({ disabled, lastSeenAt }) =>
              disabled ? (
                <span className="danger">{say('person.off')}</span>
              ) : lastSeenAt ? (
                <span className="moment">{format.moment(lastSeenAt)}</span>
              ) : (
                say('never')
              ),
          },
        ]}
      />
    </>
  );
}

interface Draft {
  readonly name: string;
  readonly displayName: string;
  readonly email: string;
  readonly password: string;
  readonly roles: readonly string[];
  readonly ceiling: Label | null;
  readonly disabled: boolean;
}

function PersonDetail({
  person,
  roles,
  onChanged,
}: {
  readonly person: Person | undefined;
  readonly roles: readonly Role[];
  readonly onChanged: () => void;
}) {
  const say = useSay();
  const house = useHouse();
  const { session } = useServices();
  const save = useSave();
  const [secret, setSecret] = useState<string>();
  const [draft, setDraft] = useState<Draft>({
    name: person?.name ?? '',
    displayName: person?.displayName ?? '',
    email: person?.email ?? '',
    password: '',
    roles: person?.roles ?? ['member'],
    ceiling: person?.ceiling ?? null,
    disabled: person?.disabled ?? false,
  });
  const change = (patch: Partial<Draft>) => setDraft({ ...draft, ...patch });
  const myself = person !== undefined && session.state.get().session?.who?.id === person.id;
  const options = [...new Set([...roles.map(({ name }) => name), ...draft.roles])].map(
    (name): readonly [string, string] => [name, roles.find((role) => role.name === name)?.title || name],
  );
  const submit = async () => {
    const { name, displayName, password, email, disabled, roles: own, ceiling: highest } = draft;
    const shared = {
      roles: own,
      ceiling: highest,
      ...(displayName.trim() ? { displayName: displayName.trim() } : {}),
      ...(email.trim() ? { email: email.trim() } : person?.email ? { email: null } : {}),
    };
    const done = await save.run(async () => {
      if (person) await house.changePerson(person.id, { ...shared, disabled, version: person.version });
      else {
        const { ceiling, ...without } = shared;
        await house.addPerson({
          ...without,
          name: name.trim(),
          ...(ceiling ? { ceiling } : {}),
          ...(password ? { password } : {}),
        });
      }
    });
    if (!done) return;
    onChanged();
    if (!person) go({ page: 'admin', section: 'people' });
  };
  return (
    <Detail
      section="people"
      back={say('section.people')}
      title={person ? person.displayName || person.name : say('people.new')}
    >
      {secret ? <ShowOnce secret={secret} onDone={() => setSecret(undefined)} /> : null}
      <SaveForm
        save={save}
        onSave={() => void submit()}
        onStale={onChanged}
        disabled={!draft.name.trim()}
        words={person ? say('save') : say('people.make')}
        more={
          person && !myself ? (
            <RemoveButton
              words={say('delete')}
              question={say('people.remove', { name: person.displayName || person.name })}
              onRemove={() =>
                void save
                  .run(() => house.removePerson(person.id), 'deleted')
                  .then((done) => {
                    if (!done) return;
                    onChanged();
                    go({ page: 'admin', section: 'people' });
                  })
              }
            />
          ) : null
        }
      >
        <div className="form-grid">
          <TextField
            label={say('sign.name')}
            help={person ? undefined : say('accounts.name.help')}
            value={draft.name}
            onValue={(name) => change({ name })}
            disabled={person !== undefined}
            required
          />
          <TextField
            label={say('person.display')}
            value={draft.displayName}
            onValue={(displayName) => change({ displayName })}
          />
          <TextField
            label={say('person.email')}
            type="email"
            value={draft.email}
            onValue={(email) => change({ email })}
          />
          {person ? null : (
            <TextField
              label={say('sign.password')}
              help={say('people.password.help')}
              type="password"
              autoComplete="new-password"
              value={draft.password}
              onValue={(password) => change({ password })}
            />
          )}
          <CeilingField
            value={draft.ceiling}
            help={say('people.ceiling.help')}
            onValue={(ceiling) => change({ ceiling })}
          />
        </div>
        <ManyField
          label={say('person.roles')}
          help={say('people.roles.help')}
          value={draft.roles}
          options={options}
          onValue={(next) => change({ roles: next })}
        />
        {person && !myself ? (
          <CheckField
            label={say('person.disable')}
            help={say('person.disable.help')}
            checked={draft.disabled}
            onValue={(disabled) => change({ disabled })}
          />
        ) : null}
        {person?.origin === 'local' ? (
          <p>
            <button
              type="button"
              className="button"
              onClick={() =>
                void save.run(
                  async () => setSecret((await house.newPassword(person.id)).password),
                  'people.password.made',
                )
              }
            >
              {say('people.password.new')}
            </button>
          </p>
        ) : null}
      </SaveForm>
    </Detail>
  );
}
