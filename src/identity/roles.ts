import type { Book } from './book.ts';
import { type Change, type Changes, checkVersion } from './changes.ts';
import { beyond, checkList, checkText, invalid, notFound } from './checks.ts';
import { checkOwnerStays } from './people.ts';
import type { Role, Roles } from './people-types.ts';
import { builtInRoles, checkEntries, covers } from './rights.ts';
import type { Actor } from './who.ts';

type Wanted = Parameters<Roles['put']>[1];

/** Built-in roles and those that an organisation made. */
export function openRoles(options: { readonly book: Book; readonly changes: Changes }): Roles {
  const { book, changes } = options;
  return {
    list: async () => [...builtInRoles, ...[...book.all('role')].sort((a, b) => a.name.localeCompare(b.name))],
    find: (name) => book.role(name),
    async put(by, role) {
      await changes.make(by.personId, (on) => putRole(on, by, role));
      return getRole(book, role.name);
    },
    remove: (by, name) =>
      changes.make(by.personId, async (on) => {
        refuseBuiltIn(name);
        const role = getRole(on.book, name);
        if (role.deny.length > 0) checkLifted(by, role.deny);
        await on.query('DELETE FROM roles WHERE name = $1', [name]);
        on.touch('role', name);
        await takeFromAll(on, name);
        await checkOwnerStays(on);
        on.record('role.remove', { name });
      }),
  };
}

function getRole(book: Book, name: string): Role {
  const role = book.role(name);
  if (role === undefined) throw notFound('role', name);
  return role;
}

async function putRole(on: Change, by: Actor, wanted: Wanted): Promise<void> {
  refuseBuiltIn(wanted.name);
  if (!/^[a-z][a-z0-9-]{0,39}$/.test(wanted.name)) {
    throw invalid('name', 'A role has a name of 1 to 40 small letters, digits or "-", beginning with a letter.');
  }
  const [allow, deny] = [checkList('allow', wanted.allow), checkList('deny', wanted.deny)];
  checkEntries([...allow, ...deny]);
  const before = on.book.role(wanted.name);
  checkVersion('role', wanted.version ?? 0, before?.version ?? 0);
  if (!covers(by.can, [{ allow, deny: [] }])) {
    throw beyond('The role would allow things that you are not allowed yourself.');
  }
  checkLifted(by, before?.deny.filter((entry) => !deny.includes(entry)) ?? []);
  const title = checkText('title', wanted.title);
  await on.query(
    `INSERT INTO roles AS r (name, title, allow, deny) VALUES ($1, $2, $3, $4)
     ON CONFLICT (name) DO UPDATE SET title = $2, allow = $3, deny = $4, version = r.version + 1`,
    [wanted.name, title, allow, deny],
  );
  on.touch('role', wanted.name);
  await checkOwnerStays(on);
  on.record(before ? 'role.change' : 'role.create', { name: wanted.name, title, allow, deny });
}

/** Lifting a denial gives as much as an allowance does. */
function checkLifted(by: Actor, lifted: readonly string[]): void {
  if (!covers(by.can, [{ allow: lifted, deny: [] }])) {
    throw beyond('This would lift a denial of things that you are not allowed yourself.');
  }
}

function refuseBuiltIn(name: string): void {
  if (builtInRoles.some((role) => role.name === name)) {
    throw beyond(`The role "${name}" is built in and stays as it is. Make one of another name.`);
  }
}

async function takeFromAll(on: Change, name: string): Promise<void> {
  for (const [table, kind] of [
    ['people', 'person'],
    ['groups', 'group'],
  ] as const) {
    const changed = await on.query<{ id: string }>(
      `UPDATE ${table} SET roles = array_remove(roles, $1), version = version + 1 WHERE $1 = ANY(roles) RETURNING id`,
      [name],
    );
    for (const { id } of changed) on.touch(kind, id);
  }
}
