import { newId } from '../base/index.ts';
import type { Queryable } from '../store/index.ts';
import type { Book } from './book.ts';
import { type Change, type Changes, checkVersion } from './changes.ts';
import { invalid, notFound } from './checks.ts';
import { type Counters, once, saneUse, type Window } from './counters.ts';
import { periodAround } from './periods.ts';
import type { NewQuota, Quota, QuotaBook, QuotaState } from './quota-types.ts';
import type { Usage } from './usage.ts';

/** Caps on requests, tokens and money: reserved before, settled after, both from memory. */
export function openQuotas(options: {
  readonly book: Book;
  readonly changes: Changes;
  readonly counters: Counters;
  readonly usage: Usage;
  readonly nowMs: () => number;
}): QuotaBook {
  const { book, changes, counters, usage, nowMs } = options;
  const listed = (id: string): QuotaState => {
    const quota = getQuota(book, id);
    return stateOf(quota, mostUsed(quota, counters, nowMs()));
  };
  return {
    reserve(who, request) {
      const { model, mostTokens, mostCostMicros } = request;
      const settle = counters.reserve(who, model, { requests: 1, tokens: mostTokens, money: mostCostMicros });
      const { personId, keyId = '' } = who;
      return once((used) => {
        settle(used);
        usage.book({ personId, keyId, model }, saneUse(used));
      });
    },
    remaining(who, model) {
      const left = {
        requests: Number.POSITIVE_INFINITY,
        tokens: Number.POSITIVE_INFINITY,
        money: Number.POSITIVE_INFINITY,
      };
      for (const { quota, subjectId } of counters.applied(who, model)) {
        const { used, reserved } = counters.window(quota, subjectId);
        left[quota.unit] = Math.min(left[quota.unit], Math.max(0, quota.limit - used - reserved));
      }
      return { requests: left.requests, tokens: left.tokens, costMicros: left.money };
    },
    statesOf: (who) =>
      counters.applied(who, undefined).map(({ quota, subjectId }) => ({
        ...stateOf(quota, counters.window(quota, subjectId)),
        subject: { kind: quota.subject.kind, id: subjectId },
      })),
    list: () => book.all('quota').map(({ id }) => listed(id)),
    async create(by, wanted) {
      await usage.flush(); // so that what was used before counts in the first day and month
      const id = await changes.make(by.personId, (on) => createQuota(on, wanted, nowMs()));
      await usage.follow();
      return listed(id);
    },
    async change(by, id, { version, limit }) {
      await changes.make(by.personId, async (on) => {
        const quota = getQuota(on.book, id);
        checkVersion('quota', version, quota.version);
        await on.query('UPDATE quotas SET amount = $2, version = version + 1 WHERE id = $1', [id, checkLimit(limit)]);
        on.touch('quota', id);
        on.record('quota.change', {
          id,
          subject: quota.subject,
          unit: quota.unit,
          period: quota.period,
          from: quota.limit,
          to: limit,
        });
      });
      return listed(id);
    },
    remove: (by, id) =>
      changes.make(by.personId, async (on) => {
        const quota = getQuota(on.book, id);
        await on.query('DELETE FROM quota_windows WHERE quota_id = $1', [id]);
        await on.query('DELETE FROM quotas WHERE id = $1', [id]);
        on.touch('quota', id);
        on.record('quota.remove', {
          id,
          subject: quota.subject,
          unit: quota.unit,
          period: quota.period,
          limit: quota.limit,
        });
      }),
  };
}

function getQuota(book: Book, id: string): Quota {
  const quota = book.get('quota', id);
  if (quota === undefined) throw notFound('quota', id);
  return quota;
}

type Standing = Pick<Window, 'used' | 'reserved' | 'endMs'>;

function stateOf(quota: Quota, { used, reserved, endMs }: Standing): QuotaState {
  return { ...quota, used, reserved, resetAt: resetAt(endMs) };
}

const known = new Map<number, string>();

