import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type DatabasePlace, freshPlace } from '../../../test/parts/databases.ts';
import { type EchoEngine, openEchoEngine } from '../../../test/parts/echo-engine.ts';
import { openTestKeyring } from '../../../test/parts/keyring.ts';
import { noCaps, person } from '../../../test/parts/people.ts';
import { embeddedPlace } from '../../../test/parts/places.ts';
import { openTestGate } from '../../../test/parts/test-gate.ts';
import { IntramurosError, silentLog } from '../../base/index.ts';
import {
  type AnswerTarget,
  type ConversationRoom,
  type Conversations,
  openConversations,
} from '../../conversations/index.ts';
import type { Engine } from '../../engine/index.ts';
import type { InstalledModel } from '../../models/index.ts';
import type { Database } from '../../store/index.ts';
import type { Event } from '../event.ts';
import { Scope } from '../scope.ts';
import { openAnswers } from './answers.ts';
import { noUpstreams } from './no-upstreams.ts';
import type { Answers, AnswersOptions, Turn } from './types.ts';

const echo: InstalledModel = {
  id: 'echo',
  title: 'Echo',
  files: ['echo'],
  sizeBytes: 1,
  sha256: undefined,
  architecture: 'echo',
  family: undefined,
  parameterCount: 1,
  quantization: 'F16',
  bitsPerWeight: 16,
  contextTokens: 4096,
  embeddingLength: 64,
  chatTemplate: undefined,
  capabilities: ['chat', 'completion', 'embedding'],
  licence: undefined,
  languages: [],
  origin: { kind: 'file', detail: 'echo' },
  tuned: undefined,
  installedAt: '2026-01-01T00:00:00.000Z',
};

/** The models of a test: the echo and one that only embeds. */
const library = {
  list: async () => [echo],
  get: async (id: string) => {
    if (id === 'echo') return echo;
    if (id === 'embedder') return { ...echo, id, capabilities: ['embedding'] as const };
    throw new IntramurosError('model_not_found', `Model "${id}" is not installed.`);
  },
};

const caller = { who: person('me') };
const chat = (content: string, more: Partial<Turn> = {}): Turn => ({
  caller,
  model: 'echo',
  input: { kind: 'chat', messages: [{ role: 'user', content }] },
  ...more,
});
const into = (target: AnswerTarget, more: Partial<Turn> = {}): Turn => ({
  caller,
  model: 'echo',
  input: { kind: 'conversation', target },
  ...more,
});
const kinds = (events: readonly Event[]) => events.map((event) => (event.t === 'note' ? event.kind : event.t));

