import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openTestGateway, type TestGateway } from '../../test/parts/test-gateway.ts';

let gateway: TestGateway;
before(async () => {
  gateway = await openTestGateway({
    engine: { tokenMs: 8 },
    conversations: true,
    graceMs: 150,
    aliases: { 'gpt-*': 'echo' },
  });
});
after(() => gateway.close());

interface Frame {
  readonly id: number;
  readonly event: string;
  readonly data: {
    t: string;
    s?: string;
    why?: string;
    kind?: string;
    data?: { messageId?: string; userMessageId?: string; title?: string };
  };
}
interface Message {
  id: string;
  parentId?: string;
  role: string;
  content: string;
  status: string;
  runId?: string;
}

const parse = (text: string): Frame[] =>
  text
    .split('\n\n')
    .filter((part) => part.startsWith('id:'))
    .map((part) => {
      const match = /^id: (\d+)\nevent: (\w[\w-]*)\ndata: (.*)$/.exec(part);
      assert.ok(match, part);
      return { id: Number(match[1]), event: match[2] ?? '', data: JSON.parse(match[3] ?? '') };
    });
const said = (frames: readonly Frame[]): string =>
  frames
    .filter(({ event }) => event === 'text')
    .map(({ data }) => data.s)
    .join('');
const json = async <T>(path: string, options?: Parameters<TestGateway['ask']>[1]): Promise<T> =>
  (await gateway.ask(path, options)).json() as Promise<T>;
const newConversation = async (): Promise<string> =>
  (await json<{ id: string }>('/api/conversations', { body: {} })).id;
const answer = (id: string, body: object, signal?: AbortSignal): Promise<Response> =>
  gateway.ask(`/api/conversations/${id}/answers`, { body, ...(signal ? { signal } : {}) });
const question = (content: string, parentId: string | null = null): object => ({
  kind: 'ask',
  parentId,
  content,
  model: 'echo',
});
const tree = async (id: string): Promise<{ messages: Message[]; activeRuns: { runId: string; messageId: string }[] }> =>
  json(`/api/conversations/${id}/messages`);
const until = async <T>(look: () => Promise<T | undefined>): Promise<T> => {
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};

test('a question is stored, answered as a stream with offsets, and both are in the tree', async () => {
  const id = await newConversation();
  const reply = await answer(id, question('one two three'));
  assert.equal(reply.status, 200);
  assert.equal(reply.headers.get('content-type'), 'text/event-stream');
  const runId = reply.headers.get('x-intramuros-run') ?? '';
  const frames = parse(await reply.text());
  assert.deepEqual([frames[0]?.event, frames.at(-1)?.event], ['open', 'close']);
  for (const { event, data } of frames) assert.equal(event, data.t);
  for (const [at, frame] of frames.entries())
    if (at > 0) assert.ok(frame.id > (frames[at - 1]?.id ?? -1), 'offsets rise');
  assert.equal(said(frames), 'one two three');
  const stored = frames.find(({ data }) => data.kind === 'stored')?.data.data;
  const { messages, activeRuns } = await tree(id);
  assert.deepEqual(
    messages.map(({ role, content, status }) => [role, content, status]),
    [
      ['user', 'one two three', 'complete'],
      ['assistant', 'one two three', 'complete'],
    ],
  );
  assert.deepEqual(
    [stored?.userMessageId, stored?.messageId],
    messages.map((message) => message.id),
  );
  assert.deepEqual(activeRuns, []);
  const receipt = await json<{ state: string; why: string; steps: { name: string }[]; conversationId: string }>(
    `/api/runs/${runId}`,
  );
  assert.deepEqual([receipt.state, receipt.why, receipt.conversationId], ['closed', 'stop', id]);
  assert.ok(receipt.steps.some(({ name }) => name === 'generate'));
});

test('a reader that left comes back at its offset and has every word once', async () => {
  const id = await newConversation();
  const leave = new AbortController();
  const text = Array.from({ length: 30 }, (_, at) => `w${at}`).join(' ');
  const reply = await answer(id, question(text), leave.signal);
  const runId = reply.headers.get('x-intramuros-run') ?? '';
  const reader = reply.body?.pipeThrough(new TextDecoderStream()).getReader();
  let before = '';
  while (parse(before.slice(0, before.lastIndexOf('\n\n') + 2)).filter(({ event }) => event === 'text').length < 3)
    before += (await reader?.read())?.value ?? '';
  const seen = parse(before.slice(0, before.lastIndexOf('\n\n') + 2));
  await reader?.cancel();
  leave.abort();
  const { activeRuns } = await tree(id);
  assert.deepEqual(
    activeRuns.map((run) => run.runId),
    [runId],
  );
  const rest = await gateway.ask(`/api/runs/${runId}/events?from=${(seen.at(-1)?.id ?? 0) + 1}`);
  const frames = [...seen, ...parse(await rest.text())];
  assert.equal(said(frames), text);
  assert.equal(frames.filter(({ event }) => event === 'close').length, 1);
});

test('a run that nobody comes back to is stopped after the grace, and what was said is kept', async () => {
  const id = await newConversation();
  const leave = new AbortController();
  const reply = await answer(id, question('word '.repeat(400).trim()), leave.signal);
  leave.abort();
  const runId = reply.headers.get('x-intramuros-run') ?? '';
  const receipt = await until(async () => {
    const found = await json<{ state: string; why: string }>(`/api/runs/${runId}`);
    return found.state === 'closed' ? found : undefined;
  });
  assert.equal(receipt.why, 'cancelled');
  const { messages } = await tree(id);
  assert.equal(messages[1]?.status, 'stopped');
  assert.ok((messages[1]?.content.length ?? 0) > 0 && (messages[1]?.content.length ?? 0) < 2000);
  assert.equal(gateway.engine.list()[0]?.activeRequests, 0);
});

