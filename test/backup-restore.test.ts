import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { silentLog } from '../src/base/index.ts';
import { openConversations } from '../src/conversations/index.ts';
import { internalLabel } from '../src/policy/index.ts';
import { tarEnd, tarHeader, tarPadding } from '../src/store/backup/tar.ts';
import { backup, type Database, openDatabase, restore } from '../src/store/index.ts';
import { emptyPlace, freshPlace, onEachDatabase } from './parts/databases.ts';
import { openTestKeyring } from './parts/keyring.ts';
import { type PostgresServer, startPostgres } from './parts/postgres-server.ts';
import { openTestGateway } from './parts/test-gateway.ts';

const log = silentLog();

async function fill(database: Database, count: number): Promise<void> {
  const store = (await openConversations({ database, keyring: await openTestKeyring(database), log })).of('local');
  for (let n = 0; n < count; n += 1) {
    const { id } = await store.create();
    const begun = await store.begin(
      { kind: 'ask', conversationId: id, parentId: undefined, content: `Où est l’été n° ${n} ? "\\" \n😀` },
      { runId: 'run_1', model: 'tiny', mark: { label: internalLabel, sources: [] } },
    );
    const error = { code: 'internal', message: 'x' };
    await store.finish(begun.messageId, { content: `réponse ${n}`, status: 'failed', endedBy: 'failed', error });
  }
}

const tables = async (database: Database) => ({
  conversations: await database.query(
    'SELECT id, owner_id, sealed_title, words, sealed_sources, created_at, updated_at FROM conversations ORDER BY id',
  ),
  messages: await database.query(
    'SELECT id, conversation_id, sealed, sealed_error, words, status, ended_by, created_at FROM messages ORDER BY id',
  ),
  keys: await database.query('SELECT * FROM subject_keys ORDER BY subject'),
});

onEachDatabase('backup and restore', (promise) => {
  promise('an installation comes back as it was, settings and models’ notes too', async (place) => {
    mkdirSync(join(place.home, 'models/notes'), { recursive: true });
    writeFileSync(join(place.home, 'config.json'), '{"language":"fr"}');
    writeFileSync(join(place.home, 'models/notes/a.json'), '{"id":"a"}');
    writeFileSync(join(place.home, 'models/a.gguf'), Buffer.alloc(3_000, 7));
    let before: Awaited<ReturnType<typeof tables>>;
    {
      await using database = await place.open();
      await fill(database, 30);
      before = await tables(database);
    }
    const to = join(dirname(place.home), 'a.backup');
    const made = await backup({ home: place.home, databaseUrl: place.databaseUrl, to, log });
    assert.equal(made.entries, 3);
    const home = join(dirname(place.home), 'restored');
    const restored = await restore({ from: to, home, log });
    assert.deepEqual([restored.rows.conversations, restored.rows.messages], [30, 60]);
    await using again = await openDatabase({ home, log });
    assert.deepEqual(await tables(again), before);
    assert.equal(readFileSync(join(home, 'config.json'), 'utf8'), '{"language":"fr"}');
    assert.deepEqual(readdirSync(join(home, 'models')), ['notes']);
    const store = (await openConversations({ database: again, keyring: await openTestKeyring(again), log })).of(
      'local',
    );
    assert.equal((await store.list({ q: 'reponses 7' })).conversations.length, 1, 'found by search again');
    await store.removeMessage(before.messages[0]?.conversation_id as string, before.messages[0]?.id as string);
  });

  promise('a running installation is saved as of one moment, while it is written to', async (place) => {
    await using database = await place.open();
    await fill(database, 5);
    let writing = true;
    const writer = (async () => {
      while (writing) await fill(database, 1);
    })();
    const to = join(dirname(place.home), 'live.backup');
    await backup({ home: place.home, database, to, log });
    writing = false;
    await writer;
    const home = join(dirname(place.home), 'restored');
    const { rows } = await restore({ from: to, home, log });
    assert.ok((rows.conversations ?? 0) >= 5);
    await using again = await openDatabase({ home, log });
    const torn = await again.query(
      `SELECT c.id FROM conversations c WHERE message_count <> (SELECT count(*) FROM messages m WHERE m.conversation_id = c.id)`,
    );
    assert.deepEqual([...torn], []);
  });
});

