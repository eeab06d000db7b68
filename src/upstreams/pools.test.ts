import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type DatabasePlace, onEachDatabase } from '../../test/parts/databases.ts';
import {
  admin,
  onPremises,
  openUpstreamRoom,
  sharedUpstreamRoom,
  somebodyElse,
} from '../../test/parts/upstream-room.ts';
import { openOpenAiUpstream } from '../../test/parts/upstream-servers/index.ts';
import { IntramurosError, silentLog } from '../base/index.ts';
import type { GenerateRequest } from '../engine/index.ts';
import { openDatabase } from '../store/index.ts';

const asking = (content: string, more: readonly string[] = []): GenerateRequest => ({
  model: 'up/echo',
  prompt: { kind: 'chat', messages: [content, ...more].map((text) => ({ role: 'user' as const, content: text })) },
  fairKey: 'me',
  isolationKey: 'me',
});

const openRoom = sharedUpstreamRoom();

async function textOf(events: AsyncIterable<{ readonly type: string }>): Promise<string> {
  let text = '';
  for await (const event of events) if (event.type === 'delta') text += (event as unknown as { text: string }).text;
  return text;
}

test('a replica that fails before its first token is replaced by another, and rests after three failures', async () => {
  await using broken = await openOpenAiUpstream();
  await using sound = await openOpenAiUpstream();
  const room = await openRoom();
  const timeouts = { firstTokenMs: 1_500 }; // the sound one must answer within it, also on a busy machine
  const model = await room.declare({ kind: 'openai', urls: [`${broken.url}/v1`, `${sound.url}/v1`], timeouts });
  const kinds = [
    { kind: 'status', status: 500 },
    { kind: 'silent' },
    { kind: 'cut', afterFrames: 0 },
    { kind: 'stall', afterFrames: 1 },
    { kind: 'raw', body: 'data: {"error":{"message":"no memory"}}\n\n' },
  ] as const;
  for (let at = 0; at < 60; at += 1) {
    broken.faults.splice(0, Number.POSITIVE_INFINITY, kinds[at % kinds.length] as (typeof kinds)[number]);
    const answer = room.upstreams.generate(await room.clear(model), asking(`question ${at}`), { model });
    assert.equal(await textOf(answer), `question ${at}`);
    if (room.upstreams.health(model.upstreamId)[0]?.state === 'ill' && broken.seen.length >= 3) break;
  }
  assert.equal(broken.seen.length, 3, 'three failures in a row, then it rests');
  assert.equal(room.upstreams.health(model.upstreamId)[1]?.state, 'well');
});

test('a refusal that another replica would repeat is not tried again', async () => {
  await using one = await openOpenAiUpstream({ key: 'right' });
  await using two = await openOpenAiUpstream({ key: 'right' });
  const room = await openRoom();
  const model = await room.declare({ kind: 'openai', urls: [`${one.url}/v1`, `${two.url}/v1`] });
  await assert.rejects(async () => textOf(room.upstreams.generate(await room.clear(model), asking('x'), { model })));
  assert.equal(one.seen.length + two.seen.length, 1);
  assert.ok(room.upstreams.health(model.upstreamId).every(({ state }) => state !== 'ill'));
});

test('the turns of one conversation go to the replica that has its beginning', async () => {
  await using one = await openOpenAiUpstream();
  await using two = await openOpenAiUpstream();
  const room = await openRoom();
  const model = await room.declare({ kind: 'openai', urls: [`${one.url}/v1`, `${two.url}/v1`] });
  for (let talk = 0; talk < 6; talk += 1) {
    for (let turn = 0; turn < 3; turn += 1) {
      const more = Array.from({ length: turn }, (_, at) => `turn ${at}`);
      await textOf(room.upstreams.generate(await room.clear(model), asking(`talk ${talk}`, more), { model }));
    }
  }
  const talks = [one, two].map(({ seen }) => new Set(seen.map(({ body }) => body.messages[0].content)));
  assert.equal((talks[0]?.size ?? 0) + (talks[1]?.size ?? 0), 6, 'no conversation was at both');
});

test('fallbacks go to the same or a lower tier only, and are offered for the gate to decide on', async () => {
  const room = await openRoom();
  const urls = ['http://127.0.0.1:9/v1'];
  const models = [{ name: 'echo' }];
  const declare = (id: string, destination: typeof onPremises, fallbacks: string[] = []) =>
    room.upstreams.create({ id, title: id, kind: 'openai', urls, destination, models, fallbacks }, admin);
  await declare('home', onPremises);
  await declare('far', { ...somebodyElse, tier: 'paas' }, ['home', 'home/echo']);
  await assert.rejects(() => declare('near', onPremises, ['far']), /higher tier/);
  await assert.rejects(() => declare('near', onPremises, ['nobody']), /no upstream or model/);
  const far = room.upstreams.findModel('far/echo');
  assert.ok(far);
  assert.deepEqual(
    room.upstreams.fallbacksOf(far).map(({ id }) => id),
    ['home/echo'],
  );
  const version = room.upstreams.get('home').version;
  await room.upstreams.update('home', version, { destination: { ...somebodyElse, tier: 'saas' } }, admin);
  assert.deepEqual(room.upstreams.fallbacksOf(far), [], 'what rose above it since is no fallback any more');
});

