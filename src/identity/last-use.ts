import type { Clock } from '../base/index.ts';
import type { Database } from '../store/index.ts';
import type { Changes } from './changes.ts';

type Kind = 'key' | 'session' | 'person';
interface Use {
  ms: number;
  writtenMs: number;
}

/** When keys, sessions and people were last used: in memory at once, on the disk now and then. */
export interface LastUse {
  /** Costs a look into a map. */
  mark(kind: Kind, id: string): void;
  find(kind: Kind, id: string): number | undefined;
  iso(kind: Kind, id: string): string | undefined;
  /** Writes what was marked and not written for a while: keys and people once a minute, sessions as `sessionEveryMs` says. */
  flush(options?: { readonly all?: boolean }): Promise<void>;
}

const tables = { key: ['api_keys', 'last_used_at'], person: ['people', 'last_seen_at'] } as const;

export function openLastUse(options: {
  readonly database: Database;
  readonly changes: Changes;
  readonly clock: Clock;
  readonly sessionEveryMs: number;
}): LastUse {
  const { database, changes, clock } = options;
  const uses: Record<Kind, Map<string, Use>> = { key: new Map(), session: new Map(), person: new Map() };
  const everyMs = { key: 60_000, person: 60_000, session: options.sessionEveryMs };
  const due = (kind: Kind, all: boolean): [string, Use][] =>
    [...uses[kind]].filter(
      ([, use]) => use.ms > use.writtenMs && (all || clock.now() - use.writtenMs >= everyMs[kind]),
    );
  const write = async (kind: Kind, all: boolean): Promise<void> => {
    const found = due(kind, all);
    if (found.length === 0) return;
    const parameters = [found.map(([id]) => id), found.map(([, { ms }]) => new Date(ms))] as const;
    const marks = found.map(([, use]) => [use, use.ms] as const);
    if (kind === 'session') await writeSessions(changes, parameters);
    else {
      const [table, column] = tables[kind];
      await database.query(
        `UPDATE ${table} t SET ${column} = u.at FROM unnest($1::text[], $2::timestamptz[]) AS u (id, at) WHERE t.id = u.id`,
        parameters,
      );
    }
    for (const [use, ms] of marks) use.writtenMs = ms;
  };
  return {
    mark(kind, id) {
      const use = uses[kind].get(id);
      if (use) use.ms = clock.now();
      else uses[kind].set(id, { ms: clock.now(), writtenMs: 0 });
    },
    find: (kind, id) => uses[kind].get(id)?.ms,
    iso(kind, id) {
      const ms = uses[kind].get(id)?.ms;
      return ms === undefined ? undefined : new Date(ms).toISOString();
    },
    async flush({ all = false } = {}) {
      for (const kind of ['key', 'person', 'session'] as const) await write(kind, all);
      for (const kind of ['key', 'person', 'session'] as const) forgetOld(uses[kind], clock.now());
    },
  };
}

/** A change that other gateways read: a session in use at one of them is idle at none. */
async function writeSessions(
  changes: Changes,
  parameters: readonly [readonly string[], readonly Date[]],
): Promise<void> {
  await changes.make('system', async (on) => {
    const rows = await on.query<{ id: string }>(
      `UPDATE sessions t SET last_seen_at = u.at FROM unnest($1::text[], $2::timestamptz[]) AS u (id, at)
       WHERE t.id = u.id AND t.last_seen_at < u.at RETURNING t.id`,
      parameters,
    );
    for (const { id } of rows) on.touch('session', id);
  });
}

function forgetOld(uses: Map<string, Use>, nowMs: number): void {
  if (uses.size < 10_000) return;
  for (const [id, use] of uses) if (use.ms <= use.writtenMs && nowMs - use.ms > 86_400_000) uses.delete(id);
}
