import { randomUUID } from 'node:crypto';
import { type Clock, isoTime, type Logger } from '../base/index.ts';
import type { Database, Queryable } from '../store/index.ts';
import type { Book } from './book.ts';
import type { Counters, Settled, Window } from './counters.ts';
import type { UsageBook, UsageDay, UsageRow } from './quota-types.ts';

interface Use {
  readonly day: string;
  readonly personId: string;
  readonly keyId: string;
  readonly model: string;
  requests: number;
  promptTokens: number;
  completionTokens: number;
  costMicros: number;
}

interface Batch {
  readonly number: number;
  readonly uses: readonly Use[];
  readonly windows: readonly { readonly window: Window; readonly amount: number }[];
}

/** Usage on its way to the disk, and what is there. */
export interface Usage extends UsageBook {
  book(use: { readonly personId: string; readonly keyId: string; readonly model: string }, used: Settled): void;
  /** Hears what all gateways booked on quotas; the first time, of all periods that run. */
  follow(): Promise<void>;
}

/**
 * Collects usage in memory and writes it a batch at a time, with the counters of quotas in the same transaction. A batch whose
 * acknowledgement was lost is not booked twice. A kill -9 loses what was settled since the last batch, a second at most while
 * the database answers, and the reservations of answers that were running.
 */
export function openUsage(options: {
  readonly database: Database;
  readonly book: Book;
  readonly counters: Counters;
  readonly clock: Clock;
  readonly log: Logger;
}): Usage {
  const { database, counters, clock, book } = options;
  const gateway = randomUUID();
  let uses = new Map<string, Use>();
  let unsure: Batch | undefined;
  let number = 0;
  let running: Promise<void> = Promise.resolve();

  const write = async (): Promise<void> => {
    unsure ??= take();
    if (unsure === undefined) return;
    const batch = unsure;
    const heard = await database.transaction((on) => writeBatch(on, gateway, batch));
    unsure = undefined;
    for (const { quotaId, subjectId, startsAt, used } of heard) {
      counters.hear(quotaId, subjectId, Date.parse(startsAt), used);
    }
  };
  const take = (): Batch | undefined => {
    const windows = counters.takeUnwritten();
    if (uses.size === 0 && windows.length === 0) return undefined;
    const batch = { number: ++number, uses: [...uses.values()], windows };
    uses = new Map();
    return batch;
  };
  let since = '-infinity';
  const follow = async (): Promise<void> => {
    await write(); // what is neither in the database nor unwritten would be missing from what is heard
    const rows = await readWindows(database, since, clock);
    for (const row of rows) counters.hear(row.quotaId, row.subjectId, Date.parse(row.startsAt), row.used);
    since = rows.at(-1)?.writtenAt ?? since;
  };
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    const result = running.then(work);
    running = result.catch(() => undefined); // whoever asked has the failure; the next one tries the same batch again
    return result;
  };
  const flush = (): Promise<void> => inTurn(write);

  return {
    book({ personId, keyId, model }, used) {
      const day = isoTime(clock.now()).slice(0, 10);
      const key = `${day}\n${personId}\n${keyId}\n${model}`;
      const use = uses.get(key) ?? { day, personId, keyId, model, ...nothing };
      use.requests += 1;
      use.promptTokens += used.promptTokens;
      use.completionTokens += used.completionTokens;
      use.costMicros += used.costMicros;
      uses.set(key, use);
    },
    flush,
    follow: () => inTurn(follow),
    async days(personId, days) {
      await flush();
      const rows = await database.query<UsageDay>(
        `SELECT day AS date, ${sums} FROM usage_days WHERE person_id = $1 AND day > $2 GROUP BY day ORDER BY day`,
        [personId, dayBefore(clock, days)],
      );
      return rows.map((row) => ({ ...row }));
    },
    async models(personId, days) {
      await flush();
      return titled(await grouped(database, 'model', 'AND person_id = $2', [dayBefore(clock, days), personId]));
    },
    async by(kind, days) {
      await flush();
      const since = dayBefore(clock, days);
      if (kind === 'group') return titled(await byGroup(database, since), (id) => book.get('group', id)?.title);
      const columns = { person: 'person_id', key: 'key_id', model: 'model' } as const;
      const rows = await grouped(database, columns[kind], '', [since]);
      if (kind === 'person') return titled(rows, (id) => book.get('person', id)?.displayName);
      return titled(rows, kind === 'key' ? (id) => book.get('key', id)?.name : undefined);
    },
  };
}

const nothing = { requests: 0, promptTokens: 0, completionTokens: 0, costMicros: 0 };
const sums = `sum(requests)::bigint AS requests, sum(prompt_tokens)::bigint AS "promptTokens",
  sum(completion_tokens)::bigint AS "completionTokens", sum(cost_micros)::bigint AS "costMicros"`;