test('DELETE stops a run at once, and its reader gets the close', async () => {
  const id = await newConversation();
  const reply = await answer(id, question('word '.repeat(400).trim()));
  const runId = reply.headers.get('x-intramuros-run') ?? '';
  assert.equal((await gateway.ask(`/api/runs/${runId}`, { method: 'DELETE' })).status, 202);
  const frames = parse(await reply.text());
  assert.equal(frames.at(-1)?.data.why, 'cancelled');
  assert.equal((await tree(id)).messages[1]?.status, 'stopped');
});

test('regenerating makes a sibling, editing too, and a stopped answer goes on in its own message', async () => {
  const id = await newConversation();
  await (await answer(id, question('first question'))).text();
  const [asked, answered] = (await tree(id)).messages;
  await (await answer(id, { kind: 'regenerate', messageId: asked?.id })).text();
  await (await answer(id, question('edited question'))).text();
  let { messages } = await tree(id);
  assert.equal(messages.filter(({ parentId }) => parentId === asked?.id).length, 2);
  assert.equal(messages.filter(({ parentId }) => parentId === undefined).length, 2);
  await (await answer(id, { ...question('a b c d e f', answered?.id), sampling: { maxTokens: 2 } })).text();
  messages = (await tree(id)).messages;
  const cut = messages.at(-1);
  assert.equal(cut?.content, 'a b');
  await (await answer(id, { kind: 'continue', messageId: cut?.id })).text();
  messages = (await tree(id)).messages;
  assert.equal(messages.at(-1)?.content, 'a b c d e f');
  assert.equal(messages.at(-1)?.id, cut?.id);
});

test('what cannot begin answers with its own status and stores nothing', async () => {
  const id = await newConversation();
  const refused = async (body: object, at = id): Promise<string> => {
    const reply = await answer(at, body);
    assert.match(reply.headers.get('content-type') ?? '', /problem\+json/);
    return `${reply.status} ${((await reply.json()) as { code: string }).code}`;
  };
  assert.equal(await refused(question('x'), 'conv_none'), '404 conversation_not_found');
  assert.equal(await refused({ ...question('x'), model: 'none' }), '409 model_not_found');
  assert.equal(await refused({ ...question('x'), model: 'vectors' }), '403 model_unusable');
  assert.equal(await refused(question('x', 'msg_none')), '409 message_not_found');
  assert.equal(
    await refused({ kind: 'ask', parentId: null, content: 'x', sampling: { temprature: 1 } }),
    '400 invalid_request',
  );
  assert.equal(await refused({ kind: 'shout' }), '400 invalid_request');
  assert.deepEqual((await tree(id)).messages, []);
  const forgotten = `run_${'0'.repeat(26)}`;
  assert.equal((await gateway.ask('/api/runs/never')).status, 404);
  for (const path of [`/api/runs/${forgotten}`, `/api/runs/${forgotten}/events`])
    assert.equal((await gateway.ask(path)).status, 410);
});

test('an alias answers in conversations too', async () => {
  const id = await newConversation();
  const frames = parse(await (await answer(id, { ...question('hello'), model: 'gpt-6' })).text());
  assert.equal(said(frames), 'hello');
});

test('conversations are renamed, searched, exported and deleted, also in mid-answer', async () => {
  const id = await newConversation();
  await (await answer(id, question('la forêt profonde'))).text();
  const renamed = await json<{ title: string; titleOrigin: string }>(`/api/conversations/${id}`, {
    method: 'PATCH',
    body: { title: 'Promenade' },
  });
  assert.deepEqual([renamed.title, renamed.titleOrigin], ['Promenade', 'person']);
  const found = await json<{ conversations: { id: string; snippet?: string }[] }>('/api/conversations?q=foret');
  assert.deepEqual(
    found.conversations.map((one) => one.id),
    [id],
  );
  const exported = await gateway.ask(`/api/conversations/${id}/export?format=markdown`, {
    headers: { 'accept-language': 'fr' },
  });
  assert.match(exported.headers.get('content-disposition') ?? '', /attachment; filename="conv_.*\.md"/);
  assert.match(await exported.text(), /# Promenade[\s\S]*Réponse/);
  const stream = await answer(id, question('word '.repeat(300).trim(), (await tree(id)).messages[1]?.id ?? null));
  assert.equal((await gateway.ask(`/api/conversations/${id}`, { method: 'DELETE' })).status, 204);
  assert.equal(parse(await stream.text()).at(-1)?.event, 'close');
  assert.equal((await gateway.ask(`/api/conversations/${id}`)).status, 404);
});

test('a native stream comes as JSON lines to who accepts those', async () => {
  const id = await newConversation();
  const reply = await gateway.ask(`/api/conversations/${id}/answers`, {
    body: question('one two'),
    headers: { accept: 'application/x-ndjson' },
  });
  assert.equal(reply.headers.get('content-type'), 'application/x-ndjson');
  const lines = (await reply.text())
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { event: string });
  assert.deepEqual([lines[0]?.event, lines.at(-1)?.event], ['open', 'close']);
});

test('the steps of the answer path are in the metrics', async () => {
  const text = await (await gateway.ask('/metrics')).text();
  for (const step of ['resolve-model', 'store-question', 'generate'])
    assert.match(text, new RegExp(`intramuros_answer_step_duration_seconds_count\\{step="${step}"\\} \\d`));
});
