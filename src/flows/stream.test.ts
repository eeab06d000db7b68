import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { IntramurosError } from '../base/index.ts';
import { publicLabel } from '../policy/index.ts';
import type { By, Event } from './event.ts';
import { type Overrun, Scope } from './scope.ts';
import { openStream } from './stream.ts';
import type { Stream } from './types.ts';
import { noUsage } from './usage.ts';

const by: By = { run: 'run_t', step: 'generate', model: 'm', site: 'local', attempt: 1 };
const open = (): Event => ({ t: 'open', by, label: publicLabel, at: 0 });
const text = (s: string): Event => ({ t: 'text', by, s, out: true, choice: 0 });
const close = (): Event => ({ t: 'close', by, why: 'stop', use: noUsage });
const never = (): Promise<never> => new Promise(() => {});

const unhandled: unknown[] = [];
process.on('unhandledRejection', (reason) => unhandled.push(reason));
after(() => assert.deepEqual(unhandled, [], 'rejections without an owner'));

/** Says words until told to stop, and tells when it has let go. */
function talker(words: number, everyMs = 0, released: (said: number) => void = () => {}) {
  return async function* (scope: Scope): AsyncGenerator<Event> {
    let said = 0;
    try {
      yield open();
      for (; said < words; said += 1) {
        if (everyMs > 0) await sleep(everyMs, undefined, { signal: scope.signal });
        yield text(`${said} `);
      }
      yield close();
    } finally {
      released(said);
    }
  };
}

test('nothing starts before the first next()', async () => {
  let started = 0;
  const stream = openStream({
    by,
    start: (scope) => {
      started += 1;
      return talker(1)(scope);
    },
  });
  await sleep(5);
  assert.equal(started, 0);
  assert.equal((await stream.result()).text, '0 ');
  assert.equal(started, 1);
});

test('a stream stopped before it began says so, and never starts its source', async () => {
  let started = false;
  const stream = openStream({
    by,
    start: (scope) => {
      started = true;
      return talker(1)(scope);
    },
  });
  stream.stop();
  const events = await Array.fromAsync(stream);
  assert.deepEqual(
    events.map(({ t }) => t),
    ['open', 'close'],
  );
  assert.equal((events[1] as { why: string }).why, 'cancelled');
  assert.equal(started, false);
});

test('a second reader is refused', async () => {
  const stream = openStream({ by, start: talker(1) });
  await stream.result();
  assert.throws(() => stream[Symbol.asyncIterator](), /one reader/);
});

test('leaving early stops the source before the loop is left', async () => {
  const scope = Scope.open();
  let released: number | undefined;
  for await (const event of openStream({ by, scope, start: talker(1e9, 0, (said) => (released = said)) })) {
    if (event.t === 'text' && event.s === '3 ') break;
  }
  assert.equal(released, 3);
  assert.equal(scope.live, 0);
});

test('leaving early also stops a source that is silent', async () => {
  let released = false;
  const stream = openStream({ by, start: talker(9, 60_000, () => (released = true)) });
  const reading = stream[Symbol.asyncIterator]();
  assert.equal((await reading.next()).value?.t, 'open');
  const pending = reading.next();
  const before = performance.now();
  await reading.return?.();
  assert.equal((await pending).done, true);
  assert.ok(released);
  assert.ok(performance.now() - before < 5000); // the source would be silent for a minute
});

test('a source that hangs after a stop is reported and left behind after the grace', async () => {
  const overruns: Overrun[] = [];
  const stream = openStream({
    by,
    options: { graceMs: 20, name: 'answer', report: (overrun) => overruns.push(overrun) },
    start: async function* () {
      yield open();
      await never();
    },
  });
  const reading = stream[Symbol.asyncIterator]();
  await reading.next();
  const before = performance.now();
  const pending = reading.next();
  stream.stop();
  const { value } = await pending;
  assert.equal(value?.t === 'close' && value.why, 'cancelled');
  assert.ok(performance.now() - before < 5000); // the source would never end
  assert.ok(overruns.length > 0 && overruns.every(({ scope }) => scope === 'answer'));
});

