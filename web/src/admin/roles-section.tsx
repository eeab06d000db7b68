import { useState } from 'react';
import type { Role } from '../api/wire-house.ts';
import { listOf, ManyField, TextField } from '../form/fields.tsx';
import { useSave } from '../form/use-save.ts';
import type { TextKey } from '../text/i18n.ts';
import { DataTable } from '../ui/data-table.tsx';
import { ReadState } from '../ui/read-state.tsx';
import { go, hashOf } from '../ui/route.ts';
import { useSay } from '../ui/services.ts';
import { useRead } from '../ui/use-read.ts';
import type { SectionProps } from './admin-page.tsx';
import { Detail, ListHead, RemoveButton, SaveForm } from './detail.tsx';
import { useHouse } from './house-client.ts';

/** Rights that roles speak of, in the order of a person's day. */
const rights = [
  'chat.use',
  'api.use',
  'model.use',
  'destination.use',
  'model.manage',
  'label.lower',
  'label.approve',
  'policy.approve',
  'admin.people',
  'admin.keys',
  'admin.upstreams',
  'admin.policy',
  'admin.egress',
  'admin.settings',
  'audit.read',
  'usage.read',
  'backup.make',
  'break-glass',
] as const;

/** Roles: what is allowed, and what is denied whatever else allows it. */
export default function RolesSection({ id }: SectionProps) {
  const say = useSay();
  const house = useHouse();
  const roles = useRead('roles', house.roles);
  return (
    <ReadState reading={roles}>
      {(all) =>
        id === undefined ? (
          <>
            <ListHead title={say('section.roles')} lead={say('roles.lead')} section="roles" add={say('roles.new')} />
            <DataTable
              label={say('section.roles')}
              rows={all}
              keyOf={({ name }) => name}
              empty={say('roles.none')}
              columns={[
                {
                  title: say('roles.one'),
                  cell: ({ name, title, builtIn }) => (
                    <a href={hashOf({ page: 'admin', section: 'roles', id: name })} className="row-link">
                      <span className="entry-title">{title || name}</span>
                      <span className="mono faint">
                        {name}
                        {builtIn ? ` · ${say('roles.built.in')}` : ''}
                      </span>
                    </a>
                  ),
                },
                { title: say('roles.allow'), cell: ({ allow }) => <Rights names={allow} /> },
                { title: say('roles.deny'), cell: ({ deny }) => <Rights names={deny} /> },
              ]}
            />
          </>
        ) : (
          <RoleDetail
            key={`${id} ${all.find(({ name }) => name === id)?.version ?? 0}`}
            role={all.find(({ name }) => name === id)}
            onChanged={roles.again}
          />
        )
      }
    </ReadState>
  );
}

function Rights({ names }: { readonly names: readonly string[] }) {
  return names.length === 0 ? '–' : <span className="mono rights">{names.join(' ')}</span>;
}

function RoleDetail({ role, onChanged }: { readonly role: Role | undefined; readonly onChanged: () => void }) {
  const say = useSay();
  const house = useHouse();
  const save = useSave();
  const known = (all: readonly string[]) => all.filter((right) => (rights as readonly string[]).includes(right));
  const others = (all: readonly string[]) => all.filter((right) => !(rights as readonly string[]).includes(right));
  const [name, setName] = useState(role?.name ?? '');
  const [title, setTitle] = useState(role?.title ?? '');
  const [allow, setAllow] = useState(known(role?.allow ?? ['chat.use']));
  const [deny, setDeny] = useState(known(role?.deny ?? []));
  const [moreAllow, setMoreAllow] = useState(others(role?.allow ?? []).join(', '));
  const [moreDeny, setMoreDeny] = useState(others(role?.deny ?? []).join(', '));
  const options = rights.map((right): readonly [string, string] => [right, say(`right.${right}` as TextKey)]);
  const submit = async () => {
    const done = await save.run(() =>
      house.putRole(role?.name ?? name.trim(), {
        title: title.trim() || name.trim(),
        allow: [...allow, ...listOf(moreAllow)],
        deny: [...deny, ...listOf(moreDeny)],
        ...(role ? { version: role.version } : {}),
      }),
    );
    if (!done) return;
    onChanged();
    if (!role) go({ page: 'admin', section: 'roles' });
  };
  return (
    <Detail section="roles" back={say('section.roles')} title={role ? role.title || role.name : say('roles.new')}>
      {role?.builtIn ? <p className="note">{say('roles.built.in.help')}</p> : null}
      <SaveForm
        save={save}
        onSave={() => void submit()}
        onStale={onChanged}
        disabled={!name.trim() || role?.builtIn === true}
        more={
          role && !role.builtIn ? (
            <RemoveButton
              words={say('delete')}
              question={say('roles.remove')}
              onRemove={() =>
                void save
                  .run(() => house.removeRole(role.name), 'deleted')
                  .then((done) => {
                    if (!done) return;
                    onChanged();
                    go({ page: 'admin', section: 'roles' });
                  })
              }
            />
          ) : null
        }
      >
        <div className="form-grid">
          <TextField
            label={say('keys.name')}
            help={say('roles.name.help')}
            className="mono"
            value={name}
            onValue={setName}
            disabled={role !== undefined}
            required
          />
          <TextField label={say('roles.title')} value={title} onValue={setTitle} />
        </div>
        <ManyField label={say('roles.allow')} value={allow} options={options} onValue={(next) => setAllow([...next])} />
        <ManyField
          label={say('roles.deny')}
          help={say('roles.deny.help')}
          value={deny}
          options={options}
          onValue={(next) => setDeny([...next])}
        />
        <div className="form-grid">
          <TextField
            label={say('roles.more.allow')}
            help={say('roles.more.help')}
            className="mono"
            value={moreAllow}
            onValue={setMoreAllow}
          />
          <TextField label={say('roles.more.deny')} className="mono" value={moreDeny} onValue={setMoreDeny} />
        </div>
      </SaveForm>
    </Detail>
  );
}
