import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { openTestGateway, type TestGateway } from '../../test/parts/test-gateway.ts';
import type { Receipt } from '../evidence/index.ts';

interface Report {
  readonly ok: boolean;
  readonly problems: readonly { readonly code: string }[];
}
/** The file that strangers verify with. */
const { verifyReceipt } = (await import(
  pathToFileURL(join(import.meta.dirname, '..', '..', 'tools', 'verify-log.mjs')).href
)) as { verifyReceipt(receipt: unknown, options?: { readonly key?: string }): Report };

interface Asked {
  readonly conversation: string;
  readonly answer: { readonly id: string; readonly content: string };
  readonly question: { readonly id: string };
}

async function ask(gateway: TestGateway, content: string, conversation?: string): Promise<Asked> {
  const made =
    conversation ??
    ((await (await gateway.ask('/api/conversations', { method: 'POST', body: {} })).json()) as { id: string }).id;
  const before = await messagesOf(gateway, made);
  const parentId = before.at(-1)?.id ?? null;
  await (await gateway.ask(`/api/conversations/${made}/answers`, { body: { kind: 'ask', parentId, content } })).text();
  const [question, answer] = (await messagesOf(gateway, made)).slice(-2);
  assert.ok(question && answer);
  return { conversation: made, question, answer };
}

async function messagesOf(gateway: TestGateway, id: string): Promise<{ id: string; content: string }[]> {
  const { messages } = (await (await gateway.ask(`/api/conversations/${id}/messages`)).json()) as {
    messages: { id: string; content: string }[];
  };
  return messages;
}

async function receiptOf(gateway: TestGateway, id: string): Promise<Receipt> {
  const answer = await gateway.ask(`/api/messages/${id}/receipt`);
  const text = await answer.text();
  assert.equal(answer.status, 200, text);
  return JSON.parse(text) as Receipt;
}

test('an answer has a receipt that a stranger verifies, and that opens what was asked and answered', async () => {
  await using gateway = await openTestGateway({ conversations: true });
  const first = await ask(gateway, 'What is the capital of Finistère?');
  const { answer } = await ask(gateway, 'And of Morbihan?', first.conversation);
  const receipt = await receiptOf(gateway, answer.id);
  const report = verifyReceipt(receipt, { key: gateway.audit.publicKey });
  assert.deepEqual(report.problems, []);
  assert.equal(report.ok, true);
  assert.equal(receipt.records.length, 2);
  assert.equal(receipt.opening.answer?.text, answer.content);
  assert.match(receipt.opening.prompt?.text ?? '', /Finistère.*Morbihan/s, 'all that the model saw');
  const [decision, outcome] = receipt.records.map(({ line }) => JSON.parse(line).data);
  assert.equal(decision.id, receipt.decisionId);
  assert.equal(outcome.decisionId, receipt.decisionId);
  assert.equal(outcome.model, receipt.facts.model);
  assert.match(String(receipt.facts.machine), /^mach_[0-9a-f]{24}$/);
  assert.match(String(receipt.facts.policyVersion), /^[0-9a-f]{64}$/);
  const lines = JSON.stringify(receipt.records);
  assert.doesNotMatch(lines, /Finist|Morbihan/, 'the log holds no content');
  const bare = createHash('sha256').update(answer.content).digest('hex');
  assert.ok(!lines.includes(bare), 'nor a hash that a guess would find');
});

test('a receipt in which anything was changed does not verify', async () => {
  await using gateway = await openTestGateway({ conversations: true });
  const { answer } = await ask(gateway, 'Tell me');
  const receipt = await receiptOf(gateway, answer.id);
  const spoiled: readonly [string, unknown][] = [
    [
      'another answer',
      { ...receipt, opening: { ...receipt.opening, answer: { ...receipt.opening.answer, text: 'No.' } } },
    ],
    [
      'another question',
      { ...receipt, opening: { ...receipt.opening, prompt: { ...receipt.opening.prompt, text: '[]' } } },
    ],
    [
      'another model',
      { ...receipt, records: receipt.records.map((one) => ({ ...one, line: one.line.replace('"echo"', '"gpt"') })) },
    ],
    ['another path', { ...receipt, records: receipt.records.map((one) => ({ ...one, path: one.path.slice(1) })) }],
    ['no record', { ...receipt, records: [] }],
  ];
  for (const [what, changed] of spoiled) assert.equal(verifyReceipt(changed).ok, false, what);
});

test('an answer that goes on, one that was edited away, and a question: what each receipt says', async () => {
  await using gateway = await openTestGateway({ conversations: true });
  const { conversation, question, answer } = await ask(gateway, 'Count to ten');
  assert.equal((await gateway.ask(`/api/messages/${question.id}/receipt`)).status, 404, 'a question went nowhere');
  const asked = { body: { kind: 'continue', messageId: answer.id } };
  await (await gateway.ask(`/api/conversations/${conversation}/answers`, asked)).text();
  const longer = (await messagesOf(gateway, conversation)).at(-1);
  const receipt = await receiptOf(gateway, answer.id);
  assert.equal(receipt.opening.answer?.text, longer?.content, 'an answer that went on is committed to as a whole');
  assert.deepEqual(verifyReceipt(receipt).problems, []);
  await gateway.ask(`/api/conversations/${conversation}`, { method: 'DELETE' });
  assert.equal((await gateway.ask(`/api/messages/${answer.id}/receipt`)).status, 404);
  assert.equal((await gateway.ask('/api/messages/msg_none/receipt')).status, 404);
});