test('a failure is an event; what is not ours keeps its text out of it', async () => {
  const seen: unknown[] = [];
  const failing = (error: Error) =>
    openStream({
      by,
      onFault: (fault) => seen.push(fault),
      // biome-ignore lint/correctness/useYield: it fails before it says anything
      start: async function* () {
        throw error;
      },
    }).result();
  const known = await failing(new IntramurosError('queue_full', 'Full.', { facts: { ahead: 3 } }));
  assert.equal(known.why, 'failed');
  assert.deepEqual(known.error, { code: 'queue_full', message: 'Full.', facts: { ahead: 3 } });
  const secret = new Error('the secret prompt');
  const unknown = await failing(secret);
  assert.equal(unknown.error?.code, 'internal');
  assert.doesNotMatch(JSON.stringify(unknown), /secret/);
  assert.deepEqual(seen, [secret]);
});

test('deadline, first and idle are each kept within 20 ms, and only while the reader waits', async () => {
  const timed = async (options: object, start: (scope: Scope) => AsyncIterable<Event>) => {
    const before = performance.now();
    const result = await openStream({ by, options, start }).result();
    return { why: result.why, code: result.error?.code, ms: performance.now() - before };
  };
  const cases = [
    await timed({ deadlineMs: 60 }, talker(1e9, 5)),
    await timed({ firstMs: 60 }, talker(1, 60_000)),
    await timed({ firstMs: 5_000, idleMs: 60 }, async function* (scope) {
      yield open();
      yield text('one');
      await sleep(60_000, undefined, { signal: scope.signal });
    }),
  ];
  for (const { why, code, ms } of cases) {
    assert.equal(why, 'timeout');
    assert.equal(code, 'timeout');
    assert.ok(ms >= 58 && ms < 100, `${ms} ms`);
  }
  const slowReader = openStream({ by, options: { idleMs: 30 }, start: talker(4) });
  let last: Event | undefined;
  for await (const event of slowReader) {
    await sleep(40);
    last = event;
  }
  assert.equal(last?.t === 'close' && last.why, 'stop');
});

test('a child scope never outlives its parent, and inherits the nearest deadline', async () => {
  const parent = Scope.open({ deadlineMs: 1_000 });
  const child = parent.child({ deadlineMs: 5_000 });
  assert.equal(child.deadline, parent.deadline);
  let ended = false;
  const task = child.spawn('work', async (signal) => {
    await sleep(60_000, undefined, { signal }).catch(() => {});
    ended = true;
  });
  assert.equal(parent.live, 1);
  await parent.close();
  assert.ok(ended && child.stopped);
  assert.equal(parent.live, 0);
  await task;
});

test('a task that ignores its stop is reported, not awaited', async () => {
  const overruns: Overrun[] = [];
  const scope = Scope.open({ graceMs: 10, report: (overrun) => overruns.push(overrun) });
  void scope.spawn('deaf', never);
  await scope.close();
  assert.deepEqual(overruns, [{ scope: 'scope', what: 'deaf', graceMs: 10 }]);
});

test('an outside signal stops the scope and keeps no listener of one that ended', async () => {
  const root = new AbortController();
  let listeners = 0;
  const { addEventListener, removeEventListener } = root.signal;
  root.signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    listeners += 1;
    return addEventListener.apply(root.signal, args);
  };
  root.signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    listeners -= 1;
    return removeEventListener.apply(root.signal, args);
  };
  for (let n = 0; n < 100; n += 1) {
    const scope = Scope.open({ signal: root.signal });
    await openStream({ by, scope, start: talker(2) }).result();
    await scope.close();
  }
  assert.equal(listeners, 0);
  const last = Scope.open({ signal: root.signal });
  const stream = openStream({ by, scope: last, start: talker(1e9, 1) });
  setTimeout(() => root.abort(), 10);
  assert.equal((await stream.result()).why, 'cancelled');
});

test('answer() gives the text alone and throws what the run failed with', async () => {
  const good = openStream({ by, start: talker(3) });
  assert.equal((await Array.fromAsync(good.answer())).join(''), '0 1 2 ');
  const bad = openStream({
    by,
    start: async function* () {
      yield open();
      yield text('half');
      throw new IntramurosError('engine_crashed', 'It ended.');
    },
  });
  const got: string[] = [];
  await assert.rejects(
    async () => {
      for await (const s of bad.answer()) got.push(s);
    },
    { code: 'engine_crashed' },
  );
  assert.deepEqual(got, ['half']);
});

test('share: a stalled reader stalls the source at the limit, and nothing is lost', async () => {
  let said = 0;
  const counted = async function* (scope: Scope) {
    for await (const event of talker(500)(scope)) {
      said += 1;
      yield event;
    }
  };
  const [fast, slow] = openStream({ by, start: counted }).share(2, { events: 16 }) as [Stream, Stream];
  const quick = fast.result();
  await sleep(30);
  assert.ok(said <= 18, `${said} events read for a reader that has not begun`);
  const [a, b] = await Promise.all([quick, slow.result()]);
  assert.equal(a.text, b.text);
  assert.equal(a.text.split(' ').length, 501);
});

