import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { emptyPlace, freshPlace } from '../../test/parts/databases.ts';
import { silentLog } from '../base/index.ts';
import { lockDataDirectory, openDatabase } from './index.ts';

/** A process that holds the lock of a directory until it is killed. */
async function holder(context: TestContext, home: string) {
  const index = new URL('./index.ts', import.meta.url).href;
  const source = `import { lockDataDirectory } from '${index}';
    globalThis.lock = lockDataDirectory(process.env.HOME_UNDER_TEST); // a lock that nobody holds any more is let go
    process.send('held');
    setInterval(() => {}, 60_000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
    env: { ...process.env, HOME_UNDER_TEST: home },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  context.after(() => child.kill('SIGKILL'));
  await once(child, 'message');
  return child;
}

test('a second server on one directory is refused, naming the process of the first', async (context) => {
  const { home } = emptyPlace(context);
  const child = await holder(context, home);
  assert.throws(
    () => lockDataDirectory(home),
    (error: { code?: string; message?: string; facts?: { pid?: number } }) => {
      assert.equal(error.code, 'data_directory_in_use');
      assert.equal(error.facts?.pid, child.pid);
      assert.match(error.message ?? '', new RegExp(`process ${child.pid}`));
      return true;
    },
  );
});

test('the lock of a process that was killed is free at once', async (context) => {
  const { home } = emptyPlace(context);
  const child = await holder(context, home);
  child.kill('SIGKILL');
  await once(child, 'exit');
  lockDataDirectory(home).release();
});

test('one process cannot take the lock twice either; releasing frees it', (context) => {
  const { home } = emptyPlace(context);
  const lock = lockDataDirectory(home);
  assert.throws(() => lockDataDirectory(home), { code: 'data_directory_in_use' });
  lock.release();
  lock.release();
  lockDataDirectory(home).release();
  assert.equal(existsSync(join(home, 'lock.pid')), false);
});

test('opening the database takes the lock, and a failed opening gives it back', async (context) => {
  const place = await freshPlace(context);
  const database = await place.open();
  await assert.rejects(place.open(), { code: 'data_directory_in_use' });
  await database.close();
  await assert.rejects(openDatabase({ home: place.home, databaseUrl: 'nonsense', log: silentLog() }), {
    code: 'config_invalid',
  });
  lockDataDirectory(place.home).release();
});

test('a directory that cannot be written is refused in words', (context) => {
  const { home } = emptyPlace(context);
  writeFileSync(join(home, 'file'), '');
  assert.throws(() => lockDataDirectory(join(home, 'file', 'below')), { code: 'data_directory_not_writable' });
  const readOnly = join(home, 'read-only');
  mkdirSync(readOnly);
  chmodSync(readOnly, 0o500);
  if (process.getuid?.() === 0) return; // root may write everywhere
  assert.throws(() => lockDataDirectory(readOnly), { code: 'data_directory_not_writable' });
});

test('a server that is not there is unavailable, and its password is in no message', async (context) => {
  const { home } = emptyPlace(context);
  const databaseUrl = 'postgres://me:hunter2@127.0.0.1:1/none';
  await assert.rejects(openDatabase({ home, databaseUrl, log: silentLog() }), (error: Error & { code?: string }) => {
    assert.equal(error.code, 'database_unavailable');
    assert.doesNotMatch(`${error.message} ${JSON.stringify(error)}`, /hunter2/);
    assert.match(error.message, /none on 127\.0\.0\.1:1/);
    return true;
  });
});
