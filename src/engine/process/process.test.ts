import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { after, before, describe, test } from 'node:test';
import { starterModelFile } from '../../../test/parts/starter-model.ts';
import type { EngineEvent } from '../types.ts';
import type { FromProcess, ProcessGenerateRequest, StartOptions, ToProcess } from './protocol.ts';

const entry = join(import.meta.dirname, 'main.ts');
const folder = mkdtempSync(join(tmpdir(), 'intramuros-process-'));
const sizes = { contextTokens: 4096, parallel: 4, threads: 1, queueLimit: 64 } as const;
let file: string;

/** The supervisor's end of the channel, bare. */
class Peer {
  readonly child: ChildProcess;
  readonly messages: FromProcess[] = [];
  readonly exited: Promise<unknown[]>;
  #wake: () => void = () => {};
  #nextId = 1;

  constructor(start: StartOptions) {
    this.child = fork(entry, [], { serialization: 'advanced', stdio: ['ignore', 'inherit', 'pipe', 'ipc'] });
    this.exited = once(this.child, 'exit');
    this.child.on('message', (message) => {
      this.messages.push(message as FromProcess);
      this.#wake();
    });
    this.child.on('exit', () => this.#wake());
    this.send({ type: 'start', options: start });
  }

  send(message: ToProcess): void {
    this.child.send(message);
  }

  async wait<T extends FromProcess['type']>(
    type: T,
    matches: (message: Extract<FromProcess, { type: T }>) => boolean = () => true,
  ): Promise<Extract<FromProcess, { type: T }>> {
    while (true) {
      const found = this.messages.find((message) => message.type === type && matches(message as never));
      if (found) return found as Extract<FromProcess, { type: T }>;
      const fatal = this.messages.find((message) => message.type === 'fatal');
      if (fatal || this.child.exitCode !== null)
        throw new Error(`ended: ${JSON.stringify(fatal ?? this.child.exitCode)}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  start(request: Partial<ProcessGenerateRequest> & Pick<ProcessGenerateRequest, 'prompt'>): number {
    const id = this.#nextId++;
    const defaults = { fairKey: 'a', isolationKey: 'a', sampling: { temperature: 0 } };
    this.send({ type: 'generate', id, request: { ...defaults, ...request } });
    return id;
  }

  async finish(id: number): Promise<readonly EngineEvent[]> {
    await this.wait('step', ({ events }) => events.some(([of, event]) => of === id && event.type === 'done'));
    return this.messages.flatMap((message) =>
      message.type === 'step' ? message.events.filter(([of]) => of === id).map(([, event]) => event) : [],
    );
  }
}

const chat = (content: string) => ({ kind: 'chat' as const, messages: [{ role: 'user' as const, content }] });
const textOf = (events: readonly EngineEvent[]): string =>
  events.map((event) => (event.type === 'delta' ? event.text : '')).join('');

before(async () => {
  file = await starterModelFile();
});
after(() => rmSync(folder, { recursive: true }));

describe('a process with a model', () => {
  let peer: Peer;
  before(async () => {
    peer = new Peer({ ...sizes, file, purpose: 'generation' });
    await peer.wait('ready');
  });
  after(async () => {
    peer.send({ type: 'stop' });
    assert.deepEqual(await peer.exited, [0, null]);
  });

  test('tells how the load goes and what it took', async () => {
    const phases = peer.messages.flatMap((message) => (message.type === 'loading' ? [message.phase] : []));
    assert.deepEqual([...new Set(phases)], ['starting', 'reading', 'warming']);
    const ready = await peer.wait('ready');
    assert.equal(ready.contextTokens, 4096);
    assert.equal(ready.contextTokensPerRequest, 4096);
    assert.ok(ready.memory.weightsBytes > 90e6 && ready.memory.kvBytes > 90e6);
  });

  test('answers a chat in events of the promised order', async () => {
    const events = await peer.finish(peer.start({ prompt: chat('What is the capital of France?'), maxTokens: 20 }));
    assert.match(textOf(events), /\S/);
    const order = events.map(({ type }) => type).filter((type, at, all) => type !== all[at - 1]);
    assert.deepEqual(order.slice(-4), ['prompt', 'delta', 'finish', 'done']);
    const usage = events.at(-1);
    assert.ok(usage?.type === 'done' && usage.usage.completionTokens > 3 && usage.usage.promptTokens > 20);
  });

  test('a message that spells a special token gets letters, an innocent chat its usual tokens', async () => {
    const messages = [{ role: 'user', content: 'a <|im_end|> b' }] as const;
    peer.send({ type: 'render', id: 9001, messages });
    const rendered = await peer.wait('rendered', ({ id }) => id === 9001);
    peer.send({ type: 'tokenize', id: 9002, text: '<|im_end|>', addSpecial: false, parseSpecial: true });
    const end = (await peer.wait('tokenized', ({ id }) => id === 9002)).tokens[0]!.token;
    assert.equal(
      rendered.text.split('<|im_end|>').length - 1 - 1,
      rendered.tokens.filter((token) => token === end).length,
    );
    peer.send({ type: 'detokenize', id: 9003, tokens: rendered.tokens });
    assert.equal((await peer.wait('detokenized', ({ id }) => id === 9003)).text, rendered.text);

    peer.send({ type: 'render', id: 9004, messages: [{ role: 'user', content: '\n\nHello  world\n' }] });
    const innocent = await peer.wait('rendered', ({ id }) => id === 9004);
    peer.send({ type: 'tokenize', id: 9005, text: innocent.text, addSpecial: true, parseSpecial: true });
    const usual = await peer.wait('tokenized', ({ id }) => id === 9005);
    assert.deepEqual(
      innocent.tokens,
      usual.tokens.map(({ token }) => token),
    );
  });

  test('the second turn computes only what is new', async () => {
    const first = await peer.finish(peer.start({ prompt: chat('Name three rivers of Europe.'), maxTokens: 40 }));
    const messages = [
      { role: 'user' as const, content: 'Name three rivers of Europe.' },
      { role: 'assistant' as const, content: textOf(first) },
      { role: 'user' as const, content: 'And which is the longest?' },
    ];
    const second = await peer.finish(peer.start({ prompt: { kind: 'chat', messages }, maxTokens: 4 }));
    const firstDone = first.at(-1);
    const done = second.at(-1);
    assert.ok(firstDone?.type === 'done' && done?.type === 'done');
    const known = firstDone.usage.promptTokens + firstDone.usage.completionTokens;
    assert.ok(done.usage.cachedPromptTokens >= known - 3, `${done.usage.cachedPromptTokens} of ${known}`);
  });

  test('refuses what cannot be done, with figures', async () => {
    const long = peer.start({ prompt: { kind: 'tokens', tokens: Array.from({ length: 5000 }, () => 100) } });
    const { problem } = await peer.wait('failed', ({ id }) => id === long);
    assert.equal(problem.code, 'context_exceeded');
    assert.deepEqual(problem.facts, { promptTokens: 5000, contextTokens: 4096 });
    const huge = peer.start({ prompt: { kind: 'text', text: 'x'.repeat(10_000_000) } });
    assert.equal((await peer.wait('failed', ({ id }) => id === huge)).problem.code, 'context_exceeded');
    const wrong = peer.start({ prompt: { kind: 'tokens', tokens: [1, 49_999_999] } });
    assert.equal((await peer.wait('failed', ({ id }) => id === wrong)).problem.code, 'invalid_request');
    peer.send({ type: 'embed', id: 9100, inputs: ['x'], fairKey: 'a' });
    assert.equal((await peer.wait('failed', ({ id }) => id === 9100)).problem.code, 'invalid_request');
  });

  test('a cancelled prompt stops long before it is computed and the next request works', async () => {
    const tokens = Array.from({ length: 1900 }, (_, at) => 1000 + at);
    const id = peer.start({ prompt: { kind: 'tokens', tokens }, isolationKey: 'cancel' });
    const steps = peer.messages.length;
    const probe = peer.start({ prompt: chat('Hi'), maxTokens: 1 }); // it is served, so the long prompt is being computed
    await peer.finish(probe);
    assert.ok(peer.messages.length > steps);
    const at = performance.now();
    peer.send({ type: 'cancel', id });
    await peer.wait('cancelled', (message) => message.id === id);
    const idle = await peer.wait('step', ({ state }) => state.counters.cancelled > 0);
    assert.ok(performance.now() - at < 2000, `${performance.now() - at} ms`);
    assert.equal(idle.state.activeRequests, 0);
    assert.match(textOf(await peer.finish(peer.start({ prompt: chat('Say hello.'), maxTokens: 8 }))), /\S/);
  });

  test('says every second that it lives while it works, and how many steps are done', async () => {
    const id = peer.start({ prompt: chat('Count.'), ignoreEndOfText: true, maxTokens: 3000 });
    await peer.wait('alive', ({ steps }) => steps > 0);
    peer.send({ type: 'cancel', id });
    await peer.wait('cancelled', (message) => message.id === id);
  });
});

test('a dry run predicts and ends; a damaged file ends with the cause in words', async () => {
  const dry = new Peer({ ...sizes, file, purpose: 'generation', dryRun: true });
  const { memory } = await dry.wait('predicted');
  assert.ok(memory.kvBytes > 90e6 && memory.computeBytes > 1e6);
  assert.deepEqual(await dry.exited, [0, null]);

  const cut = join(folder, 'cut.gguf');
  await pipeline(createReadStream(file, { end: 30_000_000 }), createWriteStream(cut));
  const broken = new Peer({ ...sizes, file: cut, purpose: 'generation' });
  await broken.exited;
  const fatal = broken.messages.at(-1);
  assert.ok(fatal?.type === 'fatal' && fatal.problem.code === 'model_file_invalid', JSON.stringify(fatal));
});

test('a process whose gateway is gone ends by itself', async () => {
  const peer = new Peer({ ...sizes, file, purpose: 'generation' });
  await peer.wait('ready');
  peer.start({ prompt: chat('Count to a thousand.') });
  peer.child.disconnect();
  assert.deepEqual(await peer.exited, [0, null]);
});

test('vectors have unit length, and likeness of meaning shows in them', async () => {
  const peer = new Peer({ ...sizes, file, purpose: 'embedding' });
  await peer.wait('ready');
  const inputs = [
    'The cat sleeps on the sofa.',
    'A cat is sleeping on a couch.',
    'Interest rates rose by 2 %.',
    [504, 3575],
  ];
  peer.send({ type: 'embed', id: 1, inputs, fairKey: 'a' });
  const { result } = await peer.wait('embedded');
  const dot = (a: Float32Array, b: Float32Array): number => a.reduce((sum, value, at) => sum + value * b[at]!, 0);
  assert.equal(result.vectors.length, 4);
  for (const vector of result.vectors) assert.ok(Math.abs(dot(vector, vector) - 1) < 1e-5);
  const [cat, couch, rates] = result.vectors;
  assert.ok(dot(cat!, couch!) > dot(cat!, rates!));
  peer.send({ type: 'embed', id: 2, inputs: [inputs[0]!], fairKey: 'a' });
  const again = await peer.wait('embedded', ({ id }) => id === 2);
  assert.ok(dot(again.result.vectors[0]!, cat!) > 0.9999);
  peer.send({ type: 'stop' });
  assert.deepEqual(await peer.exited, [0, null]);
});
