import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { goodPassword, signIn } from '../../test/parts/signed-in.ts';
import type { AskOptions } from '../../test/parts/test-gateway.ts';
import { openTestGateway, type TestGateway } from '../../test/parts/test-gateway.ts';

let gateway: TestGateway;
let alice: Awaited<ReturnType<typeof signIn>>;
before(async () => {
  gateway = await openTestGateway({ accounts: goodPassword });
  alice = await signIn(gateway);
});
after(() => gateway.close());

type Ask = (path: string, options?: AskOptions) => Promise<Response>;
async function json<T>(reply: Promise<Response>, status: number): Promise<T> {
  const { status: found } = await reply;
  const text = await (await reply).text();
  assert.equal(found, status, text);
  return (text === '' ? undefined : JSON.parse(text)) as T;
}
interface Person {
  readonly id: string;
  readonly version: number;
  readonly roles: string[];
}
interface Key {
  readonly id: string;
  readonly key: string;
  readonly prefix: string;
}

const newPerson = (name: string, more: object = {}): Promise<Person> =>
  json(alice.ask('/api/people', { body: { name, password: goodPassword, ...more } }), 201);
const withKey =
  (key: string): Ask =>
  (path, options = {}) =>
    gateway.ask(path, { ...options, headers: { authorization: `Bearer ${key}`, ...options.headers } });

test('an account is made, changed once for each version that was seen, disabled at once and removed', async () => {
  const bob = await newPerson('bob', { displayName: 'Bob', email: 'bob@example.org', ceiling: { level: 'SENSIBLE' } });
  await json(alice.ask('/api/people', { body: { name: 'BOB', password: goodPassword } }), 409);
  const session = await signIn(gateway, 'bob');
  const path = `/api/people/${bob.id}`;
  const both = await Promise.all(
    ['One', 'Two'].map((displayName) =>
      alice.ask(path, { method: 'PATCH', body: { version: bob.version, displayName } }),
    ),
  );
  assert.deepEqual(both.map(({ status }) => status).sort(), [200, 409], 'two administrators at once: one is told');
  const { people } = await json<{ people: (Person & { name: string; displayName: string })[] }>(
    alice.ask('/api/people'),
    200,
  );
  const now = people.find(({ name }) => name === 'bob');
  assert.equal((await session.ask('/api/status')).status, 200);
  await json(alice.ask(path, { method: 'PATCH', body: { version: now?.version, disabled: true } }), 200);
  assert.equal((await session.ask('/api/status')).status, 401);
  const refused = await gateway.ask('/api/session', { body: { name: 'bob', password: goodPassword } });
  assert.equal(refused.status, 401);
  await json(alice.ask(path, { method: 'DELETE' }), 204);
  await json(alice.ask(path, { method: 'DELETE' }), 404);
  const records: string[] = [];
  for await (const { kind, data } of gateway.audit.read({ kinds: ['identity'] }))
    records.push(`${kind} ${String(data.what)}`);
  for (const what of ['person.create', 'person.change', 'person.remove'])
    assert.ok(records.includes(`identity ${what}`), `${what} is recorded among ${[...new Set(records)].join(', ')}`);
});

