import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { onEachDatabase } from '../../test/parts/databases.ts';
import { silentLog } from '../base/index.ts';
import { openDatabase } from './index.ts';
import { type Migration, readMigrations } from './migrate.ts';

const sha256 = (sql: string): string => createHash('sha256').update(sql).digest('hex');

/** The program's migrations and then these. */
function later(...sql: string[]): readonly Migration[] {
  const known = readMigrations();
  const added = sql.map((text, at) => ({
    number: known.length + at + 1,
    name: `${String(known.length + at + 1).padStart(4, '0')}-later.sql`,
    sql: text,
    sha256: sha256(text),
  }));
  return [...known, ...added];
}

onEachDatabase('migrations', (promise) => {
  promise('each step runs once, in order, and is recorded', async (place) => {
    const options = { home: place.home, databaseUrl: place.databaseUrl, log: silentLog() };
    const migrations = later('CREATE TABLE a (n int);', 'INSERT INTO a VALUES (1); INSERT INTO a VALUES (2);');
    for (let start = 0; start < 2; start += 1) {
      await using database = await openDatabase({ ...options, migrations });
      assert.deepEqual([...(await database.query('SELECT n FROM a ORDER BY n'))], [{ n: 1 }, { n: 2 }]);
      const steps = await database.query('SELECT number, sha256 FROM intramuros_migrations ORDER BY number');
      assert.deepEqual(
        steps.map((step) => step.sha256),
        migrations.map((migration) => migration.sha256),
      );
    }
  });

  promise('a database that is newer than the program is refused and not touched', async (place) => {
    const options = { home: place.home, databaseUrl: place.databaseUrl, log: silentLog() };
    await (await openDatabase({ ...options, migrations: later('CREATE TABLE from_the_future (n int);') })).close();
    await assert.rejects(openDatabase(options), { code: 'database_newer' });
    await using again = await openDatabase({ ...options, migrations: later('CREATE TABLE from_the_future (n int);') });
    assert.equal((await again.query('SELECT n FROM from_the_future')).length, 0);
  });

  promise('an old step that is not the one it was is refused', async (place) => {
    const options = { home: place.home, databaseUrl: place.databaseUrl, log: silentLog() };
    await (await openDatabase({ ...options, migrations: later('CREATE TABLE a (n int);') })).close();
    await assert.rejects(openDatabase({ ...options, migrations: later('CREATE TABLE a (n bigint);') }), {
      code: 'database_altered',
    });
  });

  promise('a step that fails in the middle leaves nothing of itself', async (place) => {
    const options = { home: place.home, databaseUrl: place.databaseUrl, log: silentLog() };
    const broken = later('CREATE TABLE kept (n int);', 'CREATE TABLE lost (n int); SELECT 1/0;');
    await assert.rejects(openDatabase({ ...options, migrations: broken }), { sqlState: '22012' });
    await using again = await openDatabase({ ...options, migrations: later('CREATE TABLE kept (n int);') });
    const [row] = await again.query(
      `SELECT to_regclass('kept') IS NOT NULL AS kept, to_regclass('lost') IS NULL AS gone`,
    );
    assert.deepEqual({ ...row }, { kept: true, gone: true });
  });
});
