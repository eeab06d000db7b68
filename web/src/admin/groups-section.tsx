import { useState } from 'react';
import type { Group, Person, Role } from '../api/wire-house.ts';
import { listOf, ManyField, TextField } from '../form/fields.tsx';
import { useSave } from '../form/use-save.ts';
import { DataTable } from '../ui/data-table.tsx';
import { ReadState } from '../ui/read-state.tsx';
import { go, hashOf } from '../ui/route.ts';
import { useFormat, useSay } from '../ui/services.ts';
import { useRead } from '../ui/use-read.ts';
import type { SectionProps } from './admin-page.tsx';
import { Detail, ListHead, Narrow, RemoveButton, SaveForm } from './detail.tsx';
import { useHouse } from './house-client.ts';

/** Groups: people together, with the roles and compartments that they bring. */
export default function GroupsSection({ id }: SectionProps) {
  const say = useSay();
  const format = useFormat();
  const house = useHouse();
  const groups = useRead('groups', house.groups);
  const people = useRead('people', house.people);
  const roles = useRead('roles', house.roles);
  return (
    <ReadState reading={groups}>
      {(all) =>
        id === undefined ? (
          <>
            <ListHead
              title={say('section.groups')}
              lead={say('groups.lead')}
              section="groups"
              add={say('groups.new')}
            />
            <DataTable
              label={say('section.groups')}
              rows={all}
              keyOf={(group) => group.id}
              empty={say('groups.none')}
              columns={[
                {
                  title: say('groups.one'),
                  cell: (group) => (
                    <a href={hashOf({ page: 'admin', section: 'groups', id: group.id })} className="row-link">
                      <span className="entry-title">{group.title}</span>
                      <span className="mono faint">{group.id}</span>
                    </a>
                  ),
                },
                { title: say('groups.members'), number: true, cell: ({ members }) => format.integer(members.length) },
                { title: say('person.roles'), cell: (group) => group.roles.join(', ') || '–' },
                {
                  title: say('groups.compartments'),
                  cell: ({ compartments }) => <span className="mono">{compartments.join(', ') || '–'}</span>,
                },
                { title: say('groups.external'), cell: ({ externalName }) => externalName ?? '–' },
              ]}
            />
          </>
        ) : (
          <GroupDetail
            key={`${id} ${all.find((one) => one.id === id)?.version ?? 0}`}
            group={all.find((one) => one.id === id)}
            people={people.value ?? []}
            roles={roles.value ?? []}
            onChanged={groups.again}
          />
        )
      }
    </ReadState>
  );
}

function GroupDetail({
  group,
  people,
  roles,
  onChanged,
}: {
  readonly group: Group | undefined;
  readonly people: readonly Person[];
  readonly roles: readonly Role[];
  readonly onChanged: () => void;
}) {
  const say = useSay();
  const house = useHouse();
  const save = useSave();
  const [title, setTitle] = useState(group?.title ?? '');
  const [members, setMembers] = useState<readonly string[]>(group?.members ?? []);
  const [own, setOwn] = useState<readonly string[]>(group?.roles ?? []);
  const [compartments, setCompartments] = useState((group?.compartments ?? []).join(', '));
  const [externalName, setExternalName] = useState(group?.externalName ?? '');
  const submit = async () => {
    const body = {
      title: title.trim(),
      members,
      roles: own,
      compartments: listOf(compartments),
      ...(externalName.trim() || group?.externalName ? { externalName: externalName.trim() || null } : {}),
    };
    const done = await save.run(() =>
      group ? house.changeGroup(group.id, { ...body, version: group.version }) : house.addGroup(body),
    );
    if (!done) return;
    onChanged();
    if (!group) go({ page: 'admin', section: 'groups' });
  };
  return (
    <Detail section="groups" back={say('section.groups')} title={group?.title ?? say('groups.new')}>
      <SaveForm
        save={save}
        onSave={() => void submit()}
        onStale={onChanged}
        disabled={!title.trim()}
        more={
          group ? (
            <RemoveButton
              words={say('delete')}
              question={say('groups.remove')}
              onRemove={() =>
                void save
                  .run(() => house.removeGroup(group.id), 'deleted')
                  .then((done) => {
                    if (!done) return;
                    onChanged();
                    go({ page: 'admin', section: 'groups' });
                  })
              }
            />
          ) : null
        }
      >
        <div className="form-grid">
          <TextField label={say('keys.name')} value={title} onValue={setTitle} required />
          <TextField
            label={say('groups.compartments')}
            help={say('groups.compartments.help')}
            className="mono"
            value={compartments}
            onValue={setCompartments}
          />
          <TextField
            label={say('groups.external')}
            help={say('groups.external.help')}
            className="mono"
            value={externalName}
            onValue={setExternalName}
          />
        </div>
        <ManyField
          label={say('person.roles')}
          help={say('groups.roles.help')}
          value={own}
          options={roles.map(({ name, title: words }) => [name, words || name])}
          onValue={setOwn}
        />
        <Members people={people} members={members} onMembers={setMembers} />
      </SaveForm>
    </Detail>
  );
}

const mostShown = 60;

/** Members first, then whoever the search finds: 2,000 boxes at once would help nobody. */
function Members({
  people,
  members,
  onMembers,
}: {
  readonly people: readonly Person[];
  readonly members: readonly string[];
  readonly onMembers: (members: readonly string[]) => void;
}) {
  const say = useSay();
  const [query, setQuery] = useState('');
  const wanted = query.trim().toLowerCase();
  const known = new Map(people.map((person) => [person.id, person]));
  const found = people.filter(
    ({ id, name, displayName }) =>
      members.includes(id) || (wanted !== '' && `${name} ${displayName}`.toLowerCase().includes(wanted)),
  );
  const shown = found.toSorted((a, b) => Number(members.includes(b.id)) - Number(members.includes(a.id)));
  return (
    <>
      <ManyField
        label={say('groups.members')}
        help={say('groups.members.help')}
        value={members}
        options={shown
          .slice(0, mostShown)
          .map(({ id }) => [id, known.get(id)?.displayName || known.get(id)?.name || id])}
        onValue={onMembers}
      />
      <Narrow label={say('people.search')} value={query} onValue={setQuery} />
    </>
  );
}
