import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CountingBackend, type CountingBackendOptions } from '../../../test/parts/counting-backend.ts';
import type { EngineEvent } from '../types.ts';
import { Scheduler, type SchedulerOptions, type SchedulerRequest } from './index.ts';

type Ending = 'done' | 'cancelled' | { readonly code: string };

/** A scheduler on a counting backend, and what it reported. */
function open(backendOptions: CountingBackendOptions = {}, options: Partial<SchedulerOptions> = {}) {
  const backend = new CountingBackend(backendOptions);
  const events = new Map<number, EngineEvent[]>();
  const endings = new Map<number, PromiseWithResolvers<Ending>>();
  const ending = (id: number) => {
    if (!endings.has(id)) endings.set(id, Promise.withResolvers());
    return endings.get(id)!;
  };
  const scheduler = new Scheduler(
    backend,
    { parallel: 4, queueLimit: 64, ...options },
    {
      step(all) {
        for (const [id, event] of all) {
          events.set(id, [...(events.get(id) ?? []), event]);
          if (event.type === 'done') ending(id).resolve('done');
        }
      },
      failed: (id, error) => ending(id).resolve(error as { code: string }),
      cancelled: (id) => ending(id).resolve('cancelled'),
    },
  );
  let nextId = 0;
  const ask = (prompt: string | readonly number[], rest: Partial<SchedulerRequest> = {}) => {
    const id = ++nextId;
    const tokens = typeof prompt === 'string' ? [...Buffer.from(prompt)] : prompt;
    scheduler.submit({ id, tokens, maxTokens: 8, fairKey: 'a', isolationKey: 'a', ...rest });
    return { id, tokens, ended: ending(id).promise };
  };
  const of = <T extends EngineEvent['type']>(id: number, type: T) =>
    (events.get(id) ?? []).filter((event) => event.type === type) as Extract<EngineEvent, { type: T }>[];
  const text = (id: number, choice = 0): string =>
    of(id, 'delta')
      .filter((delta) => delta.choice === choice)
      .map((delta) => delta.text)
      .join('');
  return { backend, scheduler, ask, of, text, events, [Symbol.asyncDispose]: () => scheduler.close() };
}

const document = 'A long document that many people ask about. '.repeat(20);

test('eight questions over one document compute it once', async () => {
  await using house = open({}, { parallel: 8 });
  const asked = Array.from({ length: 8 }, (_, index) => house.ask(`${document}Question ${index}?`));
  await Promise.all(asked.map(({ ended }) => ended));
  const { computedPromptTokens } = house.scheduler.counters;
  assert.ok(computedPromptTokens < document.length + 8 * 12, `${computedPromptTokens}`);
  for (const { id, tokens } of asked) assert.equal(house.text(id), CountingBackend.follow(tokens, 8));
});

test('a prompt of another isolation key shares nothing', async () => {
  await using house = open();
  await house.ask(document).ended;
  const other = house.ask(document, { isolationKey: 'b' });
  await other.ended;
  assert.equal(house.of(other.id, 'prompt')[0]?.cachedTokens, 0);
  const same = house.ask(document);
  await same.ended;
  assert.equal(house.of(same.id, 'prompt')[0]?.cachedTokens, document.length - 1);
});

test('a second turn computes only its new tokens', async () => {
  await using house = open();
  const first = house.ask('user: hello\nbot: ');
  await first.ended;
  const second = house.ask(`user: hello\nbot: ${house.text(first.id)}\nuser: and?\nbot: `);
  await second.ended;
  assert.equal(house.of(second.id, 'prompt')[0]?.cachedTokens, first.tokens.length + 8 - 1);
});

test('several answers to one prompt share its computation', async () => {
  await using house = open();
  const { id, ended, tokens } = house.ask(document, { choices: 6 });
  await ended;
  assert.equal(house.scheduler.counters.computedPromptTokens, document.length + 5);
  for (let choice = 0; choice < 6; choice += 1) assert.equal(house.text(id, choice), CountingBackend.follow(tokens, 8));
  assert.equal(house.of(id, 'finish').length, 6);
  assert.equal(house.of(id, 'done')[0]?.usage.completionTokens, 48);
});

