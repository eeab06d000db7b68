import assert from 'node:assert/strict';
import { test } from 'node:test';
import { goodPassword, signIn } from '../../test/parts/signed-in.ts';
import { openTestGateway } from '../../test/parts/test-gateway.ts';

const words = 'one two three four five six';

test('an answer of the page ends at the usual length, one that names its length there; other clients’ do not', async () => {
  await using gateway = await openTestGateway({ accounts: goodPassword, conversations: true, answerTokens: 3 });
  const alice = await signIn(gateway);
  const created = await alice.ask('/api/conversations', { body: {} });
  const { id } = (await created.json()) as { id: string };
  const answered = async (body: object): Promise<{ content: string; endedBy?: string; id: string }> => {
    const reply = await alice.ask(`/api/conversations/${id}/answers`, { body });
    assert.match(await reply.text(), /event: close/);
    const tree = (await (await alice.ask(`/api/conversations/${id}/messages`)).json()) as {
      messages: { role: string; content: string; endedBy?: string; id: string }[];
    };
    const last = tree.messages.findLast(({ role }) => role === 'assistant');
    assert.ok(last);
    return last;
  };
  const ask = { kind: 'ask', parentId: null, content: words, model: 'echo' };
  const usual = await answered(ask);
  assert.deepEqual([usual.content, usual.endedBy], ['one two three', 'length']);
  const more = await answered({ kind: 'continue', messageId: usual.id });
  assert.ok(more.content.startsWith('one two three') && more.content.length > usual.content.length, more.content);
  assert.equal((await answered({ ...ask, sampling: { maxTokens: 5 } })).content, 'one two three four five');
  const api = await alice.ask('/v1/chat/completions', {
    body: { model: 'echo', messages: [{ role: 'user', content: words }] },
  });
  const { choices } = (await api.json()) as { choices: { message: { content: string } }[] };
  assert.equal(choices[0]?.message.content, words);

  const { who } = (await (await alice.ask('/api/session')).json()) as { who: { id: string } };
  const cap = { subject: { kind: 'person', id: who.id }, unit: 'tokens', period: 'minute', limit: 17 };
  assert.equal((await alice.ask('/api/quotas', { body: cap })).status, 201);
  const left = await answered({ ...ask, content: 'seven eight nine ten' });
  assert.equal(left.content, 'seven eight', 'what a quota leaves is not refused for the usual length');
});
