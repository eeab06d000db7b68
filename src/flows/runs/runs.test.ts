import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { person } from '../../../test/parts/people.ts';
import { IntramurosError, silentLog } from '../../base/index.ts';
import { publicLabel } from '../../policy/index.ts';
import type { Answers, Turn } from '../answer/index.ts';
import type { By, Event } from '../event.ts';
import { openStream } from '../stream.ts';
import { noUsage } from '../usage.ts';
import { EventLog, type LoggedEvent } from './log.ts';
import { openRuns, type RunsOptions } from './runs.ts';

const turn: Turn = { caller: { who: person('me') }, input: { kind: 'text', text: '' } };

/** An answer path that says words until stopped: what a run needs of it. */
function talking(words: number, everyMs: number): Answers & { stoppedAt: number | undefined } {
  const answers = {
    stoppedAt: undefined as number | undefined,
    answer: ((_turn, scope, { runId = 'run_t', onStep } = {}) => {
      const by: By = { run: runId, step: 'answer', model: 'm', site: 'local', attempt: 1 };
      return openStream({
        by,
        scope,
        start: async function* (own) {
          yield { t: 'open', by, label: publicLabel, at: 0 };
          yield { t: 'note', by, kind: 'stored', data: { conversationId: 'conv_1', messageId: 'msg_1' } };
          let said = 0;
          try {
            for (; said < words; said += 1) {
              if (everyMs > 0) await sleep(everyMs, undefined, { signal: own.signal });
              yield { t: 'text', by, s: `${said} `, out: true, choice: 0 };
            }
          } finally {
            answers.stoppedAt = said;
            onStep?.({ name: 'generate', ms: 1 });
          }
          yield { t: 'close', by, why: 'stop', use: noUsage };
        },
      });
    }) as Answers['answer'],
    embed: () => Promise.reject(new IntramurosError('internal', 'not asked here')),
    relay: () => Promise.reject(new IntramurosError('internal', 'not asked here')),
    choices: () => Promise.reject(new IntramurosError('internal', 'not asked here')),
  };
  return answers;
}

const open = (answers: Answers, more: Partial<RunsOptions> = {}) => {
  const room = openRuns({ answers, log: silentLog(), graceMs: 10_000, ...more });
  return { ...room.of('me'), of: room.of, close: room.close, [Symbol.asyncDispose]: room.close };
};
const textOf = (logged: readonly LoggedEvent[]) =>
  logged.map(({ event }) => (event.t === 'text' ? event.s : '')).join('');
const all = Array.from({ length: 50 }, (_, n) => `${n} `).join('');

test('a reader that leaves and comes back at its offset misses nothing and gets nothing twice', async () => {
  await using runs = open(talking(50, 1));
  const id = runs.start(turn);
  let text = '';
  let next = 0;
  for (let visits = 0; !text.endsWith('49 '); visits += 1) {
    for await (const { offset, event } of runs.attach(id, next)) {
      if (event.t === 'text') text += event.s;
      assert.ok(offset >= next);
      next = offset + 1;
      if (visits < 5 && event.t === 'text') break;
    }
  }
  assert.equal(text, all);
});

test('many readers, early and late, get the same answer and the same end', async () => {
  await using runs = open(talking(50, 1));
  const id = runs.start(turn);
  const early = Array.from({ length: 5 }, () => Array.fromAsync(runs.attach(id)));
  const whole = await Promise.all(early);
  const late = await Array.fromAsync(runs.attach(id));
  for (const reader of [...whole, late]) {
    assert.equal(textOf(reader), all);
    assert.equal(reader.at(-1)?.event.t, 'close');
  }
  assert.ok(late.length <= 5, `${late.length} events for one who comes late`);
  assert.equal(late.at(-1)?.offset, runs.get(id).events - 1);
});

test('the receipt tells state, place, end and steps', async () => {
  await using runs = open(talking(3, 1));
  const id = runs.start(turn);
  assert.equal(runs.get(id).state, 'running');
  for await (const { event } of runs.attach(id)) {
    if (event.t === 'text') assert.deepEqual(runs.active('conv_1'), [{ runId: id, messageId: 'msg_1' }]);
  }
  const { startedAt, closedAt, ...rest } = runs.get(id);
  assert.ok(startedAt <= (closedAt ?? ''));
  assert.deepEqual(rest, {
    id,
    state: 'closed',
    conversationId: 'conv_1',
    messageId: 'msg_1',
    events: 6,
    why: 'stop',
    usage: noUsage,
    steps: [{ name: 'generate', ms: 1 }],
  });
  assert.deepEqual(runs.active('conv_1'), []);
});

test('stopping ends the work; its readers get the close', async () => {
  const answers = talking(1_000_000, 1);
  await using runs = open(answers);
  const id = runs.start(turn);
  const events: Event[] = [];
  for await (const { event } of runs.attach(id)) {
    events.push(event);
    if (event.t === 'text') runs.stop(id);
  }
  const last = events.at(-1);
  assert.equal(last?.t === 'close' && last.why, 'cancelled');
  assert.ok((answers.stoppedAt ?? Number.POSITIVE_INFINITY) < 100);
  runs.stop(id);
});

