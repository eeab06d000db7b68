import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTestGateway } from '../../test/parts/test-gateway.ts';
import type { SignedIn } from '../identity/index.ts';

const password = 'correct horse battery';

test('two administrators read a person’s conversation together; one alone, a member or a key never does', async () => {
  await using gateway = await openTestGateway({ conversations: true, accounts: true });
  const { accounts } = gateway;
  assert.ok(accounts);
  const ada = await accounts.setUp({ name: 'ada', password });
  for (const [name, role] of [
    ['grace', 'administrator'],
    ['mary', 'member'],
  ] as const) {
    await accounts.people.create(ada.who, { name, password, roles: [role] });
  }
  const grace = await accounts.sessions.signIn({ name: 'grace', password });
  const mary = await accounts.sessions.signIn({ name: 'mary', password });
  const ask = async (who: SignedIn, path: string, body?: object) => {
    const headers = { cookie: `intramuros_session=${who.token}` };
    const reply = await gateway.ask(path, { headers, ...(body && { method: 'POST', body }) });
    return { status: reply.status, json: (await reply.json()) as Record<string, unknown> };
  };
  const { json: made } = await ask(mary, '/api/conversations', { title: 'Ce que je pense' });
  const wanted = { kind: 'break-glass', conversationId: made.id, reason: 'A threat was reported.' };
  assert.equal((await ask(mary, '/api/proposals', wanted)).status, 403);
  const proposed = await ask(ada, '/api/proposals', wanted);
  assert.equal(proposed.status, 201);
  const reading = `/api/break-glass/${proposed.json.id}`;
  assert.equal((await ask(ada, reading)).status, 403, 'not before somebody else agreed');
  assert.equal((await ask(ada, `/api/proposals/${proposed.json.id}/approve`, {})).status, 403, 'nor by oneself');
  assert.equal((await ask(grace, `/api/proposals/${proposed.json.id}/approve`, {})).status, 200);
  const read = await ask(ada, reading);
  assert.equal(read.status, 200);
  assert.equal((read.json.conversation as { title: string }).title, 'Ce que je pense');
  assert.equal((await ask(mary, reading)).status, 403);
  const told = await gateway.rooms.governance.proposals.readsOf(mary.who.personId);
  assert.deepEqual(told.map(({ what, by }) => [what, by]).sort(), [
    ['approved', grace.who.personId],
    ['read', ada.who.personId],
  ]);
  const held = (await ask(mary, '/api/me/held')).json as { reads: { what: string; by: string; reason: string }[] };
  assert.deepEqual(
    held.reads.map(({ what, by, reason }) => [what, by, reason]).sort(),
    told.map(({ what, by, reason }) => [what, by, reason]).sort(),
    'she sees it among what is held of her',
  );
  const { key } = await accounts.keys.create(ada.who, ada.who.personId, { name: 'script' });
  const byKey = await gateway.ask(reading, { headers: { authorization: `Bearer ${key}` } });
  assert.equal(byKey.status, 403);
});
