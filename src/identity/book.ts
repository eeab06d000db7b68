import type { Database, Queryable } from '../store/index.ts';
import type { Person, Role } from './people-types.ts';
import { builtInRoles } from './rights.ts';
import { type KeptKind, type KeptKinds, type KeptPerson, keptKinds, readKept } from './rows.ts';

/**
 * All that answering "who is this, and may they" takes, in memory. It follows the database by version: each change there has
 * one, and names what it touched, so that a gateway reads again only that.
 */
export class Book {
  /** Raised whenever something here changed; what is derived from the book is kept under it. */
  generation = 0;
  #version = 0;
  readonly #kept: { readonly [K in KeptKind]: Map<string, KeptKinds[K]> } = {
    person: new Map(),
    group: new Map(),
    role: new Map(),
    session: new Map(),
    key: new Map(),
    quota: new Map(),
  };
  readonly #personByName = new Map<string, string>();
  readonly #personByExternal = new Map<string, string>();
  readonly #groupsOf = new Map<string, Set<string>>();
  readonly #byDigest = { session: new Map<string, string>(), key: new Map<string, string>() };

  get version(): number {
    return this.#version;
  }

  get<K extends KeptKind>(kind: K, id: string): KeptKinds[K] | undefined {
    return this.#kept[kind].get(id);
  }

  all<K extends KeptKind>(kind: K): KeptKinds[K][] {
    return [...this.#kept[kind].values()];
  }

  count(kind: KeptKind): number {
    return this.#kept[kind].size;
  }

  byDigest<K extends 'session' | 'key'>(kind: K, digest: string): KeptKinds[K] | undefined {
    const id = this.#byDigest[kind].get(digest);
    return id === undefined ? undefined : this.get(kind, id);
  }

  personByName(nameKey: string): KeptPerson | undefined {
    return this.get('person', this.#personByName.get(nameKey) ?? '');
  }

  personByExternal(origin: Person['origin'], externalId: string): KeptPerson | undefined {
    return this.get('person', this.#personByExternal.get(`${origin} ${externalId}`) ?? '');
  }

  groupsOf(personId: string): readonly string[] {
    return [...(this.#groupsOf.get(personId) ?? [])].sort();
  }

  role(name: string): Role | undefined {
    return builtInRoles.find((role) => role.name === name) ?? this.get('role', name);
  }

  /** Names of the roles that somebody has, on their own and by their groups. */
  rolesOf(person: Pick<KeptPerson, 'id' | 'roles'>): readonly string[] {
    const byGroup = this.groupsOf(person.id).flatMap((id) => this.get('group', id)?.roles ?? []);
    return [...new Set([...person.roles, ...byGroup])].sort();
  }

  /** The roles of these names; one that is gone gives nothing. */
  rolesNamed(names: readonly string[]): readonly Role[] {
    return names.map((name) => this.role(name)).filter((role) => role !== undefined);
  }

  /** Brings the book up to what `on` shows. Safe to run at the same time as another one. */
  async follow(on: Queryable, options: { readonly below?: number } = {}): Promise<void> {
    const [state] = await on.query<{ version: number; oldest: number | null }>(
      `SELECT s.version, (SELECT min(c.version) FROM identity_changes c) AS oldest FROM identity_state s WHERE s.one = 1`,
    );
    const upTo = options.below === undefined ? (state?.version ?? 0) : options.below - 1;
    if (upTo <= this.#version) return;
    const pruned = state?.oldest == null || state.oldest > this.#version + 1;
    if (pruned) return this.#readAll(on, upTo);
    const changes = await on.query<{ kind: KeptKind; id: string }>(
      'SELECT DISTINCT kind, id FROM identity_changes WHERE version > $1 AND version <= $2',
      [this.#version, upTo],
    );
    const news: (() => void)[] = [];
    for (const kind of keptKinds) {
      const ids = changes.filter((change) => change.kind === kind).map(({ id }) => id);
      if (ids.length === 0) continue;
      const rows = await readKept(on, kind, ids);
      news.push(() => {
        for (const id of ids) this.#drop(kind, id);
        for (const row of rows) this.#put(kind, row);
      });
    }
    this.#apply(upTo, news);
  }

  /** Reads everything, whatever the version. */
  async open(database: Database): Promise<void> {
    await database.transaction(async (on) => {
      if (database.kind === 'postgres') await on.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY');
      const [state] = await on.query<{ version: number }>('SELECT version FROM identity_state WHERE one = 1');
      await this.#readAll(on, state?.version ?? 0);
    });
  }

  /** Forgets a session that has expired; the row goes by itself. */
  forgetSession(id: string): void {
    this.#drop('session', id);
  }

  async #readAll(on: Queryable, version: number): Promise<void> {
    const news: (() => void)[] = [];
    for (const kind of keptKinds) {
      const rows = await readKept(on, kind);
      news.push(() => {
        for (const id of [...this.#kept[kind].keys()]) this.#drop(kind, id);
        for (const row of rows) this.#put(kind, row);
      });
    }
    this.#apply(version, news);
  }

  /** What another reading overtook is left out: it has the same or newer rows in place already. */
  #apply(version: number, news: readonly (() => void)[]): void {
    if (version < this.#version) return;
    for (const apply of news) apply();
    this.#version = version;
    this.generation += 1;
  }

  #put(kind: KeptKind, row: KeptKinds[KeptKind]): void {
    const id = 'id' in row ? row.id : row.name;
    (this.#kept[kind] as Map<string, typeof row>).set(id, row);
    if (kind === 'person') {
      const person = row as KeptPerson;
      this.#personByName.set(person.nameKey, id);
      if (person.externalId !== undefined) this.#personByExternal.set(`${person.origin} ${person.externalId}`, id);
    } else if (kind === 'group') {
      for (const member of (row as KeptKinds['group']).members) {
        const groups = this.#groupsOf.get(member) ?? new Set();
        this.#groupsOf.set(member, groups.add(id));
      }
    } else if (kind === 'session' || kind === 'key') {
      this.#byDigest[kind].set((row as KeptKinds['session' | 'key']).digest, id);
    }
  }

  #drop(kind: KeptKind, id: string): void {
    const row: KeptKinds[KeptKind] | undefined = this.#kept[kind].get(id);
    if (row === undefined) return;
    this.#kept[kind].delete(id);
    if (kind === 'person') {
      const person = row as KeptPerson;
      this.#personByName.delete(person.nameKey);
      if (person.externalId !== undefined) this.#personByExternal.delete(`${person.origin} ${person.externalId}`);
    } else if (kind === 'group') {
      for (const member of (row as KeptKinds['group']).members) this.#groupsOf.get(member)?.delete(id);
    } else if (kind === 'session' || kind === 'key') {
      this.#byDigest[kind].delete((row as KeptKinds['session' | 'key']).digest);
    }
  }
}