const dayBefore = (clock: Clock, days: number): string =>
  new Date(clock.now() - days * 86_400_000).toISOString().slice(0, 10);

type Row = Omit<UsageRow, 'title'>;

function grouped(on: Queryable, column: string, and: string, parameters: readonly unknown[]): Promise<readonly Row[]> {
  return on.query<Row>(
    `SELECT ${column} AS id, ${sums} FROM usage_days WHERE day > $1 ${and} GROUP BY ${column}
     ORDER BY sum(cost_micros) DESC, sum(prompt_tokens + completion_tokens) DESC, 1 LIMIT 1000`,
    parameters,
  );
}

/** By the groups that people are in now. */
function byGroup(on: Queryable, since: string): Promise<readonly Row[]> {
  return on.query<Row>(
    `SELECT m.group_id AS id, ${sums} FROM usage_days u JOIN group_members m ON m.person_id = u.person_id
     WHERE day > $1 GROUP BY m.group_id ORDER BY sum(cost_micros) DESC, sum(prompt_tokens + completion_tokens) DESC, 1`,
    [since],
  );
}

function titled(rows: readonly Row[], title: (id: string) => string | undefined = () => undefined): UsageRow[] {
  return rows.map((row) => ({ ...row, title: title(row.id) ?? row.id }));
}

interface Heard {
  readonly quotaId: string;
  readonly subjectId: string;
  readonly startsAt: string;
  readonly used: number;
}

function readWindows(
  on: Queryable,
  since: string,
  clock: Clock,
): Promise<readonly (Heard & { readonly writtenAt: string })[]> {
  // Five seconds back: a row may be committed a little after it was written.
  return on.query(
    `SELECT quota_id AS "quotaId", subject_id AS "subjectId", starts_at AS "startsAt", used, written_at AS "writtenAt"
     FROM quota_windows WHERE written_at >= $1::timestamptz - interval '5 seconds' AND ends_at > $2 ORDER BY written_at`,
    [since, new Date(clock.now())],
  );
}

async function writeBatch(on: Queryable, gateway: string, batch: Batch): Promise<readonly Heard[]> {
  const fresh = await on.query(
    `INSERT INTO usage_batches AS b (gateway, number, written_at) VALUES ($1, $2, now())
     ON CONFLICT (gateway) DO UPDATE SET number = $2, written_at = now() WHERE b.number < $2 RETURNING number`,
    [gateway, batch.number],
  );
  if (fresh.length > 0) await writeUses(on, batch.uses);
  return writeWindows(on, fresh.length > 0 ? batch.windows : batch.windows.map((each) => ({ ...each, amount: 0 })));
}

async function writeUses(on: Queryable, uses: readonly Use[]): Promise<void> {
  if (uses.length === 0) return;
  const column = (name: keyof Use): readonly unknown[] => uses.map((use) => use[name]);
  await on.query(
    `INSERT INTO usage_days AS d (day, person_id, key_id, model, requests, prompt_tokens, completion_tokens, cost_micros)
     SELECT * FROM unnest($1::date[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[])
     ORDER BY 1, 2, 3, 4
     ON CONFLICT (day, person_id, key_id, model) DO UPDATE SET requests = d.requests + EXCLUDED.requests,
       prompt_tokens = d.prompt_tokens + EXCLUDED.prompt_tokens,
       completion_tokens = d.completion_tokens + EXCLUDED.completion_tokens, cost_micros = d.cost_micros + EXCLUDED.cost_micros`,
    [
      column('day'),
      column('personId'),
      column('keyId'),
      column('model'),
      column('requests'),
      column('promptTokens'),
      column('completionTokens'),
      column('costMicros'),
    ],
  );
}

function writeWindows(on: Queryable, windows: Batch['windows']): Promise<readonly Heard[]> {
  if (windows.length === 0) return Promise.resolve([]);
  const iso = (ms: number): string => new Date(ms).toISOString();
  return on.query<Heard>(
    `INSERT INTO quota_windows AS w (quota_id, subject_id, starts_at, ends_at, used)
     SELECT * FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::timestamptz[], $5::bigint[]) ORDER BY 1, 2, 3
     ON CONFLICT (quota_id, subject_id, starts_at)
       DO UPDATE SET used = w.used + EXCLUDED.used, written_at = clock_timestamp()
     RETURNING quota_id AS "quotaId", subject_id AS "subjectId", starts_at AS "startsAt", used`,
    [
      windows.map(({ window }) => window.quotaId),
      windows.map(({ window }) => window.subjectId),
      windows.map(({ window }) => iso(window.startMs)),
      windows.map(({ window }) => iso(window.endMs)),
      windows.map(({ amount }) => amount),
    ],
  );
}
