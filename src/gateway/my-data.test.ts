import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTestGateway, type TestGateway } from '../../test/parts/test-gateway.ts';
import type { ErasureReceipt, Held } from '../evidence/index.ts';

interface Person {
  readonly headers: { readonly cookie: string };
  readonly name: string;
}

async function signIn(gateway: TestGateway, name: string): Promise<Person> {
  const password = 'correct horse battery';
  const { accounts } = gateway;
  assert.ok(accounts);
  const signed =
    accounts.mode === 'single'
      ? await accounts.setUp({ name, password })
      : await (async () => {
          const owner = await accounts.sessions.signIn({ name: 'ada', password });
          await accounts.people.create(owner.who, { name, password, roles: ['member'] });
          return accounts.sessions.signIn({ name, password });
        })();
  return { name, headers: { cookie: `intramuros_session=${signed.token}` } };
}

async function json<T>(
  gateway: TestGateway,
  path: string,
  { headers }: Person,
  body?: unknown,
  status = 200,
): Promise<T> {
  const answer = await gateway.ask(path, { headers, ...(body === undefined ? {} : { method: 'POST', body }) });
  const text = await answer.text();
  assert.equal(answer.status, status, `${path}: ${text}`);
  return JSON.parse(text) as T;
}

async function talk(gateway: TestGateway, person: Person, content: string): Promise<string> {
  const { id } = await json<{ id: string }>(gateway, '/api/conversations', person, {}, 201);
  const asked = { headers: person.headers, body: { kind: 'ask', parentId: null, content } };
  await (await gateway.ask(`/api/conversations/${id}/answers`, asked)).text();
  return id;
}

const heldBy = (gateway: TestGateway, person: Person) => json<Held>(gateway, '/api/me/held', person);

test('a person sees and takes out all that is held of them, and nothing of others', async () => {
  await using gateway = await openTestGateway({ conversations: true, accounts: true });
  const ada = await signIn(gateway, 'ada');
  const eve = await signIn(gateway, 'eve');
  await talk(gateway, ada, 'My cat is called Moustache');
  await talk(gateway, eve, 'My dog is called Filou');
  await gateway.audit.checkpoint();
  const held = await heldBy(gateway, ada);
  assert.deepEqual([held.conversations, held.messages, held.sessions >= 1], [1, 2, true]);
  assert.equal(held.models.length, 1);
  assert.equal(held.models[0]?.answers, 1);
  assert.ok(held.auditRecords > 0);
  const file = await gateway.ask('/api/me/export', { headers: ada.headers });
  assert.match(file.headers.get('content-disposition') ?? '', /attachment/);
  const text = await file.text();
  const all = JSON.parse(text) as { format: string; conversations: unknown[]; records: { actor: string }[] };
  assert.equal(all.format, 'intramuros.person');
  assert.equal(all.conversations.length, 1);
  assert.match(text, /Moustache/);
  assert.doesNotMatch(text, /Filou/);
  assert.ok(all.records.some(({ actor }) => actor !== 'system'));
});

test('erasure takes all away for good, is proven, and asked twice does no harm', async () => {
  await using gateway = await openTestGateway({ conversations: true, accounts: true });
  const ada = await signIn(gateway, 'ada');
  const eve = await signIn(gateway, 'eve');
  const hers = await talk(gateway, eve, 'Still here');
  await talk(gateway, ada, 'To be forgotten');
  await json(gateway, '/api/me/erase', ada, { confirm: 'adam' }, 409);
  assert.equal((await heldBy(gateway, ada)).conversations, 1, 'a wrong name erases nothing');
  const { receipt } = await json<{ receipt: ErasureReceipt }>(gateway, '/api/me/erase', ada, { confirm: 'ada' });
  assert.deepEqual(receipt.erased, { conversations: 1, messages: 2 });
  assert.ok(receipt.destroyedKeys >= 1);
  const record = JSON.parse(receipt.record.line) as { kind: string; data: { what: string } };
  assert.deepEqual([record.kind, record.data.what], ['erasure', 'person.erased']);
  assert.deepEqual((await heldBy(gateway, ada)).conversations, 0);
  const again = await json<{ receipt: ErasureReceipt }>(gateway, '/api/me/erase', ada, { confirm: 'ada' });
  assert.deepEqual(again.receipt.erased, { conversations: 0, messages: 0 });
  await talk(gateway, ada, 'A new beginning');
  assert.equal((await heldBy(gateway, ada)).messages, 2, 'whoever erased all goes on');
  await json(gateway, `/api/conversations/${hers}/messages`, eve);
  const report = await json<{ ok: boolean; problems: unknown[] }>(gateway, '/api/audit/verify', ada, {});
  assert.equal(report.ok, true, JSON.stringify(report.problems));
});

test('one conversation is erased with a receipt; another person’s is not found; a key may not erase a person', async () => {
  await using gateway = await openTestGateway({ conversations: true, accounts: true });
  const ada = await signIn(gateway, 'ada');
  const eve = await signIn(gateway, 'eve');
  const first = await talk(gateway, ada, 'One');
  const second = await talk(gateway, ada, 'Two');
  await json(gateway, `/api/conversations/${first}/erase`, eve, {}, 404);
  const { receipt } = await json<{ receipt: ErasureReceipt }>(gateway, `/api/conversations/${first}/erase`, ada, {});
  assert.deepEqual([receipt.subject, receipt.erased], [first, { conversations: 1, messages: 2 }]);
  await json(gateway, `/api/conversations/${first}/erase`, ada, {}, 404);
  await json(gateway, `/api/conversations/${second}/messages`, ada);
  const { key } = await json<{ key: string }>(gateway, '/api/me/keys', ada, { name: 'script' }, 201);
  for (const path of ['/api/me/export', '/api/me/erase']) {
    const body = path.endsWith('erase') ? { method: 'POST', body: { confirm: 'ada' } } : {};
    const answer = await gateway.ask(path, { headers: { authorization: `Bearer ${key}` }, ...body });
    assert.equal(answer.status, 403, path);
  }
});

test('erasure in the middle of an answer stops it, and nothing of it comes back', async () => {
  await using gateway = await openTestGateway({ conversations: true, accounts: true, engine: { tokenMs: 20 } });
  const ada = await signIn(gateway, 'ada');
  const { id } = await json<{ id: string }>(gateway, '/api/conversations', ada, {}, 201);
  const answer = await gateway.ask(`/api/conversations/${id}/answers`, {
    headers: ada.headers,
    body: { kind: 'ask', parentId: null, content: 'endless words '.repeat(400) },
  });
  const reading = answer.text();
  const { receipt } = await json<{ receipt: ErasureReceipt }>(gateway, '/api/me/erase', ada, { confirm: 'ada' });
  assert.equal(receipt.erased.conversations, 1);
  await reading.catch(() => 'it was cut');
  assert.equal((await heldBy(gateway, ada)).messages, 0);
});