test('a relayed reply is the upstream’s own bytes, without the client’s headers and with the upstream’s model name', async () => {
  await using server = await openOpenAiUpstream({ key: 'sk-own' });
  const room = await openRoom();
  const model = await room.declare({ kind: 'openai', urls: [`${server.url}/v1`], secret: { apiKey: 'sk-own' } });
  const sent = '{"model":"any/echo","messages":[{"role":"user","content":"à  b"}],"stream":true,"extra":1.0}';
  const request = { path: '/chat/completions', body: Buffer.from(sent) } as const;
  const relayed = await room.upstreams.relay(await room.clear(model), request, { model });
  const parts: Buffer[] = [];
  for await (const part of relayed.body) parts.push(part as Buffer);
  const direct = await fetch(`${server.url}/v1/chat/completions`, {
    method: 'POST',
    body: sent.replace('any/echo', 'echo'),
    headers: { authorization: 'Bearer sk-own' },
  });
  assert.equal(Buffer.concat(parts).toString(), await direct.text());
  assert.equal(server.seen[0]?.rawBody.toString(), sent.replace('any/echo', 'echo'));
  assert.deepEqual(Object.keys(relayed.headers).sort(), ['content-length', 'content-type']);
  assert.equal(room.upstreams.health(model.upstreamId)[0]?.activeRequests, 0);
  const stop = new AbortController();
  server.paceMs = 20;
  const long = { ...request, body: Buffer.from(sent.replace('à  b', 'w '.repeat(500))) };
  const open = await room.upstreams.relay(await room.clear(model), long, { model, signal: stop.signal });
  await assert.rejects(async () => {
    for await (const _part of open.body) stop.abort();
  });
  assert.equal(await server.seen.at(-1)?.left, true);
  server.faults.push({ kind: 'status', status: 500 });
  await assert.rejects(async () => room.upstreams.relay(await room.clear(model), request, { model }), IntramurosError);
});

test('a secret whose key file is lost is told as such, and entering it anew mends it', async (context) => {
  await using server = await openOpenAiUpstream({ key: 'sk-kept' });
  const first = await openUpstreamRoom(context);
  const secret = { apiKey: 'sk-kept' };
  await first.declare({ kind: 'openai', urls: [`${server.url}/v1`], secret });
  await first.database.close();
  rmSync(join(first.place.home, 'secrets.key'));
  const second = await openUpstreamRoom(context, first.place);
  const subject = { id: 'me', roles: [], groups: [], compartments: [], ceiling: undefined };
  assert.equal((await second.upstreams.test('up', { subject })).reason, 'secret');
  await second.upstreams.update('up', 1, { secret }, admin);
  assert.equal((await second.upstreams.test('up', { subject })).reason, 'ok');
  assert.deepEqual(
    second.gate.settled.map(({ ok }) => ok),
    [false, true],
  );
});

onEachDatabase('upstreams', (promise) => {
  promise('what one gateway changes, another on the same database knows within two seconds', async (place, context) => {
    if (place.databaseUrl === undefined) return context.skip('the embedded database has one gateway');
    const [one, two] = [await openUpstreamRoom(context, place), await openUpstreamRoom(context, elsewhere(place))];
    await one.declare({ kind: 'openai', urls: ['http://127.0.0.1:9/v1'] });
    const known = async (test: () => boolean): Promise<number> => {
      const startedMs = performance.now();
      while (!test()) await new Promise(setImmediate);
      return performance.now() - startedMs;
    };
    assert.ok((await known(() => two.upstreams.findModel('up/echo') !== undefined)) < 2000);
    await one.upstreams.update('up', 1, { enabled: false }, admin);
    assert.ok((await known(() => two.upstreams.findModel('up/echo') === undefined)) < 2000);
  });

  promise(
    'of two administrators who change the same version, one wins and the other is told',
    async (place, context) => {
      const room = await openUpstreamRoom(context, place);
      await room.declare({ kind: 'openai', urls: ['http://127.0.0.1:9/v1'] });
      const changes = await Promise.allSettled(
        ['one', 'two'].map((title) => room.upstreams.update('up', 1, { title }, { personId: title })),
      );
      const lost = changes.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[];
      assert.deepEqual(
        lost.map(({ reason }) => reason.code),
        ['conflict'],
      );
      assert.equal((await room.recorded()).length, 2, 'the change that lost left no record');
    },
  );

  promise(
    'what was declared, its secret too, is there after a restart; without the audit nothing is',
    async (place, context) => {
      const first = await openUpstreamRoom(context, place);
      await using server = await openOpenAiUpstream({ key: 'sk-kept' });
      await first.declare({ kind: 'openai', urls: [`${server.url}/v1`], secret: { apiKey: 'sk-kept' } });
      const [row] = await first.database.query<{ text: string }>(
        'SELECT row_to_json(upstreams)::text AS text FROM upstreams',
      );
      assert.ok(row && !row.text.includes('sk-kept'));
      await first.audit.close();
      await assert.rejects(() => first.upstreams.update('up', 1, { title: 'Unrecorded' }, admin));
      await first.database.close();
      const second = await openUpstreamRoom(context, place);
      const model = second.upstreams.findModel('up/echo');
      assert.ok(model);
      assert.equal(second.upstreams.get('up').title, 'Up');
      assert.equal(
        await textOf(second.upstreams.generate(await second.clear(model), asking('kept'), { model })),
        'kept',
      );
    },
  );
});

/** Another gateway: its own data directory, the same database and secrets key. */
function elsewhere(place: DatabasePlace): DatabasePlace {
  const { databaseUrl } = place;
  const home = `${place.home}-two`;
  return { home, databaseUrl, open: () => openDatabase({ home, databaseUrl, log: silentLog() }) };
}
