import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { emptyPlace } from '../../test/parts/databases.ts';
import { openTestKeyring } from '../../test/parts/keyring.ts';
import { type PostgresServer, startPostgres } from '../../test/parts/postgres-server.ts';
import { silentLog } from '../base/index.ts';
import { internalLabel } from '../policy/index.ts';
import { gatewayId, openGatewayBeat } from '../store/index.ts';
import { openConversations } from './index.ts';

const server: PostgresServer | { readonly unavailable: string } = await startPostgres();
after(async () => {
  if ('stop' in server) await server.stop();
});

test('a gateway that starts leaves the answers of another that lives; those of one that died are marked by whoever is there', {
  skip: 'unavailable' in server ? server.unavailable : false,
}, async (context) => {
  if ('unavailable' in server) return;
  const databaseUrl = await server.createDatabase();
  const [homeA, homeB] = [emptyPlace(context, databaseUrl), emptyPlace(context, databaseUrl)];
  const start = async ({ home, open }: typeof homeA) => {
    const database = await open();
    context.after(() => database.close());
    const keyring = await openTestKeyring(database, home);
    const beat = await openGatewayBeat({ database, home, log: silentLog(), everyMs: 60_000 });
    const room = await openConversations({ database, keyring, log: silentLog(), gateway: beat.id });
    return { database, beat, room, store: room.of('me') };
  };
  const a = await start(homeA);
  const { id } = await a.store.create();
  const writing = async (store: typeof a.store, content: string): Promise<string> => {
    const about = { runId: `run_${content}`, model: 'tiny', mark: { label: internalLabel, sources: [] } };
    const target = { kind: 'ask', conversationId: id, parentId: undefined, content } as const;
    return (await store.begin(target, about)).messageId;
  };
  const first = await writing(a.store, 'first');
  const b = await start(homeB);
  assert.notEqual(a.beat.id, b.beat.id);
  const second = await writing(b.store, 'second');
  const states = async (store = b.store): Promise<(string | undefined)[]> => {
    const all = await store.messages(id);
    return [first, second].map((message) => all.find((each) => each.id === message)?.status);
  };
  assert.deepEqual(await states(), ['generating', 'generating'], 'the second start cuts nothing of the first');
  await b.room.interruptDead();
  assert.deepEqual(await states(), ['generating', 'generating']);

  const dead = "UPDATE gateways SET alive_until = now() - interval '1 second' WHERE id = $1";
  await b.database.query(dead, [a.beat.id]); // as it is once three beats did not come
  await b.room.interruptDead();
  assert.deepEqual(await states(), ['interrupted', 'generating']);

  await b.database.close(); // without a word: it was killed
  const again = await start(homeB);
  assert.equal(again.beat.id, gatewayId(homeB.home), 'a gateway knows its own after a restart');
  assert.deepEqual(await states(again.store), ['interrupted', 'interrupted']);
  await a.store.begin({ kind: 'continue', conversationId: id, messageId: first }, { ...marked, runId: 'run_more' });
  assert.deepEqual(await states(again.store), ['generating', 'interrupted']);
  await a.beat[Symbol.asyncDispose]();
  await again.room.interruptDead();
  assert.deepEqual(await states(again.store), ['interrupted', 'interrupted'], 'one that ended has said so');
});

const marked = { model: 'tiny', mark: { label: internalLabel, sources: [] } };

test('a gateway goes on saying that it lives', {
  skip: 'unavailable' in server ? server.unavailable : false,
}, async (context) => {
  if ('unavailable' in server) return;
  const place = emptyPlace(context, await server.createDatabase());
  await using database = await place.open();
  const beaten = Promise.withResolvers<void>();
  const until = async (): Promise<Date> => {
    const [row] = await database.query<{ alive_until: Date }>('SELECT alive_until FROM gateways');
    return new Date(row?.alive_until ?? 0);
  };
  const beat = await openGatewayBeat({ database, home: place.home, log: silentLog(), everyMs: 20 });
  const before = await until();
  beat.onBeat(async () => beaten.resolve());
  await beaten.promise;
  assert.ok((await until()) > before);
  await beat[Symbol.asyncDispose]();
  assert.deepEqual(await database.query('SELECT id FROM gateways'), []);
});
