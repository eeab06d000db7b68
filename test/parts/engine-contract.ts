import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import type { Engine, EngineEvent, GenerateRequest } from '../../src/engine/index.ts';

/** An engine under contract, with a model that chats and, if it has one, a model that embeds. */
export interface EngineUnderTest {
  readonly engine: Engine;
  readonly model: string;
  readonly embeddingModel?: string;
  /** Answers at the same time. */
  readonly parallel: number;
}

type Event<T extends EngineEvent['type']> = Extract<EngineEvent, { type: T }>;

/** All events of a kind. */
export function eventsOf<T extends EngineEvent['type']>(events: readonly EngineEvent[], type: T): readonly Event<T>[] {
  return events.filter((event): event is Event<T> => event.type === type);
}

/** Text of one choice. */
export function textOf(events: readonly EngineEvent[], choice = 0): string {
  return eventsOf(events, 'delta')
    .filter((delta) => delta.choice === choice && delta.kind === 'text')
    .map((delta) => delta.text)
    .join('');
}

/** Waits for a condition that the engine itself brings about, without guessing how long it takes. */
export async function until(condition: () => boolean, within = 10_000): Promise<void> {
  const end = performance.now() + within;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`Not so within ${within} ms: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** True while a process runs; one that ended and was not yet collected by its parent does not. */
export function isRunning(pid: number): boolean {
  try {
    if (existsSync('/proc/self')) return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return process.kill(pid, 0);
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}

/** The promises of `Engine` that hold for any model. Every engine passes them: the real one and the echo. */
export function engineContract(name: string, open: () => Promise<EngineUnderTest>): void {
  describe(`engine contract: ${name}`, () => {
    let under: EngineUnderTest;
    before(async () => {
      under = await open();
    });
    after(() => under?.engine.close());

    let asked = 0;
    const request = (over: Partial<GenerateRequest> = {}): GenerateRequest => ({
      model: under.model,
      prompt: { kind: 'chat', messages: [{ role: 'user', content: 'Count in words: one two three four five six' }] },
      sampling: { temperature: 0 },
      maxTokens: 12,
      fairKey: 'contract',
      isolationKey: `contract-${asked++}`,
      ...over,
    });
    const run = async (over: Partial<GenerateRequest> = {}, signal?: AbortSignal): Promise<EngineEvent[]> =>
      Array.fromAsync(under.engine.generate(request(over), signal ? { signal } : {}));
    const state = () => under.engine.list().find((model) => model.id === under.model);
    const longPrompt = { kind: 'text', text: 'a long way to go '.repeat(20) } as const;
    const idle = () => until(() => state()?.activeRequests === 0 && state()?.queuedRequests === 0);

    test('events come in order: waiting, prompt, deltas, finish, done', async () => {
      const events = await run();
      const kinds = events.map((event) => event.type).filter((type) => type !== 'loading' && type !== 'queued');
      assert.equal(kinds[0], 'prompt');
      assert.equal(kinds.at(-1), 'done');
      assert.equal(kinds.at(-2), 'finish');
      assert.ok(textOf(events).length > 0);
      const { usage } = eventsOf(events, 'done')[0]!;
      assert.equal(usage.promptTokens, eventsOf(events, 'prompt')[0]!.promptTokens);
      const told = eventsOf(events, 'delta').reduce((sum, delta) => sum + delta.tokens, 0);
      assert.ok(told <= usage.completionTokens && usage.completionTokens <= 12, `${told} ${usage.completionTokens}`);
    });

    test('no answer is longer than maxTokens, and a cut one says so', async () => {
      const events = await run({ maxTokens: 5, ignoreEndOfText: true });
      assert.equal(eventsOf(events, 'done')[0]!.usage.completionTokens, 5);
      assert.equal(eventsOf(events, 'finish')[0]!.reason, 'length');
    });

    test('maxTokens 0 evaluates the prompt and says nothing', async () => {
      const events = await run({ maxTokens: 0 });
      assert.equal(eventsOf(events, 'delta').length, 0);
      assert.equal(eventsOf(events, 'finish')[0]!.reason, 'length');
      assert.equal(eventsOf(events, 'done')[0]!.usage.completionTokens, 0);
    });

    test('a stop sequence ends the answer just before it', async () => {
      const whole = textOf(await run({ maxTokens: 24 }));
      const stop = whole.slice(Math.floor(whole.length / 2), Math.floor(whole.length / 2) + 3);
      const events = await run({ maxTokens: 24, stop: ['never said', stop] });
      assert.equal(textOf(events), whole.slice(0, whole.indexOf(stop)));
      assert.deepEqual(eventsOf(events, 'finish')[0], {
        type: 'finish',
        choice: 0,
        reason: 'stop',
        stopSequence: stop,
      });
    });

    test('each choice has its own text and finish, over one prompt', async () => {
      const events = await run({ choices: 3, maxTokens: 4 });
      assert.deepEqual(
        eventsOf(events, 'finish')
          .map((finish) => finish.choice)
          .sort(),
        [0, 1, 2],
      );
      assert.equal(eventsOf(events, 'prompt').length, 1);
      assert.equal(textOf(events, 1), textOf(events, 0));
      assert.equal(textOf(events, 2), textOf(events, 0));
    });

    test('log-probabilities come with each token, with as many alternatives as asked', async () => {
      const events = await run({ logprobs: 2, maxTokens: 4, prompt: longPrompt, promptLogprobs: true });
      const tokens = eventsOf(events, 'delta').flatMap((delta) => delta.logprobs ?? []);
      assert.ok(tokens.length > 0);
      for (const token of tokens) {
        assert.ok(token.logprob <= 0 && token.logprob >= -9999);
        assert.equal(token.top.length, 2);
        assert.ok(token.top[0]!.logprob >= token.top[1]!.logprob);
      }
      const bytes = Buffer.from(tokens.flatMap((token) => token.bytes));
      assert.ok(bytes.toString().startsWith(textOf(events)));
      const prompt = eventsOf(events, 'prompt')[0]!;
      assert.equal(prompt.tokens?.length, prompt.promptTokens);
      assert.ok(Number.isNaN(prompt.tokens?.[0]?.logprob));
      assert.ok(prompt.tokens!.slice(1).every((token) => token.logprob <= 0));
    });

    test('a prompt seen before is taken from the cache, but never across isolation keys', async () => {
      await run({ prompt: longPrompt, isolationKey: 'alice', maxTokens: 2 });
      const again = await run({ prompt: longPrompt, isolationKey: 'alice', maxTokens: 2 });
      const other = await run({ prompt: longPrompt, isolationKey: 'bob', maxTokens: 2 });
      const { promptTokens, cachedTokens } = eventsOf(again, 'prompt')[0]!;
      assert.ok(cachedTokens >= promptTokens / 2, `${cachedTokens} of ${promptTokens}`);
      assert.equal(eventsOf(other, 'prompt')[0]!.cachedTokens, 0);
      assert.equal(textOf(again), textOf(other));
    });

    test('a prompt over the context is refused with both figures', async () => {
      await run({ maxTokens: 1 });
      const text = 'much too long '.repeat(state()!.contextTokens);
      await assert.rejects(run({ prompt: { kind: 'text', text } }), (error: unknown) => {
        const { code, facts } = error as { code: string; facts: Record<string, number> };
        assert.equal(code, 'context_exceeded');
        assert.ok(facts.promptTokens! > facts.contextTokens!);
        return true;
      });
    });

    test('a model that is not installed is refused', async () => {
      await assert.rejects(run({ model: 'no-such-model' }), { code: 'model_not_found' });
    });

    test('aborting throws the reason and frees the engine', async () => {
      const stop = new AbortController();
      const reason = new Error('the reader left');
      const seen: EngineEvent[] = [];
      await assert.rejects(async () => {
        const long = request({ maxTokens: 2000, ignoreEndOfText: true });
        for await (const event of under.engine.generate(long, { signal: stop.signal })) {
          seen.push(event);
          if (event.type === 'delta') stop.abort(reason);
        }
      }, reason);
      assert.ok(eventsOf(seen, 'done').length === 0);
      await idle();
    });

    test('an aborted signal starts nothing', async () => {
      const before = state()?.counters.requests;
      await assert.rejects(run({}, AbortSignal.abort(new Error('too late'))), /too late/);
      assert.equal(state()?.counters.requests, before);
    });

    test('leaving the loop early frees the engine', async () => {
      for await (const event of under.engine.generate(request({ maxTokens: 2000, ignoreEndOfText: true }))) {
        if (event.type === 'delta') break;
      }
      await idle();
    });

    test('more requests than places all finish', async () => {
      const many = Array.from({ length: under.parallel + 3 }, (_, at) =>
        run({ maxTokens: 4, ignoreEndOfText: true, fairKey: `person-${at % 3}` }),
      );
      for (const events of await Promise.all(many)) {
        assert.equal(eventsOf(events, 'done')[0]?.usage.completionTokens, 4);
      }
      await idle();
    });

    test('tokens turn back into the text they came from', async () => {
      const text = 'Élan vital: 東京 👩‍🚀, « naïve ».';
      const tokens = await under.engine.tokenize({ model: under.model, text, addSpecial: false });
      assert.equal(Buffer.from(tokens.flatMap((token) => token.bytes)).toString(), text);
      const back = await under.engine.detokenize({ model: under.model, tokens: tokens.map(({ token }) => token) });
      assert.equal(back, text);
    });

    test('render shows the prompt that a generation computes', async () => {
      const messages = [{ role: 'user', content: 'What is rendered?' }] as const;
      const { text, tokens } = await under.engine.render({ model: under.model, messages });
      assert.ok(text.includes('What is rendered?'));
      const events = await run({ prompt: { kind: 'chat', messages }, maxTokens: 0 });
      assert.equal(eventsOf(events, 'prompt')[0]!.promptTokens, tokens.length);
    });

    test('embeddings have length one and near texts are near', async (t) => {
      const model = under.embeddingModel;
      if (!model) return t.skip('this engine has no embedding model');
      const inputs = ['the cat sleeps', 'the cat sleeps', 'the cat sleeps here', 'stock markets fell'];
      const { vectors, promptTokens } = await under.engine.embed({ model, inputs, fairKey: 'contract' });
      assert.ok(promptTokens > 0);
      const [a, b, c, d] = vectors as [Float32Array, Float32Array, Float32Array, Float32Array];
      const dot = (x: Float32Array, y: Float32Array) => x.reduce((sum, value, at) => sum + value * y[at]!, 0);
      for (const vector of vectors) assert.ok(Math.abs(dot(vector, vector) - 1) < 1e-3);
      assert.ok(dot(a, b) > 0.999);
      assert.ok(dot(a, c) > dot(a, d));
    });

    test('a model is loaded, listed, unloaded, and loaded again when asked', async () => {
      const phases = await Array.fromAsync(under.engine.load(under.model));
      assert.ok(phases.every(({ progress }) => progress >= 0 && progress <= 1));
      assert.equal(state()?.state, 'ready');
      await under.engine.unload(under.model);
      assert.equal(state(), undefined);
      const events = await run({ maxTokens: 1 });
      assert.ok(eventsOf(events, 'loading').length > 0);
      assert.equal(state()?.state, 'ready');
    });

    test('a closed engine refuses in words', async () => {
      await under.engine.close();
      assert.deepEqual(under.engine.list(), []);
      await assert.rejects(run(), { code: 'engine_unavailable' });
    });
  });
}