let server: Promise<PostgresServer | { readonly unavailable: string }> | undefined;
after(async () => {
  const started = await server;
  if (started && 'stop' in started) await started.stop();
});

test('an embedded installation moves to a PostgreSQL server, which must be empty', async (context) => {
  server ??= startPostgres();
  const started = await server;
  if ('unavailable' in started) return context.skip(started.unavailable);
  const place = await freshPlace(context);
  let before: Awaited<ReturnType<typeof tables>>;
  {
    await using database = await place.open();
    await fill(database, 12);
    before = await tables(database);
  }
  const to = join(dirname(place.home), 'a.backup');
  await backup({ home: place.home, to, log });
  const databaseUrl = await started.createDatabase();
  const home = join(dirname(place.home), 'moved');
  await restore({ from: to, home, databaseUrl, log });
  {
    await using moved = await openDatabase({ home, databaseUrl, log });
    assert.deepEqual(await tables(moved), before);
  }
  const again = { from: to, home: join(dirname(place.home), 'other'), databaseUrl, log };
  await assert.rejects(restore(again), { code: 'conflict' });
});

test('a damaged backup restores nothing, wherever the damage is', async (context) => {
  const place = await freshPlace(context);
  {
    await using database = await place.open();
    await fill(database, 3);
  }
  const to = join(dirname(place.home), 'good.backup');
  await backup({ home: place.home, to, log });
  const good = readFileSync(to);
  const root = dirname(place.home);
  const left = () => readdirSync(root).filter((name) => name.startsWith('restored'));
  const refused = async (bytes: Buffer, what: string) => {
    const from = join(root, 'bad.backup');
    writeFileSync(from, bytes);
    await assert.rejects(restore({ from, home: join(root, 'restored'), log }), { code: 'backup_invalid' }, what);
    assert.deepEqual(left(), [], what);
  };
  const flip = (bytes: Buffer, at: number) => {
    const copy = Buffer.from(bytes);
    copy[at] = (copy[at] ?? 0) ^ 0x10;
    return copy;
  };
  for (let n = 0; n < 40; n += 1) {
    const at = 10 + Math.floor(((good.length - 18) * n) / 40); // past the head of gzip, whose date and system nobody reads
    await refused(flip(good, at), `bit of byte ${at}`);
  }
  for (const length of [0, 5, 11, 400, good.length >> 1, good.length - 9, good.length - 1]) {
    await refused(good.subarray(0, length), `${length} bytes`);
  }
  // The same damage under a compression that adds up: the hashes must find it.
  const plain = gunzipSync(good);
  const dump = plain.indexOf('["conversations"');
  for (const at of [dump + 3, plain.length - 3_000, 3, 120, 600])
    await refused(gzipSync(flip(plain, at)), `plain ${at}`);
  await refused(gzipSync(plain.subarray(0, dump + 100)), 'plain, cut');
  await refused(gzipSync(Buffer.from('not a backup at all')), 'other');
  await refused(Buffer.from('PK'), 'zip');
});

test('a backup that names a place outside of the directory is refused', async (context) => {
  const { home } = emptyPlace(context);
  const root = dirname(home);
  const sha = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
  for (const path of [
    'home/../evil',
    '/etc/evil',
    'home/database/evil',
    'evil',
    'home/a/../../../evil',
    'home/..\\evil',
  ]) {
    const entry = { path, sizeBytes: 0, sha256: sha };
    const manifest = Buffer.from(
      JSON.stringify({
        format: 'intramuros.backup',
        version: 1,
        createdAt: '',
        steps: [],
        entries: [entry, { ...entry, path: 'database.jsonl' }],
      }),
    );
    const parts = [
      tarHeader({ path: 'manifest.json', sizeBytes: manifest.length }),
      manifest,
      tarPadding(manifest.length),
    ];
    const from = join(root, 'evil.backup');
    writeFileSync(from, gzipSync(Buffer.concat([...parts, tarHeader(entry), tarEnd])));
    await assert.rejects(restore({ from, home: join(root, 'restored'), log }), { code: 'backup_invalid' }, path);
  }
  assert.deepEqual(readdirSync(root).sort(), ['evil.backup', 'home']);
});