test('a run without a reader goes on for the grace, and no longer', async () => {
  const answers = talking(1_000_000, 1);
  await using runs = open(answers, { graceMs: 300 });
  const id = runs.start(turn);
  let count = 0;
  for await (const _ of runs.attach(id)) if (++count === 3) break;
  const left = performance.now();
  await sleep(150);
  assert.equal(runs.get(id).state, 'running');
  for await (const _ of runs.attach(id, count)) if (++count === 6) break; // somebody came back: the grace starts again
  await sleep(200);
  assert.equal(runs.get(id).state, 'running');
  while (runs.get(id).state === 'running') await sleep(5);
  assert.ok(performance.now() - left >= 445);
  assert.equal(runs.get(id).why, 'cancelled');
});

test('a run that nobody ever read is not left to itself', async () => {
  await using runs = open(talking(1_000_000, 1), { graceMs: 20 });
  const id = runs.start(turn);
  while (runs.get(id).state === 'running') await sleep(5);
  assert.equal(runs.get(id).why, 'cancelled');
});

test('a closed run is forgotten after a while, and says where the answer is', async () => {
  await using runs = open(talking(1, 0), { keepMs: 20 });
  const id = runs.start(turn);
  await Array.fromAsync(runs.attach(id));
  await sleep(40);
  assert.throws(() => runs.get(id), { code: 'run_not_found' });
  assert.throws(() => runs.attach(id), { code: 'run_not_found' });
  assert.throws(() => runs.stop('run_none'), { code: 'run_not_found' });
});

test('a reader that is aborted leaves; the run goes on for the others', async () => {
  await using runs = open(talking(60, 1));
  const id = runs.start(turn);
  const leaving = new AbortController();
  setTimeout(() => leaving.abort(), 10);
  const gone = Array.fromAsync(runs.attach(id, 0, { signal: leaving.signal }));
  const staying = Array.fromAsync(runs.attach(id));
  await assert.rejects(gone, { name: 'AbortError' });
  assert.equal((await staying).at(-1)?.event.t, 'close');
});

test('closing stops every run and waits for its end', async () => {
  const answers = talking(1_000_000, 1);
  const runs = open(answers);
  const readers = [runs.start(turn), runs.start(turn)].map((id) => Array.fromAsync(runs.attach(id)));
  await sleep(10);
  await runs.close();
  for (const events of await Promise.all(readers)) assert.equal(events.at(-1)?.event.t, 'close');
});

test('stopping all runs of a conversation waits for their end', async () => {
  await using runs = open(talking(1_000_000, 1));
  const id = runs.start(turn);
  for await (const { event } of runs.attach(id)) if (event.t === 'text') break;
  await runs.stopAll('conv_other');
  assert.equal(runs.get(id).state, 'running');
  await runs.stopAll('conv_1');
  assert.equal(runs.get(id).why, 'cancelled');
});

test('an offset that is none is refused', async () => {
  await using runs = open(talking(1, 0));
  const id = runs.start(turn);
  for (const from of [-1, 0.5, Number.NaN]) {
    await assert.rejects(Array.fromAsync(runs.attach(id, from)), { code: 'invalid_request' });
  }
});

test('property: from any offset, a log gives exactly the events from there on', () => {
  const by: By = { run: 'r', step: 's', model: 'm', site: 'local', attempt: 1 };
  const event: fc.Arbitrary<Event> = fc.oneof(
    fc.record({
      t: fc.constant('text' as const),
      by: fc.constant(by),
      s: fc.string({ maxLength: 3 }),
      out: fc.boolean(),
      choice: fc.nat(1),
    }),
    fc.record({
      t: fc.constant('think' as const),
      by: fc.constant(by),
      s: fc.string({ maxLength: 3 }),
      choice: fc.nat(1),
    }),
    fc.constant({ t: 'note', by, kind: 'queued', data: { ahead: 1 } } as const),
  );
  const flat = (events: readonly Event[]) => {
    const out: string[] = [];
    for (const e of events) {
      const key = e.t === 'text' ? `text ${e.choice} ${e.out}` : e.t === 'think' ? `think ${e.choice}` : 'note';
      const s = e.t === 'text' || e.t === 'think' ? e.s : '';
      if (key !== 'note' && out.at(-2) === key) out[out.length - 1] += s;
      else out.push(key, s);
    }
    return out;
  };
  fc.assert(
    fc.property(fc.array(event, { maxLength: 40 }), fc.nat(45), (events, from) => {
      const log = new EventLog();
      for (const e of events) log.append(e);
      const read: Event[] = [];
      for (let logged = log.read(from); logged; logged = log.read(logged.offset + 1)) read.push(logged.event);
      assert.deepEqual(flat(read), flat(events.slice(from)));
      assert.equal(log.count, events.length);
    }),
    { seed: 20261123, numRuns: 500 },
  );
});

test('another’s run is not found, in the words for one that is gone, and cannot be stopped', async () => {
  const answers = talking(1_000_000, 1);
  await using runs = open(answers);
  const id = runs.start(turn);
  for await (const { event } of runs.attach(id)) if (event.t === 'text') break;
  const theirs = runs.of('you');
  const gone = `run_${'0'.repeat(26)}`;
  const words = (ask: (at: string) => unknown, at: string): string => {
    try {
      ask(at);
    } catch (error) {
      return (error as Error).message.replaceAll(at, 'ID');
    }
    return 'reached';
  };
  for (const ask of [theirs.get, theirs.attach, theirs.stop]) assert.equal(words(ask, id), words(ask, gone));
  assert.notEqual(words(theirs.get, gone), 'reached');
  assert.deepEqual(theirs.active('conv_1'), []);
  await theirs.stopAll('conv_1');
  assert.equal(runs.get(id).state, 'running');
});