test('sixty-four requests on a small memory all finish with their own text, and leave nothing behind', async () => {
  await using house = open({ contextTokens: 256, requestTokens: 128, sequences: 8, batchTokens: 64 });
  const asked = Array.from({ length: 64 }, (_, index) =>
    house.ask(`${index % 3}${'x'.repeat(index)} prompt number ${index}`, { fairKey: `${index % 5}`, maxTokens: 30 }),
  );
  await Promise.all(asked.map(({ ended }) => ended));
  for (const { id, tokens } of asked) {
    assert.equal(house.text(id), CountingBackend.follow(tokens, 30));
    assert.deepEqual(house.of(id, 'finish'), [{ type: 'finish', choice: 0, reason: 'length' }]);
  }
  assert.equal(house.backend.openSamplers, 0);
  assert.equal(house.scheduler.contextUsedTokens, house.backend.usedCells);
  assert.equal(house.scheduler.activeRequests + house.scheduler.queuedRequests, 0);
});

test('whatever comes and goes, texts are right and the count of cells is that of the memory', async () => {
  const request = fc.record({
    // Often the beginning of one of three talks, so that prompts go on from each other.
    talk: fc.record({ of: fc.integer({ min: 0, max: 2 }), length: fc.constantFrom(0, 20, 40, 50) }),
    own: fc.array(fc.integer({ min: 0, max: 1 }), { minLength: 1, maxLength: 10 }),
    waits: fc.boolean(),
    maxTokens: fc.integer({ min: 0, max: 20 }),
    choices: fc.integer({ min: 1, max: 3 }),
    key: fc.integer({ min: 0, max: 1 }),
    cancelled: fc.boolean(),
    echo: fc.boolean(),
  });
  const talks = [3, 5, 7].map((step) => Array.from({ length: 50 }, (_, at) => ((at * step) % 11) % 3));
  let restored = 0;
  const kept = fc.record({ keptTokens: fc.constantFrom(0, 20, 80), storeBytes: fc.constantFrom(0, 260, 1000, 4000) });
  await fc.assert(
    fc.asyncProperty(
      fc.array(request, { maxLength: 12 }),
      fc.boolean(),
      kept,
      async (requests, canTruncate, memory) => {
        await using house = open(
          { contextTokens: 160, requestTokens: 100, sequences: 7, batchTokens: 32, canTruncate, ...memory },
          { parallel: 3 },
        );
        const asked: (ReturnType<typeof house.ask> &
          Pick<(typeof requests)[0], 'maxTokens' | 'choices' | 'cancelled'>)[] = [];
        for (const { talk, own, waits, maxTokens, choices, key, cancelled, echo } of requests) {
          if (waits) await Promise.all(asked.map(({ ended }) => ended));
          const prompt = [...talks[talk.of]!.slice(0, talk.length), ...own];
          const keys = { fairKey: `${key}`, isolationKey: `${key}` };
          const item = house.ask(prompt, { maxTokens, choices, promptLogprobs: echo, ...keys });
          if (cancelled) setImmediate(() => house.scheduler.cancel(item.id));
          asked.push({ ...item, maxTokens, choices, cancelled });
        }
        for (const { id, tokens, ended, maxTokens, choices, cancelled } of asked) {
          if ((await ended) === 'cancelled') {
            assert.ok(cancelled);
            continue;
          }
          const expected = CountingBackend.follow(tokens, Math.min(maxTokens, 100 - tokens.length));
          for (let choice = 0; choice < choices; choice += 1) assert.equal(house.text(id, choice), expected);
        }
        assert.equal(house.scheduler.contextUsedTokens, house.backend.usedCells);
        assert.equal(house.backend.openSamplers, 0);
        restored += house.backend.restored;
      },
    ),
    { numRuns: 250 },
  );
  assert.ok(restored > 5, `${restored} conversations came back from the store`);
});

test('one who asks much does not make others wait: the queue takes turns and says the place', async () => {
  await using house = open({}, { parallel: 1 });
  const greedy = Array.from({ length: 6 }, (_, index) => house.ask(`greedy ${index}`, { fairKey: 'greedy' }));
  const modest = house.ask('modest', { fairKey: 'modest' });
  const order: number[] = [];
  await Promise.all([...greedy, modest].map(({ id, ended }) => ended.then(() => order.push(id))));
  assert.ok(order.indexOf(modest.id) <= 1, order.join());
  assert.deepEqual(
    house.of(greedy[5]!.id, 'queued').map(({ ahead }) => ahead),
    [5, 4, 3, 2, 1, 0],
  );
});

test('too many and too long are refused with figures', async () => {
  await using house = open({ contextTokens: 64 }, { parallel: 1, queueLimit: 2 });
  assert.throws(() => house.ask('x'.repeat(64)), {
    code: 'context_exceeded',
    facts: { promptTokens: 64, contextTokens: 64 },
  });
  const kept = [house.ask('a'), house.ask('b'), house.ask('c')];
  assert.throws(() => house.ask('d'), { code: 'queue_full' });
  await Promise.all(kept.map(({ ended }) => ended));
  const full = house.ask('x'.repeat(60), { maxTokens: 100 });
  await full.ended;
  assert.equal(house.of(full.id, 'finish')[0]?.reason, 'length');
  assert.equal(house.of(full.id, 'done')[0]?.usage.completionTokens, 4);
});

