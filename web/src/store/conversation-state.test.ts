import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Message } from '../api/wire.ts';
import {
  emptyConversation,
  settleRun,
  withIds,
  withNode,
  withoutMessage,
  withRun,
  withServerMessages,
} from './conversation-state.ts';
import { newRun } from './live-run.ts';
import { childrenByParent, leafUnder, pathTo, siblingsOf } from './tree.ts';

const message = (id: string, parentId: string | null, role: 'user' | 'assistant', rest: Partial<Message> = {}) =>
  ({
    id,
    parentId,
    role,
    conversationId: 'c',
    content: id,
    status: 'complete',
    createdAt: '2026-01-01',
    ...rest,
  }) as Message;
const tree = [
  message('q1', null, 'user'),
  message('a1', 'q1', 'assistant'),
  message('a1b', 'q1', 'assistant'),
  message('q2', 'a1', 'user'),
  message('a2', 'q2', 'assistant'),
  message('q2b', 'a1', 'user'),
];
const state = withServerMessages(emptyConversation('c'), tree, [], 'a2');
const ids = (nodes: readonly { id: string }[]) => nodes.map(({ id }) => id);

test('the path is the branch in view, and siblings are the versions of one message', () => {
  assert.deepEqual(ids(pathTo(state.nodes, state.leafId)), ['q1', 'a1', 'q2', 'a2']);
  const children = childrenByParent(state.nodes);
  assert.deepEqual(ids(siblingsOf(children, state.nodes.get('a1')!)), ['a1', 'a1b']);
  assert.deepEqual(ids(siblingsOf(children, state.nodes.get('q2')!)), ['q2', 'q2b']);
});

test('switching to a branch lands on its newest leaf', () => {
  assert.equal(leafUnder(state.nodes, 'a1'), 'q2b');
  assert.equal(leafUnder(state.nodes, 'q2'), 'a2');
  assert.equal(leafUnder(state.nodes, 'a1b'), 'a1b');
});

test('the ids that the server gives change no key, order or parent', () => {
  const question = { ...message('local:1', 'a2', 'user'), key: 'local:1' };
  const answer = { ...message('local:2', 'local:1', 'assistant'), key: 'local:2' };
  let now = withRun(withNode(withNode(state, question), answer), 'local:2', newRun());
  now = withIds(
    { ...now, leafId: 'local:2' },
    new Map([
      ['local:1', 'q3'],
      ['local:2', 'a3'],
    ]),
  );
  assert.deepEqual(ids(pathTo(now.nodes, now.leafId)), ['q1', 'a1', 'q2', 'a2', 'q3', 'a3']);
  assert.equal(now.nodes.get('a3')?.key, 'local:2');
  assert.ok(now.live.has('a3'));
});

test('a continued answer keeps what it had, then grows', () => {
  const cut = withServerMessages(
    emptyConversation('c'),
    [message('q', null, 'user'), message('a', 'q', 'assistant', { content: 'Il était', endedBy: 'length' })],
    [],
    'a',
  );
  const run = { ...newRun({ base: 'Il était' }), text: ' une fois', why: 'stop', phase: { kind: 'closed' as const } };
  const settled = settleRun(withRun(cut, 'a', run), 'a').nodes.get('a');
  assert.equal(settled?.content, 'Il était une fois');
  assert.equal(settled?.status, 'complete');
  assert.equal(settled?.endedBy, 'stop');
});

test('a failed run says so, and keeps its text', () => {
  const run = { ...newRun(), text: 'à moitié', why: 'failed', error: { code: 'engine_crashed', message: 'x' } };
  const node = settleRun(withRun(state, 'a2', run), 'a2').nodes.get('a2');
  assert.equal(node?.status, 'failed');
  assert.equal(node?.content, 'à moitié');
  assert.equal(node?.error?.code, 'engine_crashed');
});

test('provenance is claimed only for a run that says it was local', () => {
  const run = { ...newRun(), why: 'failed', model: 'm', site: undefined };
  assert.equal(settleRun(withRun(state, 'a2', run), 'a2').nodes.get('a2')?.provenance, null);
});

test('deleting a message takes what follows and looks at its parent', () => {
  const now = withoutMessage(state, 'q2');
  assert.deepEqual([...now.nodes.keys()], ['q1', 'a1', 'a1b', 'q2b']);
  assert.equal(now.leafId, 'a1');
});

test('reading the conversation again keeps the keys and the branch in view', () => {
  const again = withServerMessages({ ...state, leafId: 'a1b' }, tree, [{ runId: 'r', messageId: 'a2' }], 'q2b');
  assert.equal(again.leafId, 'a1b');
  assert.equal(again.live.get('a2')?.runId, 'r');
  assert.equal(again.live.get('a2')?.base, '');
});
