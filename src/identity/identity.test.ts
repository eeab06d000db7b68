import assert from 'node:assert/strict';
import { onEachDatabase } from '../../test/parts/databases.ts';
import { openTestIdentity, openWithOwner, ownersPassword } from '../../test/parts/identities.ts';
import type { AuditRecord } from '../audit/index.ts';
import type { Credentials, SignedIn } from './index.ts';

const nothing: Credentials = { bearer: undefined, sessionToken: undefined, loopback: false };
const bearer = (key: string): Credentials => ({ ...nothing, bearer: key });
const cookie = ({ token }: SignedIn): Credentials => ({ ...nothing, sessionToken: token });

onEachDatabase('identity', (promise) => {
  promise('a machine without accounts belongs to whoever sits at it, and to nobody else', async (place) => {
    await using opened = await openTestIdentity(place);
    const { identity } = opened;
    assert.equal(identity.mode, 'single');
    const owner = identity.authenticate({ ...nothing, loopback: true });
    assert.equal(owner.personId, 'local');
    assert.equal(owner.can('admin.settings'), true);
    assert.equal(identity.authenticate({ ...bearer('sk-anything'), loopback: true }).personId, 'local');
    assert.throws(() => identity.authenticate(nothing), { code: 'unauthorized' });
    assert.throws(() => identity.authenticate(bearer('sk-anything')), { code: 'unauthorized' });
  });

  promise('the first account takes over what the owner had, once, however many ask at the same time', async (place) => {
    await using opened = await openTestIdentity(place);
    const { identity, database } = opened;
    const taken: string[] = [];
    identity.whenTakenOver(async (on, personId) => {
      await on.query('SELECT 1');
      taken.push(personId);
    });
    const owner = identity.authenticate({ ...nothing, loopback: true });
    const { key } = await identity.keys.create(owner, 'local', { name: 'script' });
    identity.quotas.reserve(owner, { model: 'm', mostTokens: 5, mostCostMicros: 0 }).settle({
      promptTokens: 2,
      completionTokens: 3,
      costMicros: 0,
    });
    const tries = ['ada', 'bob', 'eve'].map((name) => identity.setUp({ name, password: ownersPassword }));
    const outcomes = await Promise.allSettled(tries);
    const won = outcomes.filter((outcome) => outcome.status === 'fulfilled').map(({ value }) => value);
    assert.equal(won.length, 1);
    for (const { reason } of outcomes.filter((outcome) => outcome.status === 'rejected')) {
      assert.equal(reason.code, 'conflict');
    }
    const [first] = won as [SignedIn];
    assert.equal(identity.mode, 'accounts');
    assert.deepEqual(taken, [first.who.personId]);
    assert.equal(identity.authenticate(bearer(key)).personId, first.who.personId);
    assert.deepEqual(
      (await identity.usage.models(first.who.personId, 1)).map(({ id, requests }) => ({ id, requests })),
      [{ id: 'm', requests: 1 }],
    );
    assert.equal((await database.query('SELECT 1 FROM people')).length, 1);
    assert.throws(() => identity.authenticate({ ...nothing, loopback: true }), { facts: { reason: 'missing' } });
  });

  promise('a cap of any kind knows what was used before it on the same day', async (place) => {
    await using opened = await openWithOwner(place);
    const { identity, owner } = opened;
    identity.quotas
      .reserve(owner.who, { model: 'm', mostTokens: 9, mostCostMicros: 0 })
      .settle({ promptTokens: 2, completionTokens: 3, costMicros: 0 });
    await identity.usage.flush();
    for (const kind of ['everybody', 'person', 'model', 'key', 'group'] as const) {
      const id = kind === 'person' ? owner.who.personId : kind === 'model' ? 'm' : '*';
      const { used } = await identity.quotas.create(owner.who, {
        subject: { kind, id },
        unit: 'tokens',
        period: 'month',
        limit: 1_000,
      });
      assert.equal(used, kind === 'key' || kind === 'group' ? 0 : 5, kind);
    }
  });

  promise('people sign in, are known by their session, and sign out', async (place) => {
    await using opened = await openWithOwner(place);
    const { identity, owner, clock } = opened;
    const paul = await identity.people.create(owner.who, {
      name: 'Paul',
      password: 'correct horse battery',
      displayName: 'Paul P.',
    });
    const session = await identity.sessions.signIn({ name: ' pAUL ', password: 'correct horse battery' });
    const who = identity.authenticate(cookie(session));
    assert.deepEqual([who.personId, who.kind, who.roles], [paul.id, 'person', ['member']]);
    assert.equal(who.can('model.use', 'any'), true);
    assert.equal(who.can('admin.people'), false);
    await identity.sessions.signOut(who.sessionId ?? '');
    assert.throws(() => identity.authenticate(cookie(session)), { code: 'unauthorized', facts: { reason: 'unknown' } });
    const [one, two] = [
      await identity.sessions.signIn({ name: 'paul', password: 'correct horse battery' }),
      await identity.sessions.signIn({ name: 'paul', password: 'correct horse battery' }),
    ];
    clock.pass(11 * 3_600_000);
    identity.authenticate(cookie(one));
    clock.pass(2 * 3_600_000);
    assert.throws(() => identity.authenticate(cookie(two)), { facts: { reason: 'expired' } }, 'idle for 13 hours');
    identity.authenticate(cookie(one));
    await identity.sessions.signOutEverywhere(owner.who, paul.id);
    assert.throws(() => identity.authenticate(cookie(one)), { facts: { reason: 'unknown' } });
  });

  promise('a session ends after its lifetime, however busy', async (place) => {
    await using opened = await openWithOwner(place, { sessionLifetimeMs: 3_600_000 });
    const { identity, owner, clock } = opened;
    for (let minute = 0; minute < 59; minute += 1) {
      clock.pass(60_000);
      identity.authenticate(cookie(owner));
    }
    clock.pass(60_001);
    assert.throws(() => identity.authenticate(cookie(owner)), { facts: { reason: 'expired' } });
  });

  promise('only digests of passwords, tokens and keys are kept, and no record holds one', async (place) => {
    await using opened = await openWithOwner(place);
    const { identity, owner, database, audit } = opened;
    const { key } = await identity.keys.create(owner.who, owner.who.personId, { name: 'script' });
    const { password } = await identity.people.resetPassword(
      owner.who,
      (await identity.people.create(owner.who, { name: 'paul' })).id,
    );
    const tables = ['people', 'sessions', 'api_keys', 'identity_changes'];
    const rows = await Promise.all(tables.map((table) => database.query(`SELECT * FROM ${table}`)));
    const records: AuditRecord[] = [];
    for await (const record of audit.read({})) records.push(record);
    const text = JSON.stringify([rows, records]);
    for (const secret of [key, owner.token, ownersPassword, password]) assert.ok(!text.includes(secret));
    assert.ok(records.some(({ data }) => data.what === 'key.create'));
  });

  promise('what was acknowledged is there after closing and opening', async (place) => {
    await using first = await openWithOwner(place);
    const { key } = await first.identity.keys.create(first.owner.who, first.owner.who.personId, { name: 'script' });
    await first.close();
    await using opened = await openTestIdentity(place, { clock: first.clock });
    const { identity } = opened;
    assert.equal(identity.mode, 'accounts');
    assert.equal(identity.authenticate(cookie(first.owner)).name, 'marie');
    assert.equal(identity.authenticate(bearer(key)).kind, 'key');
  });
});
