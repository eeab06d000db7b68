import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { cookieOf, goodPassword, signIn } from '../../test/parts/signed-in.ts';
import { openTestGateway, type TestGateway } from '../../test/parts/test-gateway.ts';

let gateway: TestGateway;
before(async () => {
  gateway = await openTestGateway({ accounts: goodPassword, trustedProxies: ['127.0.0.1'] });
});
after(() => gateway.close());

const problem = async (reply: Response): Promise<{ code: string; detail: string; facts: Record<string, unknown> }> =>
  (await reply.json()) as never;

test('the first administrator ends the time of one person alone, once, and only from the machine itself', async () => {
  await using fresh = await openTestGateway({ accounts: true });
  type Session = { mode: string; canSetUp: boolean; who: { kind: string; rights: string[] } | null };
  const session = async (headers = {}): Promise<Session> =>
    (await fresh.ask('/api/session', { headers })).json() as Promise<Session>;
  const before = await session();
  assert.deepEqual([before.mode, before.canSetUp, before.who?.kind], ['single', true, 'owner']);
  assert.equal((await session({ 'x-forwarded-for': '203.0.113.9' })).canSetUp, false);
  const conversation = (await (await fresh.ask('/api/conversations', { body: {} })).json()) as { id: string };
  const body = { name: 'alice', password: goodPassword };
  const remote = await fresh.ask('/api/setup/administrator', { body, headers: { via: '1.1 proxy' } });
  assert.equal(remote.status, 403);
  assert.equal((await fresh.ask('/api/setup/administrator', { body: { ...body, password: 'short' } })).status, 422);
  const made = await fresh.ask('/api/setup/administrator', { body });
  assert.equal(made.status, 201);
  assert.equal((await fresh.ask('/api/setup/administrator', { body })).status, 409);
  assert.equal((await fresh.ask('/api/status')).status, 401, 'loopback alone is nobody now');
  const cookie = cookieOf(made);
  const after = await session({ cookie });
  assert.deepEqual([after.mode, after.canSetUp, after.who?.kind], ['accounts', false, 'person']);
  assert.ok(after.who?.rights.includes('admin.people'));
  const kept = await fresh.ask(`/api/conversations/${conversation.id}`, { headers: { cookie } });
  assert.equal(kept.status, 200, 'what the owner had is the administrator’s');
});

test('signing in gives a cookie that scripts and other sites cannot use, kept off plain HTTP where TLS was spoken', async () => {
  const body = { name: 'Alice', password: goodPassword };
  const plain = (await gateway.ask('/api/session', { body })).headers.get('set-cookie') ?? '';
  assert.match(plain, /^intramuros_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Expires=[^;]+GMT$/);
  const { host } = new URL(gateway.address);
  const tls = { 'x-forwarded-for': '203.0.113.9', 'x-forwarded-proto': 'https' };
  const byProxy = await gateway.ask('/api/session', { body, headers: tls });
  assert.match(byProxy.headers.get('set-cookie') ?? '', /; Secure$/);
  const byPage = await gateway.ask('/api/session', { body, headers: { origin: `https://${host}` } });
  assert.match(byPage.headers.get('set-cookie') ?? '', /; Secure$/);
});

test('a session that somebody planted before is not the one after signing in, and the old one ends', async () => {
  const first = await signIn(gateway);
  const planted = 'intramuros_session=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA';
  const body = { name: 'alice', password: goodPassword };
  const reply = await gateway.ask('/api/session', { body, headers: { cookie: planted } });
  assert.notEqual(cookieOf(reply), planted);
  assert.equal((await gateway.ask('/api/status', { headers: { cookie: planted } })).status, 401);
  const again = await first.ask('/api/session', { body });
  assert.equal((await first.ask('/api/status')).status, 401, 'the session of that browser was replaced');
  assert.equal((await gateway.ask('/api/status', { headers: { cookie: cookieOf(again) } })).status, 200);
});

test('signing out ends the session at once, for every copy of its cookie', async () => {
  const { ask } = await signIn(gateway);
  assert.equal((await ask('/api/status')).status, 200);
  const out = await ask('/api/session', { method: 'DELETE' });
  assert.equal(out.status, 204);
  assert.match(out.headers.get('set-cookie') ?? '', /^intramuros_session=; .*Max-Age=0/);
  assert.equal((await ask('/api/status')).status, 401);
  assert.equal((await gateway.ask('/api/session', { method: 'DELETE' })).status, 204);
});

test('a page of another site can neither sign in nor use a session', async () => {
  const { ask } = await signIn(gateway);
  for (const headers of [{ origin: 'https://evil.example' }, { origin: 'null' }, { 'sec-fetch-site': 'cross-site' }]) {
    const asked = await ask('/api/me/keys', { body: { name: 'stolen' }, headers });
    assert.equal((await problem(asked)).code, 'forbidden_origin');
    const body = { name: 'alice', password: goodPassword };
    assert.equal((await gateway.ask('/api/session', { body, headers })).status, 403);
  }
});

