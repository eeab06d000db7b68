import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { settingsSchema, silentLog, systemClock } from '../src/base/index.ts';
import { type Conversations, openConversations } from '../src/conversations/index.ts';
import { type Engine, openEngine } from '../src/engine/index.ts';
import { type Answers, type Event, noUpstreams, openAnswers, openRuns } from '../src/flows/index.ts';
import { freshPlace } from './parts/databases.ts';
import { openTestKeyring } from './parts/keyring.ts';
import { noCaps, person } from './parts/people.ts';
import { embeddedPlace } from './parts/places.ts';
import { openStarterLibrary } from './parts/starter-library.ts';
import { openTestGate } from './parts/test-gate.ts';

/** The answer path on real parts: database, engine process, model. */
let engine: Engine;
let conversations: Conversations;
let answers: Answers;
const cleanUps: (() => unknown)[] = [];

before(async () => {
  const place = await freshPlace({ after: (hook: () => void) => cleanUps.push(hook) } as never);
  const database = await place.open();
  const starter = await openStarterLibrary(['starter']);
  const library = { ...starter, list: async () => [await starter.get('starter')] };
  const log = silentLog();
  engine = openEngine({
    library: library as never,
    settings: settingsSchema.parse({ threads: 1, contextTokens: 2048 }),
    log,
    clock: systemClock,
  });
  const room = await openConversations({ database, keyring: await openTestKeyring(database, place.home), log });
  conversations = room.of('me');
  const { gate, ...decided } = openTestGate();
  answers = openAnswers({
    engine,
    library,
    conversations: room,
    gate,
    quotas: noCaps,
    upstreams: noUpstreams,
    embedded: () => embeddedPlace,
    bytesOf: () => ({ sentBytes: 0, receivedBytes: 0 }),
    log,
  });
  cleanUps.unshift(
    () => engine.close(),
    () => database.close(),
    () => decided[Symbol.asyncDispose](),
  );
});
after(async () => {
  for (const cleanUp of cleanUps) await cleanUp();
});

const caller = { who: person('me') };
const ask = (conversationId: string, content: string, parentId?: string) =>
  ({
    caller,
    model: 'starter',
    sampling: { temperature: 0 },
    maxTokens: 24,
    input: { kind: 'conversation', target: { kind: 'ask', conversationId, parentId, content } },
  }) as const;

test('a second question of a conversation computes only what is new, and both answers are kept', async () => {
  const { id } = await conversations.create();
  const first = await answers.answer(ask(id, 'What is the capital of France? Answer in one sentence.')).result();
  assert.equal(first.error, undefined);
  assert.match(first.text, /Paris/);
  assert.ok(first.use.promptTokens > 10 && first.use.completionTokens > 3);
  const leaf = (await conversations.get(id)).activeLeafId;
  const second = await answers.answer(ask(id, 'And of Italy?', leaf)).result();
  assert.equal(second.error, undefined);
  assert.ok(
    second.use.cachedPromptTokens >= first.use.promptTokens,
    `${second.use.cachedPromptTokens} of ${second.use.promptTokens} prompt tokens were cached`,
  );
  const tree = await conversations.messages(id);
  assert.deepEqual(
    tree.map(({ role, status }) => [role, status]),
    [
      ['user', 'complete'],
      ['assistant', 'complete'],
      ['user', 'complete'],
      ['assistant', 'complete'],
    ],
  );
  assert.equal(tree[1]?.content, first.text);
  assert.equal(tree[3]?.provenance?.quantization, 'Q4_1');
});

test('stopping a run stops the engine within its step, and keeps what was said', async () => {
  await using room = openRuns({ answers, log: silentLog(), graceMs: 15_000 });
  const runs = room.of('me');
  const { id } = await conversations.create();
  const run = runs.start({ ...ask(id, 'Tell me a very long story about a lighthouse.'), maxTokens: 1_000 });
  let said = '';
  let last: Event | undefined;
  for await (const { event } of runs.attach(run)) {
    if (event.t === 'text') said += event.s;
    if (said.length > 20) runs.stop(run);
    last = event;
  }
  assert.equal(last?.t === 'close' && last.why, 'cancelled');
  const answer = (await conversations.messages(id)).at(-1);
  assert.equal(answer?.status, 'stopped');
  assert.equal(answer?.content, said);
  assert.equal(answer?.runId, run);
  const idleBy = performance.now() + 2_000;
  const busy = () => engine.list().some(({ activeRequests }) => activeRequests > 0);
  while (busy() && performance.now() < idleBy) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(busy(), false);
});
