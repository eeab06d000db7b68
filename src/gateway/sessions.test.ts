import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { goodPassword, signIn } from '../../test/parts/signed-in.ts';
import { startSlapd } from '../../test/parts/slapd.ts';
import { openTestGateway, type TestGateway } from '../../test/parts/test-gateway.ts';

interface Open {
  readonly id: string;
  readonly address: string | null;
  readonly current: boolean;
}
type Asker = Awaited<ReturnType<typeof signIn>>;

let gateway: TestGateway;
let alice: Asker;
before(async () => {
  gateway = await openTestGateway({ accounts: goodPassword });
  alice = await signIn(gateway);
});
after(() => gateway.close());

const listed = async (who: Asker, path = '/api/me/sessions'): Promise<Open[]> =>
  ((await (await who.ask(path)).json()) as { sessions: Open[] }).sessions;
const end = async (who: Asker, path: string): Promise<number> => (await who.ask(path, { method: 'DELETE' })).status;
const isIn = async (who: Asker): Promise<boolean> => (await who.ask('/api/me/usage')).status === 200;
const newPerson = async (name: string): Promise<string> => {
  const made = await alice.ask('/api/people', { body: { name, password: goodPassword } });
  return ((await made.json()) as { id: string }).id;
};

test('a person sees where they are signed in, ends one session, then all others, and nobody else’s', async () => {
  await newPerson('bob');
  await newPerson('carla');
  const here = await signIn(gateway, 'bob');
  const there = await signIn(gateway, 'bob');
  const third = await signIn(gateway, 'bob');
  const carla = await signIn(gateway, 'carla');
  const sessions = await listed(here);
  assert.equal(sessions.length, 3);
  assert.ok(sessions.every(({ address }) => address === '127.0.0.1'));
  const other = (await listed(there)).find(({ current }) => current);
  assert.ok(other && sessions.some(({ id, current }) => id === other.id && !current));
  assert.equal(await end(carla, `/api/me/sessions/${other.id}`), 404, 'another’s is as unknown as one that never was');
  assert.equal(await end(here, `/api/me/sessions/${other.id}`), 204);
  assert.deepEqual([await isIn(here), await isIn(there), await isIn(third)], [true, false, true]);
  assert.equal(await end(here, '/api/me/sessions'), 204);
  assert.deepEqual([await isIn(here), await isIn(third), await isIn(carla)], [true, false, true]);
  const [last] = await listed(here);
  const own = await here.ask(`/api/me/sessions/${last?.id}`, { method: 'DELETE' });
  assert.match(own.headers.get('set-cookie') ?? '', /Max-Age=0|Expires/i);
  assert.equal(await isIn(here), false);
});

test('an administrator sees and ends the sessions of others, not those of an owner; a key does neither', async () => {
  const dan = await newPerson('dan');
  const made = await alice.ask('/api/people', {
    body: { name: 'root', password: goodPassword, roles: ['administrator'] },
  });
  assert.equal(made.status, 201);
  const root = await signIn(gateway, 'root');
  const one = await signIn(gateway, 'dan');
  const two = await signIn(gateway, 'dan');
  const path = `/api/people/${dan}/sessions`;
  const [first] = (await listed(one)).filter(({ current }) => current);
  assert.equal((await listed(root, path)).length, 2);
  assert.equal((await one.ask(path)).status, 403);
  assert.equal(await end(root, `${path}/${first?.id}`), 204);
  assert.deepEqual([await isIn(one), await isIn(two)], [false, true]);
  assert.equal(await end(root, path), 204);
  assert.equal(await isIn(two), false);
  const owner = ((await (await alice.ask('/api/session')).json()) as { who: { id: string } }).who.id;
  assert.equal(await end(root, `/api/people/${owner}/sessions`), 403, 'nobody signs out whoever may do more');
  assert.equal((await root.ask('/api/people/per_none/sessions')).status, 404);
  const key = ((await (await alice.ask('/api/me/keys', { body: { name: 'script' } })).json()) as { key: string }).key;
  const asKey = { headers: { authorization: `Bearer ${key}` } };
  assert.equal((await gateway.ask('/api/me/sessions', asKey)).status, 403);
  assert.equal((await gateway.ask('/api/me/sessions', { ...asKey, method: 'DELETE' })).status, 403);
});

test('somebody of a directory signs in over HTTP, is somebody here, and a wrong password opens nothing', async (context) => {
  const directory = await startSlapd();
  if ('unavailable' in directory) return context.skip(directory.unavailable);
  await using server = directory;
  await server.add(`uid=ada,${server.baseDn}`, {
    objectClass: ['inetOrgPerson'],
    uid: 'ada',
    cn: 'Ada Lovelace',
    sn: 'Lovelace',
    mail: 'ada@example.org',
    userPassword: 'analytical engine',
  });
  await using house = await openTestGateway({
    accounts: goodPassword,
    signIn: {
      providers: [],
      directory: {
        url: server.url,
        startTls: false,
        bindDn: server.adminDn,
        bindPassword: server.adminPassword,
        baseDn: server.baseDn,
        userFilter: '(uid={name})',
        attributes: { id: 'entryUUID', name: 'uid', displayName: 'cn', email: 'mail' },
        groups: { attribute: 'memberOf' },
        timeoutMs: 5_000,
      },
    },
  });
  const before = (await (await house.ask('/api/session')).json()) as { signIn: { ldap: boolean } };
  assert.equal(before.signIn.ldap, true);
  const wrong = await house.ask('/api/session', { body: { name: 'ada', password: 'analytical' } });
  assert.deepEqual([wrong.status, wrong.headers.get('set-cookie')], [401, null]);
  const ada = await signIn(house, 'ada', 'analytical engine');
  const told = (await (await ada.ask('/api/session')).json()) as { who: { displayName: string; kind: string } };
  assert.deepEqual([told.who.displayName, told.who.kind], ['Ada Lovelace', 'person']);
  const { sessions } = (await (await ada.ask('/api/me/sessions')).json()) as { sessions: { origin: string }[] };
  assert.deepEqual(
    sessions.map(({ origin }) => origin),
    ['ldap'],
  );
  const alice = await signIn(house);
  const people = (await (await alice.ask('/api/people')).json()) as { people: { name: string; origin: string }[] };
  assert.ok(people.people.some(({ name, origin }) => name === 'ada' && origin === 'ldap'));
  assert.equal(house.rooms.egress.totals().find(({ purpose }) => purpose === 'sign-in')?.connections ?? 0, 4);
});