test('cancelling the only request interrupts the step, and what was computed before serves the next', async () => {
  await using house = open({ batchTokens: 64 });
  const long = 'y'.repeat(500);
  let calls = 0;
  house.backend.beforeDecode = () => {
    calls += 1;
    if (calls === 3) house.scheduler.cancel(1);
  };
  assert.equal(await house.ask(long).ended, 'cancelled');
  assert.equal(house.backend.calls.length, 2);
  assert.equal(house.scheduler.counters.cancelled, 1);
  const again = house.ask(long);
  await again.ended;
  assert.ok(house.of(again.id, 'prompt')[0]!.cachedTokens >= 32);
  assert.equal(house.text(again.id), CountingBackend.follow(again.tokens, 8));
});

test('answers in progress get a token in every step while a long prompt is computed', async () => {
  await using house = open({ batchTokens: 64 });
  const talker = house.ask('short', { maxTokens: 40 });
  const reader = house.ask('z'.repeat(900), { isolationKey: 'b' });
  await Promise.all([talker.ended, reader.ended]);
  const during = house.backend.calls.filter((call) => call.length > 1).slice(1, -1);
  assert.ok(during.length > 5);
  const sequence = house.backend.calls[0]![0]!.sequence;
  const steps = house.backend.calls.filter((call) => call.some((entry) => entry.sequence === sequence)).length;
  assert.ok(steps >= 40);
});

test('a stop sequence that spans tokens ends the text and is not part of it', async () => {
  await using house = open();
  const whole = CountingBackend.follow([...Buffer.from('stop here')], 40);
  const stop = whole.slice(10, 14);
  const asked = house.ask('stop here', { maxTokens: 40, stop: ['never-there', stop] });
  await asked.ended;
  assert.equal(house.text(asked.id), whole.slice(0, whole.indexOf(stop)));
  assert.deepEqual(house.of(asked.id, 'finish'), [{ type: 'finish', choice: 0, reason: 'stop', stopSequence: stop }]);
});

test('probabilities of the prompt come with all its tokens, whatever is cached', async () => {
  await using house = open();
  await house.ask('echo this text').ended;
  const asked = house.ask('echo this text', { promptLogprobs: true, logprobs: 2, maxTokens: 1 });
  await asked.ended;
  const [prompt] = house.of(asked.id, 'prompt');
  assert.equal(prompt?.tokens?.map(({ text }) => text).join(''), 'echo this text');
  assert.ok(Number.isNaN(prompt?.tokens?.[0]?.logprob));
  assert.ok(prompt?.tokens?.slice(1).every(({ logprob, top }) => logprob < 0 && top.length === 2));
  const [delta] = house.of(asked.id, 'delta');
  const expected = 5 - Math.log(Math.exp(5) + 256);
  assert.ok(Math.abs(delta!.logprobs![0]!.logprob - expected) < 1e-6);
  assert.equal(delta!.logprobs![0]!.top[0]!.token, delta!.logprobs![0]!.token);
});

test('answers that come together begin together; one that is under way waits for none of them', async () => {
  await using house = open({ batchTokens: 64 });
  const asked = Array.from({ length: 4 }, (_, index) => house.ask(`${index}`.repeat(60)));
  await Promise.all(asked.map(({ ended }) => ended));
  const sizes = house.backend.calls.map(({ length }) => length);
  assert.deepEqual(sizes.slice(-7), Array(7).fill(4), 'eight tokens each, the first of them with the prompt');
  assert.ok(sizes.slice(0, -7).every((size) => size > 4));
  const talker = house.ask('talk', { maxTokens: 200 });
  house.backend.beforeDecode = () => {
    if (house.of(talker.id, 'delta').length !== 10) return;
    house.backend.beforeDecode = undefined;
    for (const { tokens } of asked) house.ask(tokens, { isolationKey: 'b' });
  };
  const before = house.backend.calls.length;
  await talker.ended;
  const [{ sequence } = { sequence: -1 }] = house.backend.calls.at(-1)!;
  const during = house.backend.calls.slice(before);
  assert.ok(during.every((call) => call.some((entry) => entry.sequence === sequence)));
});