test('a right is missing until a role gives it, and one denial outweighs every allowance', async () => {
  await newPerson('carol');
  const carol = await signIn(gateway, 'carol');
  const refused = await json<{ code: string; facts: { right: string } }>(carol.ask('/api/groups'), 403);
  assert.deepEqual([refused.code, refused.facts.right], ['forbidden', 'admin.people']);
  const role = (name: string, body: object): Promise<unknown> =>
    json(alice.ask(`/api/roles/${name}`, { method: 'PUT', body: { title: name, allow: [], ...body } }), 200);
  await role('clerk', { allow: ['admin.people'] });
  await role('no-people', { deny: ['admin.*'] });
  await json(alice.ask('/api/roles/typo', { method: 'PUT', body: { title: 'typo', allow: ['admin.poeple'] } }), 400);
  const { groups: _none } = await json<{ groups: unknown[] }>(alice.ask('/api/groups'), 200);
  const me = await json<{ who: { id: string } }>(carol.ask('/api/session'), 200);
  const group = await json<{ id: string; version: number }>(
    alice.ask('/api/groups', {
      body: { title: 'Clerks', members: [me.who.id], roles: ['clerk'], compartments: ['rh'] },
    }),
    201,
  );
  await json(carol.ask('/api/groups'), 200);
  const escalation = { body: { name: 'mallory', password: goodPassword, roles: ['owner'] } };
  await json(carol.ask('/api/people', escalation), 403);
  const change = { version: group.version, roles: ['clerk', 'no-people'] };
  await json(alice.ask(`/api/groups/${group.id}`, { method: 'PATCH', body: change }), 200);
  await json(carol.ask('/api/groups'), 403);
  await json(alice.ask(`/api/groups/${group.id}`, { method: 'DELETE' }), 204);
  await json(alice.ask('/api/roles/owner', { method: 'DELETE' }), 403);
  await json(alice.ask('/api/roles/clerk', { method: 'DELETE' }), 204);
});

test('a key is shown once, works until revoked, rotates, and never goes beyond its person or its limits', async () => {
  await newPerson('dan');
  const dan = await signIn(gateway, 'dan');
  const made = await json<Key>(dan.ask('/api/me/keys', { body: { name: 'notebook', models: ['echo'] } }), 201);
  assert.match(made.key, /^imu_/);
  const listed = await (await dan.ask('/api/me/keys')).text();
  assert.ok(listed.includes(made.id) && !listed.includes(made.key));
  const byKey = withKey(made.key);
  await json(byKey('/v1/models'), 200);
  await json(gateway.ask('/v1/models', { headers: { 'x-api-key': made.key } }), 200);
  await json(byKey('/api/people'), 403);
  await json(byKey('/api/me/keys', { body: { name: 'child' } }), 403);
  await json(
    byKey('/api/me/password', { method: 'PUT', body: { current: goodPassword, next: 'another good one' } }),
    403,
  );
  await json(dan.ask('/v1/models', { headers: { authorization: `Bearer ${made.key}` } }), 200);
  const both = await json<{ facts: { reason: string } }>(
    gateway.ask('/api/status', { headers: { authorization: `Bearer ${made.key}`, cookie: alice.cookie } }),
    401,
  );
  assert.equal(both.facts.reason, 'ambiguous', 'a key and a session of two people');
  const turned = await json<Key>(dan.ask(`/api/me/keys/${made.id}/rotate`, { method: 'POST' }), 200);
  assert.equal((await byKey('/v1/models')).status, 401);
  await json(withKey(turned.key)('/v1/models'), 200);
  const others = await json<{ keys: Key[] }>(alice.ask('/api/keys'), 200);
  assert.ok(others.keys.some(({ id }) => id === made.id));
  await json(alice.ask(`/api/me/keys/${made.id}`, { method: 'DELETE' }), 404);
  await json(alice.ask(`/api/keys/${made.id}`, { method: 'DELETE' }), 204);
  assert.equal((await withKey(turned.key)('/v1/models')).status, 401);
  const expired = await dan.ask('/api/me/keys', { body: { name: 'past', expiresAt: '2020-01-01T00:00:00Z' } });
  assert.equal(expired.status, 409);
});

test('not even an administrator makes a key in the name of somebody else', async () => {
  const eve = await newPerson('erin');
  await json(alice.ask('/api/keys', { body: { personId: eve.id, name: 'hers' } }), 403);
  const { who } = await json<{ who: { id: string } }>(alice.ask('/api/session'), 200);
  const own = await json<Key>(
    alice.ask('/api/keys', { body: { personId: who.id, name: 'mine', rights: ['admin.people'] } }),
    201,
  );
  await json(withKey(own.key)('/api/people'), 200);
});