/** The few moments at which periods end, as text. */
function resetAt(endMs: number): string {
  let text = known.get(endMs);
  if (text === undefined) {
    if (known.size >= 64) known.clear();
    text = new Date(endMs).toISOString();
    known.set(endMs, text);
  }
  return text;
}

function mostUsed(quota: Quota, counters: Counters, nowMs: number): Standing {
  const empty = { used: 0, reserved: 0, endMs: periodAround(quota.period, nowMs).endMs };
  return counters
    .windowsOf(quota)
    .reduce<Standing>((a, b) => (b.used + b.reserved > a.used + a.reserved ? b : a), empty);
}

const kinds = ['person', 'group', 'model', 'key', 'everybody'];
const units = ['requests', 'tokens', 'money'];
const periods = ['minute', 'hour', 'day', 'month'];

async function createQuota(on: Change, wanted: NewQuota, nowMs: number): Promise<string> {
  const { subject, unit, period, limit } = wanted;
  if (!kinds.includes(subject.kind) || !units.includes(unit) || !periods.includes(period)) {
    throw invalid(
      'subject',
      `A cap is on one of ${kinds.join(', ')}, in ${units.join(', ')}, a ${periods.join(', ')}.`,
    );
  }
  const subjectId = subject.kind === 'everybody' ? '*' : subject.id;
  checkSubject(on.book, subject.kind, subjectId);
  const id = newId('quo');
  await on.query(
    'INSERT INTO quotas (id, subject_kind, subject_id, unit, period, amount) VALUES ($1, $2, $3, $4, $5, $6)',
    [id, subject.kind, subjectId, unit, period, checkLimit(limit)],
  );
  await countPast(on, id, { subject: { kind: subject.kind, id: subjectId }, unit, period, limit }, nowMs);
  on.touch('quota', id);
  on.record('quota.create', { id, kind: subject.kind, subjectId, unit, period, limit });
  return id;
}

function checkSubject(book: Book, kind: NewQuota['subject']['kind'], id: string): void {
  const known =
    id === '*' ||
    kind === 'model' ||
    (kind === 'person' && ['local', 'house'].includes(id)) ||
    (kind === 'key' && id === 'house');
  if (id === '' || (!known && kind !== 'everybody' && book.get(kind as 'person', id) === undefined)) {
    throw invalid('subject', `There is no ${kind} "${id.slice(0, 80)}".`);
  }
}

function checkLimit(limit: number): number {
  if (Number.isSafeInteger(limit) && limit >= 0) return limit;
  throw invalid('limit', 'A cap is a whole number from 0.');
}

const amounts = {
  requests: 'u.requests',
  tokens: 'u.prompt_tokens + u.completion_tokens',
  money: 'u.cost_micros',
} as const;
const subjects = {
  everybody: { id: `'*'::text`, join: '' },
  person: { id: 'u.person_id', join: '' },
  key: { id: 'u.key_id', join: '' },
  model: { id: 'u.model', join: '' },
  group: { id: 'm.group_id', join: 'JOIN group_members m ON m.person_id = u.person_id' },
} as const;

/** A new cap of a day or month knows what was used before it; shorter ones begin at nothing. */
async function countPast(on: Queryable, quotaId: string, quota: NewQuota, nowMs: number): Promise<void> {
  if (quota.period !== 'day' && quota.period !== 'month') return;
  const { startMs, endMs } = periodAround(quota.period, nowMs);
  const { id, join } = subjects[quota.subject.kind];
  await on.query(
    `INSERT INTO quota_windows (quota_id, subject_id, starts_at, ends_at, used)
     SELECT $1, ${id}, $2::timestamptz, $3::timestamptz, sum(${amounts[quota.unit]})::bigint FROM usage_days u ${join}
     WHERE u.day >= $4::date AND u.day < $5::date AND ${id} <> '' AND ($6 = '*' OR ${id} = $6) GROUP BY 2`,
    [
      quotaId,
      new Date(startMs).toISOString(),
      new Date(endMs).toISOString(),
      new Date(startMs).toISOString().slice(0, 10),
      new Date(endMs).toISOString().slice(0, 10),
      quota.subject.id,
    ],
  );
}
