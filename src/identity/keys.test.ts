import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onEachDatabase } from '../../test/parts/databases.ts';
import { handClock, openTestIdentity, openWithOwner, ownersPassword } from '../../test/parts/identities.ts';
import type { Credentials, Identity } from './index.ts';
import { isKeyText, newKeyText } from './token.ts';

const nothing: Credentials = { bearer: undefined, sessionToken: undefined, loopback: false };
const by = (identity: Identity, credentials: Partial<Credentials>) =>
  identity.authenticate({ ...nothing, ...credentials });

/** Why credentials do not hold; undefined where they do. */
function reason(identity: Identity, credentials: Partial<Credentials>): unknown {
  try {
    by(identity, credentials);
    return undefined;
  } catch (error) {
    assert.equal((error as { code?: string }).code, 'unauthorized');
    return (error as { facts: { reason: string } }).facts.reason;
  }
}

test('a key holds 256 random bits, and a typing error is seen without asking anybody', () => {
  const keys = Array.from({ length: 200 }, newKeyText);
  assert.equal(new Set(keys).size, 200);
  for (const key of keys) {
    assert.match(key, /^imu_[0-9A-Za-z]{49}$/);
    assert.equal(isKeyText(key), true);
    for (const at of [4, 20, 46, 52]) {
      const letter = key[at] === 'x' ? 'y' : 'x';
      assert.equal(isKeyText(key.slice(0, at) + letter + key.slice(at + 1)), false);
    }
  }
});