test('what is there is not overwritten: refused, or set aside when forced', async (context) => {
  const place = await freshPlace(context);
  {
    await using database = await place.open();
    await fill(database, 2);
  }
  const root = dirname(place.home);
  const to = join(root, 'a.backup');
  await backup({ home: place.home, to, log });
  await assert.rejects(backup({ home: place.home, to, log }), { code: 'conflict' });
  await assert.rejects(restore({ from: to, home: place.home, log }), { code: 'conflict' });
  {
    await using _database = await place.open();
    await assert.rejects(restore({ from: to, home: place.home, force: true, log }), { code: 'data_directory_in_use' });
    await assert.rejects(backup({ home: place.home, to: `${to}2`, log }), { code: 'data_directory_in_use' });
  }
  const { setAside } = await restore({ from: to, home: place.home, force: true, log });
  assert.ok(setAside && readdirSync(setAside).includes('database'));
  await using again = await place.open();
  assert.equal((await tables(again)).conversations.length, 2);
});

test('with the weights a backup holds the models; without, only what is known of them', async (context) => {
  const place = await freshPlace(context);
  mkdirSync(join(place.home, 'models'), { recursive: true });
  const weights = Buffer.alloc(5_000_000, 'weights');
  writeFileSync(join(place.home, 'models/a.gguf'), weights);
  const root = dirname(place.home);
  await backup({ home: place.home, to: join(root, 'a.backup'), weights: true, log });
  await restore({ from: join(root, 'a.backup'), home: join(root, 'restored'), log });
  assert.ok(readFileSync(join(root, 'restored/models/a.gguf')).equals(weights));
});

test('a backup of nothing, or from nothing, says so', async (context) => {
  const { home } = emptyPlace(context);
  await assert.rejects(backup({ home, to: join(home, 'a.backup'), log }), { code: 'not_found' });
  assert.deepEqual(
    readdirSync(home).filter((name) => name.includes('backup')),
    [],
  );
  await assert.rejects(restore({ from: join(home, 'none'), home, log }), { code: 'not_found' });
});

test('a backup from a newer version is refused', async (context) => {
  const { home } = emptyPlace(context);
  const dump = {
    path: 'database.jsonl',
    sizeBytes: 0,
    sha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  };
  const step = { number: 9_999, name: '9999-later.sql', sha256: dump.sha256 };
  const manifest = Buffer.from(
    JSON.stringify({ format: 'intramuros.backup', version: 1, createdAt: '', steps: [step], entries: [dump] }),
  );
  const from = join(dirname(home), 'newer.backup');
  const head = [
    tarHeader({ path: 'manifest.json', sizeBytes: manifest.length }),
    manifest,
    tarPadding(manifest.length),
  ];
  writeFileSync(from, gzipSync(Buffer.concat([...head, tarHeader(dump), tarEnd])));
  await assert.rejects(restore({ from, home, log }), { code: 'database_newer' });
  truncateSync(from, 10);
  await assert.rejects(restore({ from, home, log }), { code: 'backup_invalid' });
});

test('a running server saves itself when asked, and keeps its five newest backups', async (context) => {
  await using gateway = await openTestGateway({ conversations: true });
  const { id } = await gateway.rooms.conversations.of('local').create({ title: 'Gardée' });
  let made: { path: string; entries: number } | undefined;
  for (let n = 0; n < 6; n += 1) {
    const reply = await gateway.ask('/api/backup', { method: 'POST', body: {} });
    assert.equal(reply.status, 201);
    made = (await reply.json()) as typeof made;
  }
  assert.equal(readdirSync(dirname(made?.path ?? '')).length, 5);
  const { home } = emptyPlace(context);
  await restore({ from: made?.path ?? '', home, log });
  await using again = await openDatabase({ home, log });
  const store = (await openConversations({ database: again, keyring: await openTestKeyring(again), log })).of('local');
  assert.equal((await store.get(id)).title, 'Gardée');
  const refused = await gateway.ask('/api/backup', { method: 'POST', body: { to: '/etc/evil' } });
  assert.equal(refused.status, 400);
});
