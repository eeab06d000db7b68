import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openTestGateway } from '../../test/parts/test-gateway.ts';
import { type Article30, controllerFields } from '../evidence/index.ts';

const root = join(import.meta.dirname, '..', '..');

test('the record of processing holds what the installation has, what the controller says, and measures that are there', async () => {
  await using gateway = await openTestGateway({ conversations: true });
  const read = async (): Promise<Article30> =>
    (await (await gateway.ask('/api/evidence/article-30')).json()) as Article30;
  const empty = await read();
  assert.deepEqual(Object.keys(empty.fields).sort(), [...controllerFields].sort());
  assert.equal(empty.changedAt, null);
  assert.equal(empty.recipients.length, 1, 'the engine inside is the only place');
  const fields = Object.fromEntries(controllerFields.map((name) => [name, `about ${name}`]));
  const put = await gateway.ask('/api/evidence/article-30', { method: 'PUT', body: fields });
  assert.equal(put.status, 200, await put.text());
  const { id } = (await (await gateway.ask('/api/conversations', { method: 'POST', body: {} })).json()) as {
    id: string;
  };
  const question = { kind: 'ask', parentId: null, content: 'Anything' };
  await (await gateway.ask(`/api/conversations/${id}/answers`, { body: question })).text();
  await gateway.audit.append({ kind: 'system', actor: 'system', data: { what: 'test.flush' } });
  const full = await read();
  assert.deepEqual(full.fields, fields);
  assert.ok(full.changedAt !== null && full.changedBy !== null);
  assert.equal(full.recipients[0]?.answers, 1);
  assert.deepEqual(full.labels, [{ level: 'INTERNE', answers: 1 }]);
  const messages = full.categories.find(({ title }) => title.en.startsWith('Questions'));
  assert.equal(messages?.count, 2);
  for (const { title, by } of full.security) {
    assert.ok(by.length > 0, title.en);
    for (const { kind, ref } of by) {
      if (kind === 'test' || kind === 'doc') assert.ok(existsSync(join(root, ref)), `${title.en}: ${ref}`);
    }
  }
  assert.equal(
    (await gateway.ask('/api/evidence/article-30', { method: 'PUT', body: { controller: 'x' } })).status,
    400,
  );
});