onEachDatabase('keys', (promise) => {
  promise(
    'a key does what its person may, less what it is limited to, until it expires, is rotated or revoked',
    async (place) => {
      await using opened = await openWithOwner(place);
      const { identity, owner, clock } = opened;
      const id = owner.who.personId;
      const { key, view } = await identity.keys.create(owner.who, id, {
        name: 'script',
        models: ['mistral/*'],
        destinations: ['embedded'],
        ceiling: { level: 'INTERNE', mentions: [], compartments: [] },
        expiresAt: new Date(clock.now() + 3_600_000).toISOString(),
      });
      const who = by(identity, { bearer: key });
      assert.deepEqual([who.kind, who.keyId, who.ceiling?.level], ['key', view.id, 'INTERNE']);
      assert.equal(who.can('model.use', 'mistral/large'), true);
      assert.equal(who.can('model.use', 'other'), false);
      assert.equal(who.can('model.use'), false);
      assert.equal(who.can('destination.use', 'openai'), false);
      assert.equal(who.can('admin.people'), false, 'rights to administer are asked for by name');
      const admin = await identity.keys.create(owner.who, id, { name: 'ops', rights: ['admin.*'] });
      assert.equal(by(identity, { bearer: admin.key }).can('admin.people'), true);
      assert.equal(by(identity, { bearer: admin.key }).can('chat.use'), false);
      const rotated = await identity.keys.rotate(owner.who, view.id);
      assert.equal(reason(identity, { bearer: key }), 'unknown');
      assert.equal(by(identity, { bearer: rotated.key }).keyId, view.id);
      clock.pass(3_600_000);
      assert.equal(reason(identity, { bearer: rotated.key }), 'expired');
      await identity.keys.revoke(owner.who, admin.view.id);
      assert.equal(reason(identity, { bearer: admin.key }), 'revoked');
      assert.ok((await identity.keys.get(admin.view.id)).revokedAt);
    },
  );

  promise('a key of narrow use makes no wider one, and nobody reaches the keys of others', async (place) => {
    await using opened = await openWithOwner(place);
    const { identity, owner } = opened;
    const id = owner.who.personId;
    const paul = await identity.people.create(owner.who, { name: 'paul', password: ownersPassword });
    const narrow = await identity.keys.create(owner.who, id, { name: 'narrow', models: ['tiny'] });
    const asKey = by(identity, { bearer: narrow.key });
    const beyond = { code: 'forbidden' };
    await assert.rejects(identity.keys.create(asKey, id, { name: 'wide', rights: ['*'] }), beyond);
    await assert.rejects(identity.keys.create(asKey, id, { name: 'same' }), beyond);
    await assert.rejects(identity.keys.create(owner.who, paul.id, { name: 'of another' }), beyond);
    await assert.rejects(identity.keys.get(narrow.view.id, paul.id), { code: 'not_found' });
    await assert.rejects(identity.keys.revoke(owner.who, narrow.view.id, paul.id), { code: 'not_found' });
    assert.deepEqual(await identity.keys.list(paul.id), []);
    assert.equal(reason(identity, { bearer: narrow.key }), undefined);
  });

  promise(
    'forged, cut, swapped and mixed credentials are nobody; a wrong key is not made good by a cookie',
    async (place) => {
      await using opened = await openWithOwner(place, { houseKey: 'the key of the house' });
      const { identity, owner } = opened;
      const { key } = await identity.keys.create(owner.who, owner.who.personId, { name: 'script' });
      const { token } = owner;
      for (const bearer of [
        newKeyText(),
        key.slice(0, -1),
        `${key} `,
        key.toLowerCase(),
        '',
        'imu_',
        token,
        'null',
        'a'.repeat(100_000),
      ]) {
        assert.equal(reason(identity, { bearer }), 'unknown', bearer.slice(0, 60));
        assert.equal(reason(identity, { bearer, sessionToken: token, loopback: true }), 'unknown');
      }
      for (const sessionToken of ['', key, `${token}=`, token.slice(1)])
        assert.equal(reason(identity, { sessionToken }), 'unknown');
      assert.equal(reason(identity, { loopback: true }), 'missing');
      const house = by(identity, { bearer: 'the key of the house' });
      assert.deepEqual([house.personId, house.can('chat.use'), house.can('admin.people')], ['house', true, false]);
    },
  );

  promise(
    'the key of the house is the owner while there is no account, and then loopback alone is nobody',
    async (place) => {
      await using opened = await openTestIdentity(place, { houseKey: 'the key of the house' });
      const { identity } = opened;
      assert.equal(by(identity, { bearer: 'the key of the house' }).kind, 'owner');
      assert.equal(reason(identity, { loopback: true }), 'missing');
      assert.equal(reason(identity, { bearer: 'another', loopback: true }), 'unknown');
    },
  );

  promise('last use is kept, and written once a minute at most', async (place) => {
    const clock = handClock();
    await using opened = await openWithOwner(place, { clock, everyMs: 3_600_000 });
    const { identity, owner, database } = opened;
    const { key, view } = await identity.keys.create(owner.who, owner.who.personId, { name: 'script' });
    assert.equal(view.lastUsedAt, undefined);
    for (let count = 0; count < 1_000; count += 1) by(identity, { bearer: key });
    const at = new Date(clock.now()).toISOString();
    assert.equal((await identity.keys.get(view.id)).lastUsedAt, at);
    await opened.identity.close();
    const [row] = await database.query<{ last_used_at: string }>('SELECT last_used_at FROM api_keys');
    assert.equal(row?.last_used_at, at);
  });

  promise(
    'guessing slows down by name and by address, a hundred tries at once as well, and ends with time',
    async (place) => {
      await using opened = await openWithOwner(place);
      const { identity, clock } = opened;
      const attempt = async (name: string, password: string, address: string): Promise<unknown> => {
        try {
          await identity.sessions.signIn({ name, password, address });
          return 'in';
        } catch (error) {
          return (error as { facts: { reason: string } }).facts.reason;
        }
      };
      const tries = await Promise.all(
        Array.from({ length: 100 }, (_, at) => attempt('marie', 'wrong', `10.0.0.${at}`)),
      );
      assert.equal(tries.filter((said) => said === 'wrong').length, 5);
      assert.equal(await attempt('marie', ownersPassword, '10.0.0.200'), 'slow_down', 'the right one waits too');
      clock.pass(60_000);
      assert.equal(await attempt('marie', ownersPassword, '10.0.0.200'), 'in');
      const sprayed = await Promise.all(
        Array.from({ length: 60 }, (_, at) => attempt(`name-${at}`, 'wrong', '10.9.9.9')),
      );
      assert.equal(sprayed.filter((said) => said === 'wrong').length, 20);
      assert.equal(await attempt('marie', ownersPassword, '10.9.9.10'), 'in');
    },
  );
});