test('two people see each other’s conversations and keys nowhere', async () => {
  await newPerson('fay');
  const fay = await signIn(gateway, 'fay');
  const { id } = await json<{ id: string }>(fay.ask('/api/conversations', { body: { title: 'private' } }), 201);
  await json(alice.ask(`/api/conversations/${id}`), 404);
  assert.doesNotMatch(await (await alice.ask('/api/conversations')).text(), /private/);
});

test('a password is changed by its person, reset by an administrator, and its other sessions end', async () => {
  const gil = await newPerson('gil');
  const here = await signIn(gateway, 'gil');
  const there = await signIn(gateway, 'gil');
  const next = 'a much better password';
  await json(here.ask('/api/me/password', { method: 'PUT', body: { current: 'no', next } }), 401);
  await json(here.ask('/api/me/password', { method: 'PUT', body: { current: goodPassword, next: 'short' } }), 422);
  await json(here.ask('/api/me/password', { method: 'PUT', body: { current: goodPassword, next } }), 204);
  assert.deepEqual([(await here.ask('/api/status')).status, (await there.ask('/api/status')).status], [200, 401]);
  const { password } = await json<{ password: string }>(
    alice.ask(`/api/people/${gil.id}/password`, { method: 'POST' }),
    200,
  );
  assert.equal((await here.ask('/api/status')).status, 401);
  const again = await signIn(gateway, 'gil', password);
  let guess: Response | undefined;
  for (let n = 0; n < 8; n += 1)
    guess = await again.ask('/api/me/password', { method: 'PUT', body: { current: `guess ${n}`, next } });
  assert.equal(guess?.status, 429, 'a borrowed session cannot guess the password');
});

test('a cap refuses with the time to wait, is told in the headers that OpenAI’s clients read, and shows what was used', async () => {
  const hal = await newPerson('hal');
  const { ask } = await signIn(gateway, 'hal');
  const body = { subject: { kind: 'person', id: hal.id }, unit: 'requests', period: 'day', limit: 2 };
  const cap = await json<{ id: string; version: number }>(alice.ask('/api/quotas', { body }), 201);
  const chat = (): Promise<Response> =>
    ask('/v1/chat/completions', { body: { model: 'echo', messages: [{ role: 'user', content: 'hello' }] } });
  const first = await chat();
  assert.equal(first.status, 200, await first.clone().text());
  assert.equal(first.headers.get('x-ratelimit-limit-requests'), '2');
  assert.equal(first.headers.get('x-ratelimit-remaining-requests'), '1');
  assert.match(first.headers.get('x-ratelimit-reset-requests') ?? '', /^(\d+h)?(\d+m)?\d+s$/);
  assert.equal((await chat()).status, 200);
  const refused = await chat();
  assert.equal(refused.status, 429);
  assert.ok(Number(refused.headers.get('retry-after')) >= 1);
  const usage = await json<{ quotas: { used: number }[]; days: { requests: number }[]; models: { model: string }[] }>(
    ask('/api/me/usage?days=1'),
    200,
  );
  assert.deepEqual([usage.quotas[0]?.used, usage.days[0]?.requests, usage.models[0]?.model], [2, 2, 'echo']);
  await json(ask('/api/usage'), 403);
  const rows = await json<{ rows: { id: string; requests: number }[] }>(alice.ask('/api/usage?by=person&days=1'), 200);
  assert.equal(rows.rows.find(({ id }) => id === hal.id)?.requests, 2);
  await json(alice.ask(`/api/quotas/${cap.id}`, { method: 'PUT', body: { version: cap.version + 7, limit: 9 } }), 409);
  await json(alice.ask(`/api/quotas/${cap.id}`, { method: 'PUT', body: { version: cap.version, limit: 9 } }), 200);
  assert.equal((await chat()).status, 200);
  await json(alice.ask(`/api/quotas/${cap.id}`, { method: 'DELETE' }), 204);
});
