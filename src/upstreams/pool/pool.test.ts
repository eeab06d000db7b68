import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '../../base/index.ts';
import { IntramurosError } from '../../base/index.ts';
import { Pool } from './pool.ts';

function openPool(count: number) {
  const time = { ms: 1_000_000 };
  const clock: Clock = { now: () => time.ms, monotonic: () => time.ms };
  const urls = Array.from({ length: count }, (_, at) => `http://replica-${at}/v1`);
  return { pool: new Pool(clock, urls), time, urls };
}

test('requests without a conversation go to the least loaded replica', () => {
  const { pool } = openPool(3);
  const leases = Array.from({ length: 9 }, () => pool.take());
  assert.deepEqual(
    pool.health().map(({ activeRequests }) => activeRequests),
    [3, 3, 3],
  );
  const [first] = leases;
  first?.ended('well');
  first?.ended('well');
  assert.equal(pool.take().replica, first?.replica, 'the one that became free; ending twice counts once');
});

test('a conversation returns to its replica while that carries at most 1.25 times its share, and then moves on', () => {
  const { pool } = openPool(4);
  const home = pool.take({ affinity: 'talk' });
  home.ended('well');
  for (let turn = 0; turn < 20; turn += 1) {
    const lease = pool.take({ affinity: 'talk' });
    assert.equal(lease.replica, home.replica);
    lease.ended('well');
  }
  for (let request = 0; request < 40; request += 1) pool.take({ affinity: 'talk' });
  const loads = pool.health().map(({ activeRequests }) => activeRequests);
  assert.ok(Math.max(...loads) <= Math.ceil((41 / 4) * 1.25), `one hot conversation spreads: ${loads}`);
});

test('conversations spread over the replicas, and only those of a replica that goes away move', () => {
  const { pool, urls } = openPool(4);
  const keys = Array.from({ length: 2000 }, (_, at) => `conversation ${at}`);
  const homes = () =>
    keys.map((affinity) => {
      const lease = pool.take({ affinity });
      lease.ended('neutral');
      return lease.replica.url;
    });
  const before = homes();
  for (const url of urls) {
    const share = before.filter((home) => home === url).length / keys.length;
    assert.ok(share > 0.2 && share < 0.3, `${url}: ${share}`);
  }
  pool.setUrls(urls.slice(1));
  const moved = homes().filter((home, at) => home !== before[at]);
  assert.equal(moved.length, before.filter((home) => home === urls[0]).length);
});

test('a replica rests after three failures in a row, is tried by one request, and rests longer each time', () => {
  const { pool, time } = openPool(1);
  const fail = () => pool.take().ended('ill', 'it broke');
  fail();
  fail();
  pool.take().ended('well');
  fail();
  fail();
  assert.equal(pool.health()[0]?.state, 'ill');
  fail();
  assert.throws(
    () => pool.take(),
    (error: IntramurosError) => {
      assert.equal(error.code, 'upstream_unavailable');
      assert.equal(error.facts.retryAfterSeconds, 2);
      return /it broke/.test(error.message);
    },
  );
  time.ms += 2001;
  const probe = pool.take();
  assert.throws(() => pool.take(), IntramurosError, 'one at a time finds out');
  probe.ended('ill', 'still');
  time.ms += 2001;
  assert.throws(() => pool.take(), IntramurosError, 'it rests longer now');
  time.ms += 2001;
  pool.take().ended('well');
  assert.equal(pool.health()[0]?.state, 'well');
  pool.take();
  pool.take();
});

test('a probe whose client leaves lets the next one find out', () => {
  const { pool, time } = openPool(1);
  for (let count = 0; count < 3; count += 1) pool.take().ended('ill');
  time.ms += 2001;
  pool.take().ended('neutral');
  pool.take().ended('well');
  assert.equal(pool.health()[0]?.state, 'well');
});

test('what was tried is not taken again', () => {
  const { pool } = openPool(2);
  const first = pool.take();
  const second = pool.take({ tried: new Set([first.replica]) });
  assert.notEqual(first.replica, second.replica);
  assert.equal(pool.hasAnother(new Set([first.replica, second.replica])), false);
});
