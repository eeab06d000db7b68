import assert from 'node:assert/strict';
import { onEachDatabase } from '../../test/parts/databases.ts';
import { openWithOwner, ownersPassword, type TestIdentity } from '../../test/parts/identities.ts';
import type { Credentials, Identity, ProvenPerson, Who } from './index.ts';

const nothing: Credentials = { bearer: undefined, sessionToken: undefined, loopback: false };
const password = 'correct horse battery';

/** Somebody of these roles who has signed in. */
async function newcomer(identity: Identity, owner: Who, name: string, roles: readonly string[]): Promise<Who> {
  await identity.people.create(owner, { name, password, roles });
  return (await identity.sessions.signIn({ name, password })).who;
}

async function records(audit: TestIdentity['audit']): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const { data } of audit.read({ kinds: ['identity'] })) found.push(String(data.what));
  return found;
}

onEachDatabase('people', (promise) => {
  promise('a denial in any role outweighs every allowance, by person and by group, at once', async (place) => {
    await using opened = await openWithOwner(place);
    const { identity, owner } = opened;
    const paul = await newcomer(identity, owner.who, 'paul', ['member']);
    await identity.roles.put(owner.who, {
      name: 'no-large',
      title: 'No large models',
      allow: [],
      deny: ['model.use:mistral/*'],
    });
    await identity.roles.put(owner.who, {
      name: 'reader',
      title: 'Reader',
      allow: ['audit.*', 'model.use:tiny'],
      deny: [],
    });
    const { token } = await identity.sessions.signIn({ name: 'paul', password });
    const now = (): Who => identity.authenticate({ ...nothing, sessionToken: token });
    assert.equal(now().can('model.use', 'mistral/large'), true);
    const group = await identity.groups.create(owner.who, {
      title: 'Interns',
      members: [paul.personId],
      roles: ['no-large'],
      compartments: ['rh'],
    });
    assert.deepEqual([now().groups, now().compartments, now().roles], [[group.id], ['rh'], ['member', 'no-large']]);
    assert.equal(now().can('model.use', 'mistral/large'), false);
    assert.equal(now().can('model.use', 'tiny'), true);
    const { version } = await identity.people.get(paul.personId);
    await identity.people.change(owner.who, paul.personId, { version, roles: ['reader'] });
    assert.equal(now().can('audit.read'), true);
    assert.equal(now().can('model.use', 'tiny'), true);
    assert.equal(now().can('model.use', 'other'), false);
    assert.equal(now().can('model.use'), false, 'some models are not all');
    await identity.roles.remove(owner.who, 'no-large');
    assert.deepEqual(now().roles, ['reader']);
    await assert.rejects(identity.roles.put(owner.who, { name: 'typo', title: 'T', allow: [], deny: ['modle.use'] }), {
      code: 'invalid_request',
    });
    await assert.rejects(identity.roles.put(owner.who, { name: 'owner', title: 'T', allow: [], deny: [] }), {
      code: 'forbidden',
    });
  });

  promise('nobody gives away or takes over more than they have', async (place) => {
    await using opened = await openWithOwner(place);
    const { identity, owner } = opened;
    const admin = await newcomer(identity, owner.who, 'admin', ['administrator']);
    const paul = await newcomer(identity, owner.who, 'paul', ['member']);
    const version = async (id: string): Promise<number> => (await identity.people.get(id)).version;
    const beyond = { code: 'forbidden', facts: { reason: 'beyond_own_rights' } };
    const ownId = owner.who.personId;
    const ofPaul = { version: await version(paul.personId) };
    await assert.rejects(identity.people.create(admin, { name: 'evil', roles: ['owner'] }), beyond);
    await assert.rejects(
      identity.people.change(admin, admin.personId, { version: await version(admin.personId), roles: ['owner'] }),
      beyond,
    );
    await assert.rejects(identity.people.resetPassword(admin, ownId), beyond);
    await assert.rejects(
      identity.people.change(admin, ownId, { version: await version(ownId), disabled: true }),
      beyond,
    );
    await assert.rejects(identity.people.remove(admin, ownId), beyond);
    await assert.rejects(identity.sessions.signOutEverywhere(admin, ownId), beyond);
    await assert.rejects(identity.roles.put(admin, { name: 'all', title: 'All', allow: ['*'], deny: [] }), beyond);
    await assert.rejects(
      identity.groups.create(admin, { title: 'G', members: [admin.personId], roles: ['owner'] }),
      beyond,
    );
    const group = await identity.groups.create(owner.who, { title: 'Owners', roles: ['owner'] });
    await assert.rejects(
      identity.groups.change(admin, group.id, { version: group.version, members: [admin.personId] }),
      beyond,
    );
    await assert.rejects(identity.people.change(admin, paul.personId, { ...ofPaul, groups: [group.id] }), beyond);
    await identity.people.change(admin, paul.personId, { ...ofPaul, roles: ['guest'] });
    assert.equal(identity.people.find(admin.personId)?.roles.includes('owner'), false);
  });

  promise('of two administrators at once one wins and the other hears of it', async (place) => {
    await using opened = await openWithOwner(place);
    const { identity, owner } = opened;
    const paul = await identity.people.create(owner.who, { name: 'paul', password });
    const change = { version: paul.version };
    const outcomes = await Promise.allSettled([
      identity.people.change(owner.who, paul.id, { ...change, displayName: 'First' }),
      identity.people.change(owner.who, paul.id, { ...change, displayName: 'Second' }),
    ]);
    assert.deepEqual(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
    const lost = outcomes.find((outcome) => outcome.status === 'rejected');
    assert.equal(lost?.reason.code, 'conflict');
    assert.equal((await identity.people.get(paul.id)).version, paul.version + 1);
    const taken = ['Twin', 'TWIN', 'ｔｗｉｎ'].map((name) => identity.people.create(owner.who, { name }));
    const made = await Promise.allSettled(taken);
    assert.equal(made.filter(({ status }) => status === 'fulfilled').length, 1, 'one name, whatever its letters');
  });

  promise('the last owner stays: neither removed, disabled nor made less, not even by two at once', async (place) => {
    await using opened = await openWithOwner(place);
    const { identity, owner } = opened;
    const id = owner.who.personId;
    const last = { code: 'conflict', facts: { reason: 'last_owner' } };
    const { version } = await identity.people.get(id);
    await assert.rejects(identity.people.remove(owner.who, id), last);
    await assert.rejects(identity.people.change(owner.who, id, { version, disabled: true }), last);
    await assert.rejects(identity.people.change(owner.who, id, { version, roles: ['member'] }), last);
    const second = await newcomer(identity, owner.who, 'second', ['owner']);
    const outcomes = await Promise.allSettled([
      identity.people.remove(owner.who, second.personId),
      identity.people.remove(second, id),
    ]);
    assert.deepEqual(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
    assert.equal((await identity.people.list()).length, 1);
  });

  promise('a person who is disabled or removed is out at once, with sessions and keys', async (place) => {
    await using opened = await openWithOwner(place);
    const { identity, owner } = opened;
    const removed: string[] = [];
    identity.whenRemoved(async (_, personId) => void removed.push(personId));
    const paul = await newcomer(identity, owner.who, 'paul', ['member']);
    const { token } = await identity.sessions.signIn({ name: 'paul', password });
    const { key } = await identity.keys.create(paul, paul.personId, { name: 'script' });
    const { version } = await identity.people.get(paul.personId);
    const disabled = await identity.people.change(owner.who, paul.personId, { version, disabled: true });
    const reason = (credentials: Partial<Credentials>): unknown => {
      try {
        return identity.authenticate({ ...nothing, ...credentials });
      } catch (error) {
        return (error as { facts: { reason: string } }).facts.reason;
      }
    };
    assert.equal(reason({ sessionToken: token }), 'unknown');
    assert.equal(reason({ bearer: key }), 'disabled');
    await assert.rejects(identity.sessions.signIn({ name: 'paul', password }), { facts: { reason: 'disabled' } });
    await assert.rejects(identity.sessions.signIn({ name: 'paul', password: 'wrong' }), { facts: { reason: 'wrong' } });
    await identity.people.change(owner.who, paul.personId, { version: disabled.version, disabled: false });
    assert.equal(identity.authenticate({ ...nothing, bearer: key }).name, 'paul');
    await identity.people.remove(owner.who, paul.personId);
    assert.equal(reason({ bearer: key }), 'unknown');
    assert.deepEqual(removed, [paul.personId]);
  });

  promise(
    'somebody whom a provider brings is made once, follows their groups, and is never a local account',
    async (place) => {
      await using opened = await openWithOwner(place);
      const { identity, owner } = opened;
      const [staff, hand] = [
        await identity.groups.create(owner.who, { title: 'Staff', externalName: 'staff', compartments: ['rh'] }),
        await identity.groups.create(owner.who, { title: 'By hand' }),
      ];
      const proven: ProvenPerson = {
        origin: 'oidc',
        externalId: 'issuer 4711',
        name: 'marie',
        displayName: 'Marie of elsewhere',
        email: undefined,
        groups: ['staff', 'unknown here'],
      };
      const first = await identity.admit(proven);
      assert.notEqual(first.who.personId, owner.who.personId);
      assert.deepEqual([first.who.name, first.who.roles, first.who.groups], ['marie@oidc', ['member'], [staff.id]]);
      await identity.groups.change(owner.who, hand.id, { version: hand.version, members: [first.who.personId] });
      const second = await identity.admit({ ...proven, groups: [], displayName: 'Marie Married' });
      assert.deepEqual(
        [second.who.personId, second.who.displayName, second.who.groups],
        [first.who.personId, 'Marie Married', [hand.id]],
      );
      const { version } = await identity.people.get(first.who.personId);
      await identity.people.change(owner.who, first.who.personId, { version, disabled: true });
      await assert.rejects(identity.admit(proven), { code: 'sign_in_failed', facts: { reason: 'disabled' } });
      await assert.rejects(identity.sessions.signIn({ name: 'marie@oidc', password: '' }), { code: 'sign_in_failed' });
      const ldap = { ...proven, origin: 'ldap' as const, name: 'zoé', externalId: '1' };
      const directory = async (_: string, given: string) => (given === 'right there' ? ldap : undefined);
      const zoe = await identity.sessions.signIn({ name: 'zoé', password: 'right there', directory });
      assert.equal(zoe.who.name, 'zoé');
      await assert.rejects(identity.sessions.signIn({ name: 'zoé', password: 'wrong', directory }), {
        facts: { reason: 'wrong' },
      });
      const asMarie = await identity.sessions.signIn({
        name: 'marie',
        password: ownersPassword,
        directory: async () => ldap,
      });
      assert.equal(asMarie.who.personId, owner.who.personId, 'a local name is not asked of the directory');
    },
  );

  promise('a change that cannot be recorded is not made', async (place) => {
    await using opened = await openWithOwner(place);
    const { identity, owner, audit } = opened;
    await identity.people.create(owner.who, { name: 'paul', password });
    assert.ok((await records(audit)).includes('person.create'));
    await audit.close();
    await assert.rejects(identity.people.create(owner.who, { name: 'eve', password }));
    await assert.rejects(identity.keys.create(owner.who, owner.who.personId, { name: 'k' }));
    assert.deepEqual(
      (await identity.people.list()).map(({ name }) => name),
      ['marie', 'paul'],
    );
    assert.equal(identity.authenticate({ ...nothing, sessionToken: owner.token }).name, 'marie');
  });
});
