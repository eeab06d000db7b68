import { type Clock, IntramurosError, newId } from '../base/index.ts';
import type { Queryable } from '../store/index.ts';
import type { Book } from './book.ts';
import { type Change, type Changes, checkVersion } from './changes.ts';
import {
  beyond,
  checkCeiling,
  checkGrant,
  checkList,
  checkName,
  checkOwnerLeft,
  checkReach,
  checkText,
  invalid,
  isOwner,
  nameKeyOf,
  notFound,
} from './checks.ts';
import { checkNewPassword, type Passwords } from './password.ts';
import type { NewPerson, People, Person, PersonChange } from './people-types.ts';
import type { KeptPerson } from './rows.ts';
import type { SlowDown } from './slow-down.ts';
import { newPasswordText } from './token.ts';
import type { Actor, TakeOver } from './who.ts';

export interface PeopleOptions {
  readonly book: Book;
  readonly changes: Changes;
  readonly passwords: Passwords;
  readonly clock: Clock;
  /** When somebody was last seen, newer than the book's. */
  readonly lastSeen: (personId: string) => string | undefined;
  readonly removers: readonly TakeOver[];
  readonly slowDown: SlowDown;
}

/** The people with an account. */
export function openPeople(options: PeopleOptions): People {
  const { book, changes, passwords, clock } = options;
  const view = (kept: KeptPerson): Person => toPerson(book, kept, options.lastSeen(kept.id));
  const shown = (id: string): Person => view(getPerson(book, id));
  return {
    list: async () =>
      book
        .all('person')
        .sort((a, b) => a.nameKey.localeCompare(b.nameKey))
        .map(view),
    get: async (id) => shown(id),
    find: (id) => {
      const kept = book.get('person', id);
      return kept && view(kept);
    },
    findByName: (name) => {
      const kept = book.personByName(nameKeyOf(name));
      return kept && view(kept);
    },
    async create(by, person) {
      if (person.password !== undefined) checkNewPassword(person.password, person.name);
      const password = person.password === undefined ? undefined : await passwords.hash(person.password);
      const id = await changes.make(by.personId, (on) => createPerson(on, by, person, password, nowOf(clock)));
      return shown(id);
    },
    async change(by, id, change) {
      await changes.make(by.personId, (on) => changePerson(on, by, id, change));
      return shown(id);
    },
    remove: (by, id) => changes.make(by.personId, (on) => removePerson(on, by, id, options.removers)),
    async resetPassword(by, id) {
      const password = newPasswordText();
      const kept = await passwords.hash(password);
      await changes.make(by.personId, async (on) => {
        const person = getPerson(on.book, id);
        checkReach(on.book, by, person);
        await setPassword(on, person, kept, undefined);
        on.record('person.password-reset', { id, name: person.name });
      });
      return { password };
    },
    async changePassword(personId, { current, next, keepSessionId }) {
      const person = getPerson(book, personId);
      const succeeded = options.slowDown.begin(person.nameKey, undefined);
      if (!(await passwords.verify(current, person.password))) {
        throw new IntramurosError('sign_in_failed', 'The current password is not this one.', {
          facts: { reason: 'wrong' },
        });
      }
      succeeded();
      checkNewPassword(next, person.name);
      const kept = await passwords.hash(next);
      await changes.make(personId, async (on) => {
        const now = getPerson(on.book, personId);
        if (now.password !== person.password) checkVersion('password', person.version, now.version + 1);
        await setPassword(on, now, kept, keepSessionId);
        on.record('person.password-changed', { id: personId, name: person.name });
      });
    },
  };
}

export const nowOf = (clock: Clock): string => new Date(clock.now()).toISOString();

function toPerson(book: Book, kept: KeptPerson, lastSeenAt: string | undefined): Person {
  const { password, nameKey, externalId, ...person } = kept;
  const seen = [lastSeenAt, person.lastSeenAt].filter((at) => at !== undefined).sort();
  return { ...person, groups: book.groupsOf(kept.id), hasPassword: password !== undefined, lastSeenAt: seen.at(-1) };
}

/** @throws {IntramurosError} `not_found`. */
export function getPerson(book: Book, id: string): KeptPerson {
  const person = book.get('person', id);
  if (person === undefined) throw notFound('person', id);
  return person;
}

async function createPerson(
  on: Change,
  by: Actor,
  person: NewPerson,
  password: string | undefined,
  now: string,
): Promise<string> {
  if (on.book.count('person') === 0) {
    throw new IntramurosError(
      'conflict',
      'There is no account yet. Make the first one, which is an owner, by set-up.',
      {
        facts: { reason: 'no_owner' },
      },
    );
  }
  const roles = checkList('roles', person.roles ?? ['member']);
  checkGrant(on.book, by, roles);
  const id = await insertPerson(on, { ...person, roles, origin: 'local', externalId: undefined, password, now });
  await setGroups(on, by, id, person.groups ?? []);
  on.record('person.create', { id, name: person.name, roles, groups: person.groups ?? [] });
  return id;
}

