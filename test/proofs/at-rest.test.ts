import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { silentLog } from '../../src/base/index.ts';
import { type ConversationRoom, openConversations } from '../../src/conversations/index.ts';
import { type Keyring, openKeyring } from '../../src/keyring/index.ts';
import { internalLabel } from '../../src/policy/index.ts';
import { backup, type Database, openDatabase, restore } from '../../src/store/index.ts';
import { readMigrations } from '../../src/store/migrate.ts';
import { type DatabasePlace, emptyPlace, freshPlace } from '../parts/databases.ts';

const log = silentLog();
const full = process.env.INTRAMUROS_TEST_SUMMARY === undefined;

interface House extends AsyncDisposable {
  readonly database: Database;
  readonly keyring: Keyring;
  readonly room: ConversationRoom;
}

async function openHouse({ home }: Pick<DatabasePlace, 'home'>): Promise<House> {
  const database = await openDatabase({ home, log });
  const keyring = await openKeyring({ database, home, settings: { houseKey: 'file' }, log });
  const room = await openConversations({ database, keyring, log });
  const close = async (): Promise<void> => {
    await keyring[Symbol.asyncDispose]();
    await database.close();
  };
  return { database, keyring, room, [Symbol.asyncDispose]: close };
}

/** How many bytes of how many files were read, and those files that hold one of the texts. */
function search(folder: string, texts: readonly string[]) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const wanted = texts.flatMap((text) => [Buffer.from(text), Buffer.from(text, 'utf16le')]);
  let bytes = 0;
  const found = files.flatMap(({ parentPath, name }) => {
    const raw = readFileSync(join(parentPath, name));
    const content = name.endsWith('.backup') ? gunzipSync(raw) : raw;
    bytes += content.length;
    return wanted.some((text) => content.includes(text)) ? [join(parentPath, name)] : [];
  });
  return { files: files.length, bytes, found };
}

const run = { runId: 'run_1', model: 'tiny' };
const mark = (reason: string) => ({
  label: internalLabel,
  sources: [{ kind: 'person', id: 'me', label: internalLabel, reason }] as const,
});

/** Says in a conversation all that one can hold; the words are nowhere else on the machine. */
async function talk({ room }: House, who: string, word: string): Promise<string> {
  const store = room.of(who);
  const { id } = await store.create({ title: `${word}titre` });
  const target = { kind: 'ask', conversationId: id, parentId: undefined, content: `${word}question` } as const;
  const begun = await store.begin(target, { ...run, mark: mark(`${word}motif`) });
  await store.grow(begun.messageId, { content: `${word}debut`, thinking: `${word}reflexion` });
  await store.finish(begun.messageId, {
    content: `${word}reponse`,
    thinking: `${word}reflexion`,
    status: 'failed',
    endedBy: 'failed',
    error: { code: 'internal', message: `${word}erreur` },
  });
  return id;
}

test('no byte of the data directory or of a backup is of a chat; the same search finds one that is', async (context) => {
  const place = await freshPlace(context);
  const word = 'zephyrinquatorze';
  {
    await using house = await openHouse(place);
    await talk(house, 'ada', word);
    const [found] = (await house.room.of('ada').list({ q: word })).conversations;
    assert.equal(found?.title, `${word}titre`, 'its owner finds and reads it');
    await backup({ home: place.home, database: house.database, to: join(place.home, 'a.backup'), log });
  }
  const none = search(place.home, [word, word.slice(0, 8)]);
  assert.deepEqual(none.found, []);
  {
    const database = await openDatabase({ home: place.home, log });
    await database.query('CREATE TABLE control (text text)');
    await database.query('INSERT INTO control VALUES ($1)', [word]);
    await database.close();
  }
  assert.ok(search(place.home, [word]).found.length > 0, 'the search would find it');
  console.log(`PROOF at-rest ${none.files} files, ${(none.bytes / 1e6).toFixed(0)} MB read, 0 with a word of a chat`);
});

const rows = full ? 1_200 : 450;

