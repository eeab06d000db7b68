import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type DatabasePlace, onEachDatabase } from '../../test/parts/databases.ts';
import { silentLog } from '../base/index.ts';
import type { Database } from '../store/index.ts';
import { type Keyring, openKeyring } from './index.ts';

interface Opened extends AsyncDisposable {
  readonly database: Database;
  readonly keyring: Keyring;
}

async function opened(place: DatabasePlace, houseKey = 'file', environment: NodeJS.ProcessEnv = {}): Promise<Opened> {
  const database = await place.open();
  try {
    const keyring = await openKeyring({
      database,
      home: place.home,
      settings: { houseKey },
      log: silentLog(),
      environment,
    });
    const close = async (): Promise<void> => {
      await keyring[Symbol.asyncDispose]();
      await database.close();
    };
    return { database, keyring, [Symbol.asyncDispose]: close };
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** Files of a folder that hold some bytes. */
function filesWith(folder: string, bytes: string): string[] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.map((entry) => join(entry.parentPath, entry.name)).filter((path) => readFileSync(path).includes(bytes));
}

onEachDatabase('keyring', (promise) => {
  promise('what is sealed opens for its subject and place alone, again after a restart', async (place) => {
    let sealed = '';
    let token = '';
    {
      await using here = await opened(place);
      await here.keyring.ready('ada');
      await here.keyring.ready('grace');
      sealed = here.keyring.seal('ada', 'messages/1/text', 'Bonjour à toutes');
      token = here.keyring.token('ada', 'bonjour');
      assert.ok(!sealed.includes('Bonjour'));
      assert.notEqual(here.keyring.seal('ada', 'messages/1/text', 'Bonjour à toutes'), sealed);
      assert.notEqual(here.keyring.token('grace', 'bonjour'), token);
      assert.throws(() => here.keyring.open('grace', 'messages/1/text', sealed), { code: 'key_unavailable' });
      assert.throws(() => here.keyring.open('ada', 'messages/2/text', sealed), { code: 'key_unavailable' });
      for (const at of [3, 14, sealed.length - 1]) {
        const cut = sealed.slice(0, at) + (sealed[at] === 'A' ? 'B' : 'A') + sealed.slice(at + 1);
        assert.throws(() => here.keyring.open('ada', 'messages/1/text', cut), { code: 'key_unavailable' }, `${at}`);
      }
      assert.throws(() => here.keyring.seal('mary', 'x', 'y'), { code: 'key_unavailable' });
    }
    await using again = await opened(place);
    await again.keyring.ready('ada');
    assert.equal(again.keyring.open('ada', 'messages/1/text', sealed), 'Bonjour à toutes');
    assert.equal(again.keyring.token('ada', 'bonjour'), token);
  });

  promise('a destroyed key opens nothing, ends what is below it, and is in no file any more', async (place) => {
    await using here = await opened(place);
    for (const subject of ['ada', 'ada/2026-11', 'vault/c1', 'adam']) await here.keyring.ready(subject);
    const sealed = here.keyring.seal('ada', 'p', 'x');
    const rows = await here.database.query<{ subject: string; wrapped: string }>('SELECT * FROM subject_keys');
    const wrapped = rows
      .filter(({ subject }) => subject.startsWith('ada') && subject !== 'adam')
      .map((row) => row.wrapped);
    const { destroyed, at } = await here.keyring.destroy('ada');
    assert.equal(destroyed, 2);
    assert.deepEqual(await here.keyring.destroy('ada'), { destroyed: 0, at });
    for (const subject of ['ada', 'ada/2026-11']) {
      assert.throws(() => here.keyring.open(subject, 'p', sealed), { code: 'key_destroyed' });
      await assert.rejects(here.keyring.ready(subject), { code: 'key_destroyed' });
    }
    await assert.rejects(here.keyring.ready('ada/2026-12'), { code: 'key_destroyed' });
    here.keyring.seal('adam', 'p', 'still there');
    assert.equal(wrapped.length, 2);
    if (place.databaseUrl === undefined) for (const text of wrapped) assert.deepEqual(filesWith(place.home, text), []);
    assert.deepEqual(await here.database.query('SELECT * FROM unscrubbed'), []);
    await here.keyring.renew('ada');
    assert.throws(() => here.keyring.open('ada', 'p', sealed), { code: 'key_unavailable' });
    await here.keyring.ready('ada/2026-12');
  });

  promise(
    'a destruction undone with its transaction destroyed nothing; one that was cut short is finished',
    async (place) => {
      let sealed = '';
      {
        await using here = await opened(place);
        await here.keyring.ready('ada');
        sealed = here.keyring.seal('ada', 'p', 'x');
        const undone = here.database.transaction(async (on) => {
          await here.keyring.destroy('ada', on);
          throw new Error('undone');
        });
        await assert.rejects(undone, /undone/);
        await here.keyring.ready('ada');
        assert.equal(here.keyring.open('ada', 'p', sealed), 'x');
        assert.deepEqual(here.keyring.destroyed, []);
        await here.database.transaction((on) => here.keyring.destroy('ada', on));
        // The process ends here, before `settle`.
      }
      await using again = await opened(place);
      assert.deepEqual(
        again.keyring.destroyed.map(({ subject }) => subject),
        ['ada'],
      );
      assert.deepEqual(await again.database.query('SELECT * FROM unscrubbed'), []);
    },
  );

  promise('a key made in a transaction that was undone is written before it is used again', async (place) => {
    let sealed = '';
    {
      await using here = await opened(place);
      const undone = here.database.transaction(async (on) => {
        await here.keyring.ready('ada', on);
        throw new Error('undone');
      });
      await assert.rejects(undone, /undone/);
      await here.keyring.ready('ada');
      sealed = here.keyring.seal('ada', 'p', 'x');
    }
    await using again = await opened(place);
    await again.keyring.ready('ada');
    assert.equal(again.keyring.open('ada', 'p', sealed), 'x');
  });

  promise('an older copy of the database brings no destroyed key back', async (place) => {
    await using here = await opened(place);
    await here.keyring.ready('ada');
    await here.keyring.ready('ada/2026-11');
    const before = await here.database.query<Record<string, unknown>>('SELECT * FROM subject_keys ORDER BY subject');
    await here.keyring.destroy('ada');
    // As a restored dump leaves it: rows of before the destruction.
    await here.database.query('DELETE FROM subject_keys');
    for (const row of before) {
      await here.database.query('INSERT INTO subject_keys (subject, wrapped, made_at) VALUES ($1, $2, $3)', [
        row.subject,
        row.wrapped,
        row.made_at,
      ]);
    }
    const again = await openKeyring({
      database: here.database,
      home: place.home,
      settings: { houseKey: 'file' },
      log: silentLog(),
    });
    for (const subject of ['ada', 'ada/2026-11']) await assert.rejects(again.ready(subject), { code: 'key_destroyed' });
    await again[Symbol.asyncDispose]();
  });

  promise('the keys of the one user before accounts go to the first account, texts as they are', async (place) => {
    await using here = await opened(place);
    await here.keyring.ready('local');
    await here.keyring.ready('local/2026-11');
    const sealed = here.keyring.seal('local', 'p', 'x');
    await here.database.transaction((on) => here.keyring.adopt('local', 'ada', on));
    await here.keyring.ready('ada');
    assert.equal(here.keyring.open('ada', 'p', sealed), 'x');
    assert.equal((await here.keyring.destroy('ada')).destroyed, 2, 'with the months of the user before');
  });

  promise('without its house key nothing opens, nothing changes, and the message says what to do', async (place) => {
    const key = join(place.home, 'house.key');
    let sealed = '';
    {
      await using here = await opened(place);
      await here.keyring.ready('ada');
      sealed = here.keyring.seal('ada', 'p', 'x');
    }
    const kept = readFileSync(key);
    rmSync(key);
    await assert.rejects(opened(place), { code: 'key_unavailable', message: /is gone.*Bring the house key back/ });
    assert.deepEqual(filesWith(place.home, 'intramuros-house-key'), [], 'no new key is made');
    writeFileSync(key, `intramuros-house-key-1 ${Buffer.alloc(32, 7).toString('base64')}\n`, { mode: 0o600 });
    await assert.rejects(opened(place), { code: 'key_unavailable', message: /is another one/ });
    writeFileSync(key, 'nothing of the kind\n');
    await assert.rejects(opened(place), { code: 'key_unavailable' });
    writeFileSync(key, kept, { mode: 0o600 });
    await using again = await opened(place);
    await again.keyring.ready('ada');
    assert.equal(again.keyring.open('ada', 'p', sealed), 'x');
  });

  promise(
    'the house key comes from a file, the environment or a program, and the data directory then has none',
    async (place) => {
      const hex = 'ab'.repeat(32);
      const file = join(place.home, '..', 'house');
      const environment = { HOUSE: hex };
      let sealed = '';
      {
        await using here = await opened(place, 'env:HOUSE', environment);
        assert.deepEqual(environment, {}, 'programs started later do not inherit it');
        await here.keyring.ready('ada');
        sealed = here.keyring.seal('ada', 'p', 'x');
      }
      assert.ok(!readdirSync(place.home).includes('house.key'));
      writeFileSync(file, Buffer.from(hex, 'hex'));
      await using again = await opened(place, `file:${file}`);
      await again.keyring.ready('ada');
      assert.equal(again.keyring.open('ada', 'p', sealed), 'x');
      const printed = await openKeyring({
        database: again.database,
        home: place.home,
        settings: { houseKey: 'command:tpm2_unseal -c "0x81 01"' },
        log: silentLog(),
        run: async ({ command, args }) => ({
          exitCode: [command, ...args].join('|') === 'tpm2_unseal|-c|0x81 01' ? 0 : 1,
          stdout: `${hex}\n`,
        }),
      });
      await printed.ready('ada');
      assert.equal(printed.open('ada', 'p', sealed), 'x');
      await printed[Symbol.asyncDispose]();
      for (const houseKey of ['', 'vault:x', 'file:house', 'env:a b', 'command:']) {
        const refused = openKeyring({
          database: again.database,
          home: place.home,
          settings: { houseKey },
          log: silentLog(),
        });
        await assert.rejects(refused, { code: 'key_unavailable', message: /has none of the forms/ }, houseKey);
      }
    },
  );
});