/** Adds a row for somebody whose rights were checked. @throws {IntramurosError} `conflict` when the name is taken. */
export async function insertPerson(
  on: Change,
  person: Pick<NewPerson, 'name' | 'displayName' | 'email' | 'ceiling'> & {
    readonly roles: readonly string[];
    readonly origin: Person['origin'];
    readonly externalId: string | undefined;
    readonly password: string | undefined;
    readonly now: string;
  },
): Promise<string> {
  const name = checkName(person.name);
  const nameKey = nameKeyOf(name);
  if (on.book.personByName(nameKey)) {
    throw new IntramurosError('conflict', `The sign-in name "${name}" is taken. Choose another one.`, {
      facts: { reason: 'taken' },
    });
  }
  const id = newId('per');
  await on.query(
    `INSERT INTO people (id, name, name_key, display_name, email, origin, external_id, password, roles, ceiling, created_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
    [
      id,
      name,
      nameKey,
      checkText('displayName', person.displayName || name),
      person.email ? checkText('email', person.email, 320) : null,
      person.origin,
      person.externalId,
      person.password,
      person.roles,
      checkCeiling(person.ceiling),
      person.now,
    ],
  );
  on.touch('person', id);
  return id;
}

async function changePerson(on: Change, by: Actor, id: string, change: PersonChange): Promise<void> {
  const person = getPerson(on.book, id);
  checkVersion('person', change.version, person.version);
  checkReach(on.book, by, person);
  const roles = change.roles ? checkList('roles', change.roles) : person.roles;
  checkGrant(
    on.book,
    by,
    roles.filter((role) => !person.roles.includes(role)),
  );
  const ceiling = change.ceiling === undefined ? (person.ceiling ?? null) : checkCeiling(change.ceiling);
  const isOwn = by.personId === id;
  if (isOwn && change.ceiling !== undefined && !isOwner(on.book.rolesNamed(on.book.rolesOf(person)))) {
    throw beyond('Nobody changes their own highest label. Ask an owner.');
  }
  const disabled = change.disabled ?? person.disabled;
  const email = change.email === undefined ? (person.email ?? null) : change.email;
  await on.query(
    `UPDATE people SET display_name = $2, email = $3, roles = $4, disabled = $5, ceiling = $6, version = version + 1 WHERE id = $1`,
    [
      id,
      change.displayName === undefined ? person.displayName : checkText('displayName', change.displayName),
      email === null ? null : checkText('email', email, 320),
      roles,
      disabled,
      ceiling,
    ],
  );
  on.touch('person', id);
  if (change.groups) await setGroups(on, by, id, change.groups);
  if (disabled && !person.disabled) await endSessions(on, id);
  await checkOwnerStays(on);
  const { version: _, ...data } = change;
  on.record('person.change', { id, name: person.name, ...data });
}

/** What the tables say inside this change: groups count too, so the book's word is not enough. */
export async function checkOwnerStays(on: Change): Promise<void> {
  if (on.book.count('person') === 0) return;
  const people = await on.query<{ roles: readonly string[] }>(
    `SELECT p.roles || ARRAY(
       SELECT DISTINCT unnest(g.roles) FROM groups g JOIN group_members m ON m.group_id = g.id WHERE m.person_id = p.id
     ) AS roles FROM people p WHERE NOT p.disabled`,
  );
  const custom = await on.query<{ name: string; allow: readonly string[]; deny: readonly string[] }>(
    'SELECT name, allow, deny FROM roles',
  );
  const byName = (name: string) => {
    const own = custom.find((role) => role.name === name);
    return own ? { ...own, title: name, builtIn: false, version: 0 } : on.book.role(name);
  };
  checkOwnerLeft(people.map(({ roles }) => roles.map(byName).filter((role) => role !== undefined)));
}

async function setGroups(on: Change, by: Actor, personId: string, groups: readonly string[]): Promise<void> {
  const wanted = new Set(groups);
  const before = on.book.groupsOf(personId);
  for (const id of wanted) {
    const group = on.book.get('group', id);
    if (group === undefined) throw invalid('groups', `There is no group "${id.slice(0, 80)}".`);
    if (!before.includes(id)) checkGrant(on.book, by, group.roles);
  }
  await replaceGroups(
    on,
    personId,
    before.filter((id) => !wanted.has(id)),
    [...wanted].filter((id) => !before.includes(id)),
  );
}

/** Takes somebody out of groups and puts them into others. */
export async function replaceGroups(
  on: Change,
  personId: string,
  leave: readonly string[],
  enter: readonly string[],
): Promise<void> {
  await on.query('DELETE FROM group_members WHERE person_id = $1 AND group_id = ANY($2::text[])', [personId, leave]);
  await on.query('INSERT INTO group_members (group_id, person_id) SELECT unnest($2::text[]), $1', [personId, enter]);
  for (const id of [...leave, ...enter]) on.touch('group', id);
}

async function removePerson(on: Change, by: Actor, id: string, removers: readonly TakeOver[]): Promise<void> {
  const person = getPerson(on.book, id);
  checkReach(on.book, by, person);
  await endSessions(on, id);
  const keys = await on.query<{ id: string }>('DELETE FROM api_keys WHERE person_id = $1 RETURNING id', [id]);
  for (const key of keys) on.touch('key', key.id);
  for (const group of on.book.groupsOf(id)) on.touch('group', group);
  await on.query('DELETE FROM people WHERE id = $1', [id]);
  on.touch('person', id);
  await checkOwnerStays(on);
  for (const remove of removers) await remove(on, id);
  on.record('person.remove', { id, name: person.name, keys: keys.length });
}

async function setPassword(on: Change, person: KeptPerson, kept: string, keep: string | undefined): Promise<void> {
  if (person.origin !== 'local') {
    throw new IntramurosError(
      'conflict',
      `${person.name} signs in elsewhere (${person.origin}): the password is there.`,
      {
        facts: { reason: 'origin' },
      },
    );
  }
  await on.query('UPDATE people SET password = $2, version = version + 1 WHERE id = $1', [person.id, kept]);
  on.touch('person', person.id);
  await endSessions(on, person.id, keep);
}

/** Ends the sessions of somebody, but for one. */
export async function endSessions(on: Change & Queryable, personId: string, keep = ''): Promise<number> {
  const gone = await on.query<{ id: string }>('DELETE FROM sessions WHERE person_id = $1 AND id <> $2 RETURNING id', [
    personId,
    keep,
  ]);
  for (const { id } of gone) on.touch('session', id);
  return gone.length;
}
