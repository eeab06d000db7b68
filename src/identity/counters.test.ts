import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { handClock } from '../../test/parts/identities.ts';
import { silentLog } from '../base/index.ts';
import { Book } from './book.ts';
import { Counters, once } from './counters.ts';
import { periodAround } from './periods.ts';
import type { Quota } from './quota-types.ts';
import type { Reservation, Who } from './who.ts';
import { localOwner } from './who-of.ts';

/** A book that holds these quotas, as if read from the database. */
class QuotaPages extends Book {
  readonly #quotas: readonly Quota[];
  constructor(quotas: readonly Quota[]) {
    super();
    this.#quotas = quotas;
  }
  override all(kind: never): never[] {
    return (kind === 'quota' ? [...this.#quotas] : super.all(kind)) as never[];
  }
  override get(kind: never, id: string): never {
    return (kind === 'quota' ? this.#quotas.find((quota) => quota.id === id) : super.get(kind, id)) as never;
  }
}

const quota = (values: Partial<Quota>): Quota => ({
  id: `quo_${JSON.stringify(values)}`,
  subject: { kind: 'everybody', id: '*' },
  unit: 'requests',
  period: 'day',
  limit: 3,
  version: 1,
  ...values,
});
const somebody = (personId: string, groups: readonly string[] = [], keyId?: string): Who => ({
  ...localOwner,
  personId,
  groups,
  keyId,
});
const open = (quotas: readonly Quota[], clock = handClock(Date.UTC(2026, 2, 31, 23, 0))) => ({
  counters: new Counters({ book: new QuotaPages(quotas), clock, log: silentLog() }),
  clock,
});
const nothing = { promptTokens: 0, completionTokens: 0, costMicros: 0 };
const small = { requests: 1, tokens: 10, money: 5 };

test('no interleaving of answers goes past a cap, and all that is reserved is free again at the end', () => {
  const people = ['ada', 'bob', 'eve'];
  const kinds: Quota['subject'][] = [
    { kind: 'everybody', id: '*' },
    { kind: 'person', id: '*' },
    { kind: 'person', id: 'ada' },
    { kind: 'group', id: 'staff' },
    { kind: 'model', id: 'large' },
    { kind: 'key', id: '*' },
  ];
  const anyQuota = fc.record({
    subject: fc.constantFrom(...kinds),
    unit: fc.constantFrom('requests', 'tokens', 'money') as fc.Arbitrary<Quota['unit']>,
    period: fc.constantFrom('minute', 'hour', 'day', 'month') as fc.Arbitrary<Quota['period']>,
    limit: fc.integer({ min: 0, max: 400 }),
  });
  const step = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        ask: fc.nat(2),
        model: fc.constantFrom('large', 'small'),
        tokens: fc.nat(120),
        money: fc.nat(90),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        settle: fc.nat(),
        share: fc.double({ min: 0, max: 1, noNaN: true }),
        twice: fc.boolean(),
      }),
    },
    { weight: 1, arbitrary: fc.record({ passMs: fc.integer({ min: -5_000, max: 50_000 }) }) },
  );
  fc.assert(
    fc.property(
      fc.uniqueArray(anyQuota, { maxLength: 6, selector: (q) => JSON.stringify([q.subject, q.unit, q.period]) }),
      fc.array(step, { maxLength: 80 }),
      (values, steps) => {
        const quotas = values.map((value, at) => quota({ ...value, id: `quo_${at}` }));
        const { counters, clock } = open(quotas);
        const running: { readonly reservation: Reservation; readonly tokens: number; readonly money: number }[] = [];
        const seen = new Set<ReturnType<Counters['window']>>();
        const finish = (at: number, share: number, twice: boolean): void => {
          const [answer] = running.splice(at, 1);
          const used = {
            promptTokens: Math.floor((answer?.tokens ?? 0) * share),
            completionTokens: 0,
            costMicros: Math.floor((answer?.money ?? 0) * share),
          };
          answer?.reservation.settle(used);
          if (twice) answer?.reservation.settle(used);
        };
        for (const step of steps) {
          if ('ask' in step) {
            const who = somebody(
              people[step.ask] ?? '',
              step.ask > 0 ? ['staff'] : [],
              step.ask > 1 ? 'key_1' : undefined,
            );
            try {
              const settle = counters.reserve(who, step.model, { requests: 1, tokens: step.tokens, money: step.money });
              running.push({ reservation: once(settle), tokens: step.tokens, money: step.money });
            } catch (error) {
              assert.equal((error as { code?: string }).code, 'quota_exceeded');
            }
            for (const { quota, subjectId } of counters.applied(who, step.model))
              seen.add(counters.window(quota, subjectId));
          } else if ('settle' in step) {
            if (running.length > 0) finish(step.settle % running.length, step.share, step.twice);
          } else clock.pass(step.passMs);
          for (const window of seen) {
            const limit = quotas.find(({ id }) => id === window.quotaId)?.limit ?? 0;
            assert.ok(window.used + window.reserved <= limit, `${window.used} + ${window.reserved} of ${limit}`);
            assert.ok(window.reserved >= 0);
          }
        }
        while (running.length > 0) finish(0, 1, true);
        for (const window of seen) assert.equal(window.reserved, 0);
      },
    ),
    { numRuns: 2_000 },
  );
});