/** An installation as the version before left it: everything in plain text. */
async function plainHouse(home: string): Promise<void> {
  const database = await openDatabase({ home, log, migrations: readMigrations().slice(0, 8) });
  await database.query(
    `INSERT INTO conversations (id, owner_id, title, title_origin, message_count, created_at, updated_at)
     SELECT 'conv_' || n, 'p' || n % 3, 'zephyrintitre ' || n, 'auto', 1, now(), now() FROM generate_series(1, $1::int) AS n`,
    [rows],
  );
  await database.query(
    `INSERT INTO messages (id, conversation_id, role, content, thinking, status, created_at, label_sources)
     SELECT 'msg_' || n, 'conv_' || n, 'user', 'zephyrincontenu ' || n, 'zephyrinpense ' || n, 'complete', now(),
       '[{"kind":"person","id":"me","reason":"zephyrinmotif","label":{"level":"INTERNE","mentions":[],"compartments":[]}}]'
     FROM generate_series(1, $1::int) AS n`,
    [rows],
  );
  await database.close();
}

test('a kill -9 at any statement of the sealing loses no message, and leaves no plain text once it is done', async (context) => {
  const { home } = emptyPlace(context);
  await plainHouse(home);
  assert.ok(search(home, ['zephyrin']).found.length > 0);
  const child = join(import.meta.dirname, 'parts', 'seal-and-die.ts');
  let kills = 0;
  // Each life goes on where the one before was killed; a later one is killed at a later statement of its own.
  const statements = full ? [4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 20, 23, 26, 30, 40] : [8, 14];
  for (const statement of statements) {
    const args = ['--disable-warning=ExperimentalWarning', child, home, String(statement)];
    const ended = spawnSync(process.execPath, args, { encoding: 'utf8' });
    if (ended.signal === 'SIGKILL') kills += 1;
    else assert.equal(ended.stdout, 'whole\n', ended.stderr);
  }
  assert.ok(kills >= 2);
  {
    await using house = await openHouse({ home });
    const messages = await Promise.all(
      Array.from({ length: rows }, async (_, at) => {
        const store = house.room.of(`p${(at + 1) % 3}`);
        return (await store.messages(`conv_${at + 1}`)).map(({ content, thinking }) => `${content}|${thinking}`);
      }),
    );
    const wanted = Array.from({ length: rows }, (_, at) => [`zephyrincontenu ${at + 1}|zephyrinpense ${at + 1}`]);
    assert.deepEqual(messages, wanted);
    assert.equal((await house.room.of('p1').list({ q: 'zephyrincont 7' })).conversations[0]?.title, 'zephyrintitre 7');
    const columns = await house.database.query(
      `SELECT 1 FROM information_schema.columns WHERE table_name IN ('messages', 'conversations')
         AND column_name IN ('content', 'thinking', 'error', 'title', 'search', 'label_sources')`,
    );
    assert.deepEqual(columns, []);
  }
  assert.deepEqual(search(home, ['zephyrin']).found, []);
  console.log(
    `PROOF at-rest ${rows} plain messages sealed through ${kills} kill -9, none lost, no plain text left in a file`,
  );
});

test('after an erasure the keys are in no file, and a backup of before brings nothing back', async (context) => {
  const place = await freshPlace(context);
  const to = join(dirname(place.home), 'before.backup');
  let wrapped: readonly { readonly wrapped: string }[] = [];
  {
    await using house = await openHouse(place);
    await talk(house, 'ada', 'zephyrin');
    await talk(house, 'grace', 'alizee');
    await house.keyring.ready('ada/2026-11');
    wrapped = await house.database.query(`SELECT wrapped FROM subject_keys WHERE subject LIKE 'ada%'`);
    await backup({ home: place.home, database: house.database, to, log });
    await house.database.transaction(async (on) => {
      await house.room.forget('ada', on);
      await house.keyring.destroy('ada', on);
    });
    await house.keyring.settle();
  }
  assert.equal(wrapped.length, 2);
  assert.deepEqual(
    search(
      place.home,
      wrapped.map((row) => row.wrapped),
    ).found,
    [],
  );
  await restore({ from: to, home: place.home, force: true, log });
  await using again = await openHouse(place);
  assert.deepEqual((await again.room.of('ada').list()).conversations, []);
  const [left] = await again.database.query<{ count: number }>(
    `SELECT count(*) FROM conversations WHERE owner_id = 'ada'`,
  );
  assert.equal(left?.count, 0);
  await assert.rejects(again.keyring.ready('ada'), { code: 'key_destroyed' });
  assert.equal((await again.room.of('grace').list()).conversations[0]?.title, 'alizeetitre', 'others come back whole');
  assert.equal((await again.keyring.destroy('ada')).destroyed, 0, 'twice is no error');
  await again.keyring.settle();
  assert.deepEqual(
    search(
      place.home,
      wrapped.map((row) => row.wrapped),
    ).found,
    [],
  );
  console.log('PROOF at-rest erased keys in 0 files, also after a backup of before was restored');
});