test('finished conversations leave the cells to the others, and go on from the store where they ended', async () => {
  await using house = open({ keptTokens: 0, storeBytes: 40_000 });
  const talks = ['first: ', 'second: ', 'third: '].map((start) => start + document);
  const answers: string[] = [];
  for (const talk of talks) {
    const asked = house.ask(talk);
    await asked.ended;
    answers.push(house.text(asked.id));
  }
  assert.equal(house.backend.usedCells, talks[2]!.length + 7, 'only the last one is in cells');
  for (const [index, talk] of talks.entries()) {
    const next = house.ask(`${talk}${answers[index]} And then?`);
    await next.ended;
    assert.equal(house.of(next.id, 'prompt')[0]?.cachedTokens, talk.length + 7);
    assert.equal(house.text(next.id), CountingBackend.follow(next.tokens, 8));
  }
  assert.equal(house.backend.restored, 3);
});

test('a conversation that a crowd left in high cells comes down when it goes on alone', async () => {
  await using house = open({ keptTokens: 20, storeBytes: 40_000 });
  const crowd = ['first: ', 'second: ', 'third: ', 'fourth: '].map((start) =>
    house.ask(start + document.slice(0, 400)),
  );
  await Promise.all(crowd.map(({ ended }) => ended));
  const last = crowd.find(({ tokens }) => house.backend.usedCells >= tokens.length)!;
  const stored = house.backend.saved;
  const next = house.ask([...last.tokens, ...Buffer.from(`${house.text(last.id)} And then?`)]);
  await next.ended;
  assert.equal(house.of(next.id, 'prompt')[0]?.cachedTokens, last.tokens.length + 7);
  assert.equal(house.text(next.id), CountingBackend.follow(next.tokens, 8));
  assert.equal(house.backend.usedCells, next.tokens.length + 7, 'nobody else is in cells');
  const again = house.ask([...next.tokens, ...Buffer.from(`${house.text(next.id)} And then?`)]);
  await again.ended;
  assert.ok(house.backend.restored > 0 && house.backend.saved <= stored + 4, 'once down, it stays');
});

test('a stored conversation serves only its own isolation key, and a branch leaves it whole', async () => {
  await using house = open({ keptTokens: 0, storeBytes: 40_000 });
  const long = document.slice(0, 600);
  await house.ask(long).ended;
  await house.ask('something else, so that the first is moved out').ended;
  const other = house.ask(long, { isolationKey: 'b' });
  await other.ended;
  assert.equal(house.of(other.id, 'prompt')[0]?.cachedTokens, 0);
  const branch = house.ask(`${long.slice(0, 300)}| and now another way`);
  await branch.ended;
  assert.equal(house.of(branch.id, 'prompt')[0]?.cachedTokens, 300);
  assert.equal(house.text(branch.id), CountingBackend.follow(branch.tokens, 8));
  const again = house.ask(long);
  await again.ended;
  assert.equal(house.of(again.id, 'prompt')[0]?.cachedTokens, 599);
});

test('the store forgets the conversation that was used longest ago, and none but that', async () => {
  const talks = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(200));
  await using house = open({ keptTokens: 0, storeBytes: 3 * 4 * 207 + 100 });
  for (const talk of talks) await house.ask(talk).ended;
  const cached: number[] = [];
  for (const talk of [talks[3]!, talks[2]!, talks[1]!, talks[0]!]) {
    const asked = house.ask(talk);
    await asked.ended;
    cached.push(house.of(asked.id, 'prompt')[0]!.cachedTokens);
  }
  assert.deepEqual(cached, [199, 199, 199, 0]);
});

test('a conversation too long for the store stays in cells beside short ones, until another such one ends', async () => {
  await using house = open({ keptTokens: 0, storeBytes: 1000 });
  const turn = async (prompt: string) => {
    const asked = house.ask(prompt);
    await asked.ended;
    return house.of(asked.id, 'prompt')[0]!.cachedTokens;
  };
  const [first, second] = ['a', 'b'].map((letter) => letter.repeat(300)) as [string, string];
  await turn(first);
  await turn('a title for it, please');
  assert.equal(await turn(`${first}|`), 300);
  await turn('another title');
  await turn(second);
  await turn('a third title');
  assert.equal(await turn(`${second}|`), 300);
  assert.equal(await turn(`${first}|`), 0);
});

test('a state that cannot be read back is computed again', async () => {
  await using house = open({ keptTokens: 0, storeBytes: 40_000 });
  await house.ask(document).ended;
  await house.ask('something else, so that the first is moved out').ended;
  house.backend.restore = () => false;
  const again = house.ask(document);
  await again.ended;
  assert.equal(house.of(again.id, 'prompt')[0]?.cachedTokens, 0);
  assert.equal(house.text(again.id), CountingBackend.follow(again.tokens, 8));
});