describe('the answer path', () => {
  let database: Database;
  let conversations: Conversations;
  let room: ConversationRoom;
  const { gate, ...decided } = openTestGate();
  let place: DatabasePlace;
  const cleanUps: (() => void)[] = [];
  const engines: Engine[] = [];

  before(async () => {
    place = await freshPlace({ after: (hook: () => void) => cleanUps.push(hook) } as never);
    database = await place.open();
    room = await openConversations({
      database,
      keyring: await openTestKeyring(database, place.home),
      log: silentLog(),
    });
    conversations = room.of('me');
  });
  after(async () => {
    for (const engine of engines) await engine.close();
    await database.close();
    await decided[Symbol.asyncDispose]();
    for (const hook of cleanUps) hook();
  });

  function opened(more: Partial<AnswersOptions> = {}, tokenMs = 0): { answers: Answers; engine: EchoEngine } {
    const engine = openEchoEngine({ tokenMs, contextTokens: 200 });
    engines.push(engine);
    return {
      engine,
      answers: openAnswers({
        engine,
        library,
        conversations: room,
        gate,
        quotas: noCaps,
        upstreams: noUpstreams,
        embedded: () => embeddedPlace,
        bytesOf: () => ({ sentBytes: 0, receivedBytes: 0 }),
        log: silentLog(),
        ...more,
      }),
    };
  }

  test('a chat is opened, thought, said and closed, with figures and the time of each step', async () => {
    const steps: string[] = [];
    const { answers } = opened({ onStep: (name) => steps.push(name) });
    const stream = answers.answer(chat('<think>let me see</think> one two three'));
    const events = await Array.fromAsync(stream);
    const order = kinds(events).filter((kind, at, all) => kind !== all[at - 1] && kind !== 'loading');
    assert.deepEqual(order, ['open', 'routed', 'prompt', 'think', 'thought', 'text', 'finish', 'close']);
    const last = events.at(-1);
    assert.ok(last?.t === 'close' && last.why === 'stop');
    assert.equal(last.use.completionTokens, 6);
    assert.equal(last.use.thinkingTokens, 3);
    assert.equal(last.use.contextTokens, 200);
    assert.ok((last.use.timeToFirstTokenMs ?? -1) >= 0);
    assert.equal(last.use.bytesSent, 0);
    assert.deepEqual(steps, ['resolve-model', 'label', 'reserve', 'decide', 'generate']);
  });

  test('the engine inside is asked while the decision is written down, and heard when it is', async () => {
    const flush = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    const { answers } = opened({
      gate: {
        ...gate,
        recorded: (clearance) => {
          asked.resolve();
          return flush.promise.then(() => gate.recorded(clearance));
        },
      },
    });
    const heard: string[] = [];
    const reading = (async () => {
      for await (const event of answers.answer(chat('one two'))) heard.push(...kinds([event]));
    })();
    await asked.promise;
    assert.deepEqual(heard, ['open', 'routed']);
    flush.resolve();
    await reading;
    assert.equal(heard.at(-1), 'close');
  });

  test('a completion by text and by token ids goes the same way, with log-probabilities', async () => {
    const { answers, engine } = opened();
    const text = await answers.answer({
      caller,
      model: 'echo',
      input: { kind: 'text', text: 'a b c' },
      maxTokens: 2,
      logprobs: 1,
    });
    const events = await Array.fromAsync(text);
    const said = events.filter((event) => event.t === 'text');
    assert.equal(said.map(({ s }) => s).join(''), 'a b');
    assert.ok(said.every(({ lp }) => (lp?.[0]?.top.length ?? 0) === 1));
    assert.equal(events.find((event) => event.t === 'finish')?.why, 'length');
    const tokens = (await engine.tokenize({ model: 'echo', text: 'x y' })).map(({ token }) => token);
    const result = await answers.answer({ caller, model: 'echo', input: { kind: 'tokens', tokens } }).result();
    assert.equal(result.text, 'x y');
  });

  test('several choices come apart', async () => {
    const { answers } = opened();
    const result = await answers.answer(chat('yes no', { choices: 3 })).result();
    assert.deepEqual(
      result.choices.map(({ text }) => text),
      ['yes no', 'yes no', 'yes no'],
    );
  });

  test('an empty system prompt adds none', async () => {
    const { answers } = opened();
    const ask = (messages: { role: 'system' | 'user'; content: string }[]) =>
      answers.answer({ caller, model: 'echo', input: { kind: 'chat', messages } }).result();
    const user = { role: 'user', content: 'hello' } as const;
    const without = await ask([user]);
    const empty = await ask([{ role: 'system', content: ' ' }, user]);
    const real = await ask([{ role: 'system', content: 'be brief' }, user]);
    assert.equal(empty.use.promptTokens, without.use.promptTokens);
    assert.ok(real.use.promptTokens > without.use.promptTokens);
  });

  test('the question is durable before the first event, the answer before the last', async () => {
    const { answers } = opened();
    const { id } = await conversations.create();
    const stream = answers.answer(into({ kind: 'ask', conversationId: id, parentId: undefined, content: 'one two' }));
    const seen: string[] = [];
    for await (const event of stream) {
      const [question, answer] = await conversations.messages(id);
      assert.equal(question?.content, 'one two');
      if (event.t === 'open') assert.equal(answer?.status, 'generating');
      if (event.t === 'note' && event.kind === 'stored') {
        assert.deepEqual(event.data, {
          conversationId: id,
          messageId: answer?.id,
          userMessageId: question?.id,
          title: 'one two',
        });
      }
      if (event.t === 'close') {
        assert.equal(answer?.status, 'complete');
        assert.equal(answer?.content, 'one two');
        assert.equal(answer?.endedBy, 'stop');
        assert.equal(answer?.usage?.completionTokens, 2);
        const { decisionId, ...provenance } = answer?.provenance ?? assert.fail('nothing says where it was computed');
        assert.match(decisionId ?? '', /^dec_/);
        assert.deepEqual(provenance, {
          model: 'echo',
          tier: 'embedded',
          destinationId: 'embedded',
          destinationTitle: 'embedded',
          country: 'FR',
          quantization: 'F16',
          tuned: false,
          bytesSent: 0,
          costMicros: null,
          currency: null,
        });
      }
      seen.push(event.t === 'note' ? event.kind : event.t);
    }
    assert.deepEqual(seen.slice(0, 2), ['open', 'stored']);
  });

  test('the model sees the branch from the root to the question, and nothing of other branches', async () => {
    const { answers, engine } = opened();
    const { id } = await conversations.create();
    const prompts: string[] = [];
    const generate = engine.generate;
    engine.generate = (request, options) => {
      if (request.prompt.kind === 'chat') {
        prompts.push(request.prompt.messages.map(({ role, content }) => `${role}:${content}`).join('|'));
      }
      return generate(request, options);
    };
    const ask = async (content: string, parentId?: string) => {
      await answers.answer(into({ kind: 'ask', conversationId: id, parentId, content })).result();
      return (await conversations.messages(id)).at(-1)?.id as string;
    };
    const first = await ask('one');
    await ask('two', first);
    await ask('deux', first);
    assert.deepEqual(prompts, ['user:one', 'user:one|assistant:one|user:two', 'user:one|assistant:one|user:deux']);
  });

  test('a cut answer goes on in the same message', async () => {
    const { answers } = opened();
    const { id } = await conversations.create();
    const target = { kind: 'ask', conversationId: id, parentId: undefined, content: 'one two three four' } as const;
    assert.equal((await answers.answer(into(target, { maxTokens: 2 })).result()).why, 'length');
    const answer = (await conversations.messages(id))[1];
    assert.equal(answer?.content, 'one two');
    const more = { kind: 'continue', conversationId: id, messageId: answer?.id ?? '' } as const;
    const result = await answers.answer(into(more)).result();
    assert.equal(result.text, ' three four');
    assert.equal((await conversations.message(id, more.messageId)).content, 'one two three four');
    assert.equal((await conversations.messages(id)).length, 2);
  });

  test('a prompt over the context fails with the figures, and is not cut', async () => {
    const { answers } = opened();
    const result = await answers.answer(chat('word '.repeat(300))).result();
    assert.equal(result.why, 'failed');
    assert.equal(result.error?.code, 'context_exceeded');
    assert.equal(result.error?.facts.contextTokens, 200);
    assert.ok(Number(result.error?.facts.promptTokens) > 300);
  });

  test('what cannot be asked fails in the close, before anything is stored', async () => {
    const { answers } = opened();
    const { id } = await conversations.create();
    const target = { kind: 'ask', conversationId: id, parentId: undefined, content: 'x' } as const;
    const code = async (turn: Turn) => (await answers.answer(turn).result()).error?.code;
    assert.equal(await code(into(target, { model: 'none' })), 'model_not_found');
    assert.equal(await code(into(target, { model: 'embedder' })), 'model_unusable');
    assert.equal(await code(into({ ...target, parentId: 'msg_none' })), 'message_not_found');
    assert.equal(await code(into({ ...target, conversationId: 'conv_none' })), 'conversation_not_found');
    assert.equal((await conversations.messages(id)).length, 0);
  });

  test('without a model the conversation’s own answers, else the first that can', async () => {
    const { answers } = opened();
    const { id } = await conversations.create();
    const target = { kind: 'ask', conversationId: id, parentId: undefined, content: 'x' } as const;
    const { model: _, ...without } = into(target);
    const events = await Array.fromAsync(answers.answer(without));
    assert.equal(events[0]?.by.model, 'echo');
    assert.equal((await conversations.get(id)).model, 'echo');
  });

  test('a reader that leaves stops the engine, and what was said is kept as stopped', async () => {
    const { answers, engine } = opened({}, 1);
    const { id } = await conversations.create();
    const content = 'word '.repeat(90);
    const stream = answers.answer(into({ kind: 'ask', conversationId: id, parentId: undefined, content }));
    let words = 0;
    for await (const event of stream) if (event.t === 'text' && ++words === 5) break;
    const answer = (await conversations.messages(id))[1];
    assert.equal(answer?.status, 'stopped');
    assert.equal(answer?.endedBy, 'cancelled');
    assert.equal(answer?.content.trim().split(' ').length, 5);
    assert.equal(engine.list()[0]?.activeRequests, 0);
    assert.equal(engine.list()[0]?.counters.cancelled, 1);
  });

  test('a reader that leaves at the very first event leaves no answer without an end', async () => {
    const { answers } = opened({}, 1);
    const { id } = await conversations.create();
    const stream = answers.answer(into({ kind: 'ask', conversationId: id, parentId: undefined, content: 'a b c' }));
    for await (const event of stream) if (event.t === 'open') break;
    assert.equal((await conversations.messages(id))[1]?.status, 'stopped');
  });

  test('an engine that crashes in mid-answer: the reader gets the cause, the text is kept as failed', async () => {
    const { answers, engine } = opened({}, 1);
    const { id } = await conversations.create();
    const content = 'word '.repeat(90);
    const stream = answers.answer(into({ kind: 'ask', conversationId: id, parentId: undefined, content }));
    let words = 0;
    let last: Event | undefined;
    for await (const event of stream) {
      if (event.t === 'text' && ++words === 5) engine.crash('echo');
      last = event;
    }
    assert.equal(last?.t === 'close' && last.error?.code, 'engine_crashed');
    assert.ok(last?.t === 'close' && last.use.completionTokens >= 5);
    const answer = (await conversations.messages(id))[1];
    assert.equal(answer?.status, 'failed');
    assert.equal(answer?.error?.code, 'engine_crashed');
    assert.ok((answer?.content.length ?? 0) >= 20);
    assert.equal((await answers.answer(chat('again')).result()).text, 'again');
  });

  test('a growing answer is saved on its way', async () => {
    const { answers } = opened({ saveEveryMs: 10 }, 2);
    const { id } = await conversations.create();
    const content = 'word '.repeat(90);
    const stream = answers.answer(into({ kind: 'ask', conversationId: id, parentId: undefined, content }));
    let saved = 0;
    for await (const event of stream) {
      if (event.t !== 'text' || saved > 0) continue;
      saved = (await conversations.messages(id))[1]?.content.length ?? 0;
    }
    assert.ok(saved > 0 && saved < content.length, `${saved} characters were saved while it grew`);
  });

  test('deleting the conversation under an answer stops it', async () => {
    const { answers, engine } = opened({ saveEveryMs: 1 }, 2);
    const { id } = await conversations.create();
    const content = 'word '.repeat(90);
    const stream = answers.answer(into({ kind: 'ask', conversationId: id, parentId: undefined, content }));
    let words = 0;
    let last: Event | undefined;
    for await (const event of stream) {
      if (event.t === 'text' && ++words === 3) await conversations.remove(id);
      last = event;
    }
    assert.equal(last?.t === 'close' && last.why, 'cancelled');
    assert.ok(words < 90);
    assert.equal(engine.list()[0]?.activeRequests, 0);
  });

  test('an answer that cannot be saved says so instead of pretending', async () => {
    const broken: Conversations = {
      ...conversations,
      finish: async () => {
        throw new IntramurosError('disk_full', 'No space is left.');
      },
    };
    const { answers } = opened({ conversations: { ...room, of: () => broken } });
    const { id } = await conversations.create();
    const result = await answers
      .answer(into({ kind: 'ask', conversationId: id, parentId: undefined, content: 'one' }))
      .result();
    assert.equal(result.text, 'one');
    assert.equal(result.why, 'failed');
    assert.equal(result.error?.code, 'disk_full');
  });

  test('the bytes of a run are those of its own decision in the ledger', async () => {
    const asked: string[] = [];
    const bytesOf = (decisionId: string) => {
      asked.push(decisionId);
      return { sentBytes: 1_000, receivedBytes: 7 };
    };
    const { answers } = opened({ bytesOf });
    const { use, notes } = await answers.answer(chat('x')).result();
    assert.equal(use.bytesSent, 1_000);
    const routed = notes.find((note) => note.kind === 'routed');
    assert.deepEqual([...new Set(asked)], [routed?.kind === 'routed' && routed.data.decisionId]);
  });

  test('a deadline ends an answer as a timeout', async () => {
    const { answers } = opened({}, 5);
    await using scope = Scope.open({ deadlineMs: 40 });
    const result = await answers.answer(chat('word '.repeat(90)), scope).result();
    assert.equal(result.why, 'timeout');
    assert.equal(result.error?.code, 'timeout');
    assert.ok(result.text.length > 0);
  });

  test('embeddings go through the same door, and only models made for it serve', async () => {
    const steps: string[] = [];
    const { answers } = opened({ onStep: (name) => steps.push(name) });
    const { vectors } = await answers.embed({ model: 'echo', inputs: ['a b', 'a b', 'c'], caller });
    assert.deepEqual(vectors[0], vectors[1]);
    assert.notDeepEqual(vectors[0], vectors[2]);
    assert.deepEqual(steps, ['resolve-model', 'label', 'reserve', 'decide', 'embed']);
    await assert.rejects(answers.embed({ model: 'none', inputs: ['a'], caller }), { code: 'model_not_found' });
  });
});