test('a wrong name and a wrong password are told in the same words, and neither text comes back', async () => {
  const of = async (name: string): Promise<object> => {
    const headers = { 'x-forwarded-for': '198.51.100.1' };
    const reply = await gateway.ask('/api/session', { body: { name, password: 'a wrong password' }, headers });
    const text = await reply.text();
    assert.equal(reply.status, 401);
    assert.doesNotMatch(text, /wrong password a|somebody-else|alice/);
    const { requestId: _, ...rest } = JSON.parse(text) as Record<string, unknown>;
    return rest;
  };
  assert.deepEqual(await of('somebody-else'), await of('alice'));
});

test('guessing is slowed down by name and by address, with the time to wait; x-forwarded-for of strangers does not help', async () => {
  await using strict = await openTestGateway({ accounts: goodPassword });
  const guess = (name: string, from: string): Promise<Response> =>
    strict.ask('/api/session', { body: { name, password: 'guess' }, headers: { 'x-forwarded-for': from } });
  let refused: Response | undefined;
  for (let n = 0; n < 30 && refused?.status !== 429; n += 1) refused = await guess(`name${n}`, `203.0.113.${n}`);
  assert.equal(refused?.status, 429, 'one address behind many claimed ones');
  assert.ok(Number(refused?.headers.get('retry-after')) >= 1);
  assert.equal((await problem(refused)).facts.reason, 'slow_down');
  for (let n = 0; n < 10; n += 1)
    refused = await gateway.ask('/api/session', {
      body: { name: 'bob', password: 'guess' },
      headers: { 'x-forwarded-for': `203.0.113.${n}` },
    });
  assert.equal(refused?.status, 429, 'one name from many addresses');
  await signIn(gateway);
});

test('the key of apiKeyFile is the owner’s without accounts and a plain member’s with them', async () => {
  await using house = await openTestGateway({ apiKey: 'sesame-open-the-door' });
  const headers = { authorization: 'Bearer sesame-open-the-door' };
  const who = async (): Promise<{ kind: string; name: string; rights: string[] }> =>
    ((await (await house.ask('/api/session', { headers })).json()) as { who: never }).who;
  assert.equal((await who()).kind, 'owner');
  await house.accounts?.setUp({ name: 'alice', password: goodPassword });
  const member = await who();
  assert.deepEqual(
    [member.name, member.rights.includes('api.use'), member.rights.includes('admin.people')],
    ['house', true, false],
  );
  const refused = await house.ask('/api/people', { headers });
  assert.equal(refused.status, 403);
  assert.deepEqual((await problem(refused)).facts, { right: 'admin.people' });
});

test('the console’s token is the owner’s on this machine alone, and its use beside accounts is told', async () => {
  let told = 0;
  const consoleToken = `imc_${'a'.repeat(43)}`;
  await using console = await openTestGateway({
    accounts: goodPassword,
    consoleToken,
    onConsole: () => {
      told += 1;
    },
  });
  const headers = { authorization: `Bearer ${consoleToken}` };
  assert.equal((await console.ask('/api/people', { headers })).status, 200);
  assert.equal(told, 1);
  assert.equal(
    (await console.ask('/api/people', { headers: { ...headers, 'x-forwarded-for': '127.0.0.1' } })).status,
    401,
  );
  assert.equal(
    (await console.ask('/api/people', { headers: { authorization: `Bearer imc_${'b'.repeat(43)}` } })).status,
    401,
  );
  assert.equal(told, 1);
});

test('refusals are counted by code and reason, without anybody’s name', async () => {
  const { ask } = await signIn(gateway);
  await gateway.ask('/api/people');
  await gateway.ask('/api/session', {
    body: { name: 'carol-unknown', password: 'nope' },
    headers: { 'x-forwarded-for': '198.51.100.7' },
  });
  const text = await (await ask('/metrics')).text();
  assert.match(text, /intramuros_refusals_total\{code="unauthorized",reason="missing"\} [1-9]/);
  assert.match(text, /intramuros_refusals_total\{code="sign_in_failed",reason="wrong"\} [1-9]/);
  assert.doesNotMatch(text, /carol|alice|198\.51/);
});

test('with accounts the server listens beyond this machine without a house key, and a stranger there is nobody', async () => {
  await using open = await openTestGateway({ accounts: goodPassword, host: '0.0.0.0' });
  assert.equal((await open.ask('/api/status')).status, 401);
  const { ask } = await signIn(open);
  assert.equal((await ask('/api/status')).status, 200);
});
