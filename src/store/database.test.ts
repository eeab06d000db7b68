import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { onEachDatabase } from '../../test/parts/databases.ts';
import { DatabaseError } from './index.ts';

onEachDatabase('database', (promise) => {
  promise('values come back with the same types on both kinds', async (place) => {
    await using database = await place.open();
    const [row] = await database.query(
      `SELECT 1::int AS i, 9007199254740991::bigint AS b, count(*) AS n, 1.50::numeric AS exact, 0.5::float8 AS f, true AS yes,
        'é "x" \\'::text AS t, NULL::text AS nothing, '{"a":[1,null]}'::jsonb AS j, '[1]'::json AS k, '\\x00ff'::bytea AS bytes,
        '2026-03-01 12:00:00.123456+02'::timestamptz AS at, '2026-03-01'::date AS day,
        ARRAY['a,b', NULL, '"'] AS words, ARRAY[1,2]::bigint[] AS numbers`,
    );
    assert.deepEqual(
      { ...row },
      {
        i: 1,
        b: 9007199254740991,
        n: 1,
        exact: '1.50',
        f: 0.5,
        yes: true,
        t: 'é "x" \\',
        nothing: null,
        j: { a: [1, null] },
        k: [1],
        bytes: new Uint8Array([0, 255]),
        at: '2026-03-01T10:00:00.123Z',
        day: '2026-03-01',
        words: ['a,b', null, '"'],
        numbers: [1, 2],
      },
    );
  });

  promise('parameters of every type arrive as they were sent', async (place) => {
    await using database = await place.open();
    const sent = ['it’s "é"\n', 7, false, { deep: ['x'] }, new Uint8Array([1, 2]), new Date(0), ['a"b', null], null];
    const [row] = await database.query<Record<string, unknown>>(
      `SELECT $1::text a, $2::int b, $3::boolean c, $4::jsonb d, $5::bytea e, $6::timestamptz f, $7::text[] g, $8::text h`,
      sent,
    );
    assert.deepEqual(Object.values(row ?? {}), [
      ...sent.slice(0, 4),
      new Uint8Array([1, 2]),
      '1970-01-01T00:00:00.000Z',
      ['a"b', null],
      null,
    ]);
  });

  promise('an integer past 2^53 fails instead of turning into another', async (place) => {
    await using database = await place.open();
    await assert.rejects(database.query('SELECT 9007199254740993::bigint AS b'), /9007199254740993/);
    assert.deepEqual([...(await database.query('SELECT 1 AS still'))], [{ still: 1 }]);
  });

  promise('a refused statement tells its SQLSTATE, and the next one works', async (place) => {
    await using database = await place.open();
    await database.query('CREATE TABLE t (n int PRIMARY KEY)');
    await database.query('INSERT INTO t VALUES (1)');
    await assert.rejects(database.query('INSERT INTO t VALUES ($1)', [1]), (error) => {
      assert.ok(error instanceof DatabaseError);
      assert.equal(error.sqlState, '23505');
      return true;
    });
    assert.deepEqual([...(await database.query('SELECT n FROM t'))], [{ n: 1 }]);
  });

  promise('a transaction that throws leaves nothing', async (place) => {
    await using database = await place.open();
    await database.query('CREATE TABLE t (n int PRIMARY KEY)');
    const failed = database.transaction(async (transaction) => {
      await transaction.query('INSERT INTO t VALUES (1)');
      throw new Error('changed my mind');
    });
    await assert.rejects(failed, /changed my mind/);
    const broken = database.transaction(async (transaction) => {
      await transaction.query('INSERT INTO t VALUES (2)');
      await transaction.query('INSERT INTO t VALUES (2)');
    });
    await assert.rejects(broken, { sqlState: '23505' });
    assert.deepEqual([...(await database.query('SELECT n FROM t'))], []);
  });

  promise('nothing of other callers comes between the statements of a transaction', async (place) => {
    await using database = await place.open();
    await database.query('CREATE TABLE counter (n int)');
    await database.query('INSERT INTO counter VALUES (0)');
    const increment = () =>
      database.transaction(async (transaction) => {
        const [row] = await transaction.query<{ n: number }>('SELECT n FROM counter FOR UPDATE');
        await turn();
        await transaction.query('UPDATE counter SET n = $1', [(row?.n ?? 0) + 1]);
      });
    await Promise.all(Array.from({ length: 25 }, increment));
    assert.deepEqual([...(await database.query('SELECT n FROM counter'))], [{ n: 25 }]);
  });

  promise('a query past its own transaction fails at once instead of waiting for itself', async (place) => {
    await using database = await place.open();
    await assert.rejects(
      database.transaction(async () => database.query('SELECT 1')),
      /must go through that transaction/,
    );
    let kept: { query(sql: string): Promise<unknown> } | undefined;
    await database.transaction(async (transaction) => {
      kept = transaction;
    });
    await assert.rejects(kept?.query('SELECT 1') ?? Promise.resolve(), /has ended/);
    assert.equal((await database.query('SELECT 1 AS one')).length, 1);
  });

  promise('what was written is there after closing and opening', async (place) => {
    {
      await using database = await place.open();
      await database.query('CREATE TABLE t (n int)');
      await database.query('INSERT INTO t SELECT generate_series(1, 1000)');
    }
    await using again = await place.open();
    assert.deepEqual([...(await again.query('SELECT count(*) AS n FROM t'))], [{ n: 1000 }]);
  });

  promise('a closed database says so', async (place) => {
    const database = await place.open();
    await database.close();
    await database.close();
    await assert.rejects(database.query('SELECT 1'));
  });

  promise('a slow statement does not hold up the event loop', async (place) => {
    await using database = await place.open();
    let turns = 0;
    let done = false;
    const slow = database.query('SELECT sum(a * b) FROM generate_series(1, 1500) a, generate_series(1, 500) b');
    void slow.finally(() => {
      done = true;
    });
    while (!done) {
      await turn();
      turns += 1;
    }
    await slow;
    assert.ok(turns > 50, `${turns} turns of the event loop during the statement`);
  });
});
