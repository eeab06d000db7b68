import { newId } from '../base/index.ts';
import type { Book } from './book.ts';
import { type Change, type Changes, checkVersion } from './changes.ts';
import { checkGrant, checkList, checkText, invalid, notFound } from './checks.ts';
import { checkOwnerStays } from './people.ts';
import type { Group, GroupChange, Groups, NewGroup } from './people-types.ts';
import type { Actor } from './who.ts';

/** Groups of people, which give roles and compartments to all in them. */
export function openGroups(options: { readonly book: Book; readonly changes: Changes }): Groups {
  const { book, changes } = options;
  const shown = (id: string): Group => getGroup(book, id);
  return {
    list: async () => [...book.all('group')].sort((a, b) => a.title.localeCompare(b.title)),
    find: (id) => book.get('group', id),
    async create(by, group) {
      return shown(await changes.make(by.personId, (on) => createGroup(on, by, group)));
    },
    async change(by, id, change) {
      await changes.make(by.personId, (on) => changeGroup(on, by, id, change));
      return shown(id);
    },
    remove: (by, id) =>
      changes.make(by.personId, async (on) => {
        const group = getGroup(on.book, id);
        await on.query('DELETE FROM groups WHERE id = $1', [id]);
        on.touch('group', id);
        await checkOwnerStays(on);
        on.record('group.remove', { id, title: group.title });
      }),
  };
}

function getGroup(book: Book, id: string): Group {
  const group = book.get('group', id);
  if (group === undefined) throw notFound('group', id);
  return group;
}

async function createGroup(on: Change, by: Actor, group: NewGroup): Promise<string> {
  const roles = checkList('roles', group.roles ?? []);
  checkGrant(on.book, by, roles);
  const id = newId('grp');
  const title = checkText('title', group.title);
  const compartments = checkList('compartments', group.compartments ?? []);
  await on.query('INSERT INTO groups (id, title, roles, compartments, external_name) VALUES ($1, $2, $3, $4, $5)', [
    id,
    title,
    roles,
    compartments,
    externalName(group.externalName),
  ]);
  on.touch('group', id);
  await setMembers(on, id, group.members ?? []);
  on.record('group.create', { id, title, roles, compartments, members: group.members ?? [] });
  return id;
}

async function changeGroup(on: Change, by: Actor, id: string, change: GroupChange): Promise<void> {
  const group = getGroup(on.book, id);
  checkVersion('group', change.version, group.version);
  const roles = change.roles ? checkList('roles', change.roles) : group.roles;
  const entering = change.members?.some((member) => !group.members.includes(member)) ?? false;
  checkGrant(on.book, by, entering ? roles : roles.filter((role) => !group.roles.includes(role)));
  await on.query(
    'UPDATE groups SET title = $2, roles = $3, compartments = $4, external_name = $5, version = version + 1 WHERE id = $1',
    [
      id,
      change.title === undefined ? group.title : checkText('title', change.title),
      roles,
      change.compartments ? checkList('compartments', change.compartments) : group.compartments,
      change.externalName === undefined ? (group.externalName ?? null) : externalName(change.externalName),
    ],
  );
  on.touch('group', id);
  if (change.members) await setMembers(on, id, change.members);
  await checkOwnerStays(on);
  const { version: _, ...data } = change;
  on.record('group.change', { id, title: group.title, ...data });
}

const externalName = (name: string | null | undefined): string | null =>
  name === undefined || name === null || name === '' ? null : checkText('externalName', name, 500);

async function setMembers(on: Change, id: string, members: readonly string[]): Promise<void> {
  const wanted = [...new Set(members)];
  const unknown = wanted.find((member) => on.book.get('person', member) === undefined);
  if (unknown !== undefined) throw invalid('members', `There is no person "${unknown.slice(0, 80)}".`);
  await on.query('DELETE FROM group_members WHERE group_id = $1', [id]);
  await on.query('INSERT INTO group_members (group_id, person_id) SELECT $1, unnest($2::text[])', [id, wanted]);
}