test('a refusal says when it is worth trying again, and takes nothing', () => {
  const { counters } = open([
    quota({ limit: 1, period: 'hour' }),
    quota({ limit: 1, period: 'month', unit: 'tokens' }),
  ]);
  assert.throws(
    () => counters.reserve(somebody('ada'), 'm', small),
    (error: { code?: string; facts?: Record<string, unknown> }) => {
      assert.equal(error.code, 'quota_exceeded');
      assert.equal(error.facts?.resetAt, '2026-04-01T00:00:00.000Z');
      assert.equal(error.facts?.retryAfterSeconds, 3_600);
      return true;
    },
  );
  counters.reserve(somebody('ada'), 'm', { ...small, tokens: 1 });
});

test('a cap on each person counts everybody apart, and one that names a person takes its place', () => {
  const { counters } = open([
    quota({ subject: { kind: 'person', id: '*' }, limit: 1 }),
    quota({ subject: { kind: 'person', id: 'ada' }, limit: 2 }),
  ]);
  for (const name of ['bob', 'eve', 'ada', 'ada']) counters.reserve(somebody(name), 'm', small)(nothing);
  for (const name of ['bob', 'eve', 'ada']) {
    assert.throws(() => counters.reserve(somebody(name), 'm', small), { code: 'quota_exceeded' });
  }
});

test('the next period begins at nothing; an answer that runs over its end counts in the one it began in', () => {
  const { counters, clock } = open([quota({ limit: 100, unit: 'tokens', period: 'day' })]);
  const settle = counters.reserve(somebody('ada'), 'm', { ...small, tokens: 100 });
  clock.pass(3_600_000);
  counters.reserve(somebody('ada'), 'm', { ...small, tokens: 60 })({ ...nothing, promptTokens: 60 });
  settle({ ...nothing, completionTokens: 90 });
  counters.reserve(somebody('ada'), 'm', { ...small, tokens: 40 });
  assert.deepEqual(periodAround('month', Date.UTC(2026, 1, 28)), {
    startMs: Date.UTC(2026, 1, 1),
    endMs: Date.UTC(2026, 2, 1),
  });
});

test('figures that are no figures cannot free a cap or block it for ever', () => {
  const { counters } = open([quota({ limit: 100, unit: 'tokens' })]);
  for (const wrong of [Number.NaN, -50, Number.POSITIVE_INFINITY]) {
    counters.reserve(somebody('ada'), 'm', small)({ ...nothing, promptTokens: wrong });
  }
  const [window] = counters.windowsOf(quota({ limit: 100, unit: 'tokens' }));
  assert.deepEqual([window?.used, window?.reserved], [0, 0]);
});