test('share: joining text keeps the bytes bounded and the text whole', async () => {
  const [fast, slow] = openStream({ by, start: talker(500) }).share(2, {
    events: 8,
    bytes: 256,
    policy: 'coalesce',
  }) as [Stream, Stream];
  const quick = fast.result();
  await sleep(20);
  const late = await Array.fromAsync(slow);
  const firstText = late.find((event) => event.t === 'text');
  const bytes = Buffer.byteLength(firstText?.s ?? '');
  assert.ok(bytes >= 240 && bytes <= 270, `${bytes} bytes waited, joined, for the reader that began late`);
  const joined = late.map((event) => (event.t === 'text' ? event.s : '')).join('');
  assert.equal((await quick).text, joined);
});

test('share: the last reader to leave stops the source; the others go on', async () => {
  let released = false;
  const readers = openStream({ by, start: talker(1e9, 0, () => (released = true)) }).share(3);
  const leaveAfter = async (stream: Stream, events: number): Promise<void> => {
    let n = 0;
    for await (const _ of stream) if (++n === events) break;
  };
  await Promise.all(readers.slice(1).map((reader, at) => leaveAfter(reader, at + 2)));
  assert.equal(released, false);
  await leaveAfter(readers[0] as Stream, 200);
  assert.equal(released, true);
});

type Fault = 'none' | 'throw' | 'hang' | 'end' | 'late' | 'close-twice' | 'no-open';

/** A source with one fault at one place. */
function faulty(fault: Fault, at: number, length: number) {
  return async function* (scope: Scope): AsyncGenerator<Event> {
    if (fault !== 'no-open') yield open();
    for (let n = 0; n < length; n += 1) {
      if (n === at && fault === 'throw') throw new Error('fault');
      if (n === at && fault === 'hang') await never();
      if (n === at && fault === 'end') return;
      if (n === at && fault === 'late') {
        await new Promise((_, reject) => scope.onStop(() => setTimeout(reject, 3, new Error('late'))));
      }
      if (n === at && fault === 'close-twice') yield close();
      yield text(`${n} `);
    }
    yield close();
  };
}

test('10,000 random runs with faults: one open, one close, no scope left, no rejection without an owner', async () => {
  const root = Scope.open({ graceMs: 2 });
  const faults: readonly Fault[] = ['none', 'throw', 'hang', 'end', 'late', 'close-twice', 'no-open'];
  const run = fc.record({
    fault: fc.constantFrom(...faults),
    at: fc.nat(4),
    length: fc.nat(5),
    readers: fc.constantFrom(0, 0, 1, 3),
    leaveAt: fc.option(fc.nat(6), { nil: undefined }),
    stopAt: fc.option(fc.nat(6), { nil: undefined }),
    twice: fc.boolean(),
  });
  const check = async (c: { [K in keyof typeof run]?: never } & Awaited<ReturnType<typeof sample>>[number]) => {
    const source = openStream({ by, scope: root, start: faulty(c.fault, c.at, c.length) });
    const streams = c.readers === 0 ? [source] : source.share(c.readers);
    const hangs = c.fault === 'hang' || c.fault === 'late';
    await Promise.all(
      streams.map(async (stream) => {
        const events: Event[] = [];
        // What hangs for ever has to be told to stop by somebody.
        const timer = hangs ? setTimeout(() => source.stop(), 4) : undefined;
        let left = false;
        for await (const event of stream) {
          if (events.length === c.stopAt) stream.stop();
          events.push(event);
          if (events.length - 1 === c.leaveAt) {
            left = true;
            break;
          }
        }
        clearTimeout(timer);
        await stream[Symbol.asyncDispose]();
        if (c.twice) await stream[Symbol.asyncDispose]();
        assert.equal(events[0]?.t, 'open');
        assert.equal(events.filter(({ t }) => t === 'open').length, 1);
        if (!left) assert.equal(events.at(-1)?.t, 'close');
        assert.ok(events.slice(0, -1).every(({ t }) => t !== 'close'));
      }),
    );
  };
  const sample = async () => fc.sample(run, { seed: 20261123, numRuns: 10_000 });
  const cases = await sample();
  for (let n = 0; n < cases.length; n += 500) {
    await Promise.all(cases.slice(n, n + 500).map((c) => check(c)));
  }
  assert.equal(root.live, 0);
});
