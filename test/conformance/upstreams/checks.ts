import assert from 'node:assert/strict';
import { IntramurosError } from '../../../src/base/index.ts';
import type { EngineEvent, GenerateRequest } from '../../../src/engine/index.ts';
import type { UpstreamInput, UpstreamModel } from '../../../src/upstreams/index.ts';
import { onPremises, type UpstreamRoom } from '../../parts/upstream-room.ts';

/** A peer that really answers. */
export interface RealPeer {
  readonly id: string;
  readonly kind: UpstreamInput['kind'];
  readonly flavour?: UpstreamInput['flavour'];
  readonly url: string;
  readonly key: string;
  readonly model: string;
  /** Tokens that one prompt may have there. */
  readonly contextTokens: number;
  /** Checks that this peer cannot pass whoever asks, and why. */
  readonly leftOut: Readonly<Record<string, string>>;
}

/** Names of checks that not every peer can pass. */
export const checkNames = {
  model: 'an unknown model is told',
  key: 'a wrong key is told',
  limit: 'max_tokens ends with length, a stop sequence with stop and outside the text',
  seed: 'the same seed gives the same text, and log-probabilities stand for the text',
  text: 'text prompts are completed, and what is relayed is what the peer sends',
} as const;

const question = 'Write one sentence about the café of the village.';
const ask = (model: UpstreamModel, more: Partial<GenerateRequest> = {}): GenerateRequest => ({
  model: model.id,
  prompt: { kind: 'chat', messages: [{ role: 'user', content: question }] },
  maxTokens: 24,
  sampling: { temperature: 0 },
  fairKey: 'conformance',
  isolationKey: 'conformance',
  ...more,
});

/** What every real peer must do with this room, each by name. */
export async function* checksOf(
  room: UpstreamRoom,
  peer: RealPeer,
): AsyncGenerator<[name: string, () => Promise<void>]> {
  const { id, kind, flavour, url, key } = peer;
  const declare = (name: string, more: Partial<UpstreamInput> = {}): Promise<UpstreamModel> =>
    room.declare({
      id: name,
      title: name,
      kind,
      urls: [url],
      ...(flavour ? { flavour } : {}),
      destination: onPremises,
      models: [{ name: peer.model, capabilities: ['chat', 'completion'] }],
      secret: { apiKey: key },
      ...more,
    });
  const model = await declare(id);
  const run = async (request: GenerateRequest, of = model): Promise<EngineEvent[]> => {
    const events: EngineEvent[] = [];
    for await (const event of room.upstreams.generate(await room.clear(of), request, { model: of })) events.push(event);
    return events;
  };
  const textOf = (events: readonly EngineEvent[]): string =>
    events.map((event) => (event.type === 'delta' ? event.text : '')).join('');
  const fails = async (
    code: string,
    reason: string | undefined,
    request: GenerateRequest,
    of = model,
  ): Promise<void> => {
    const error = await run(request, of).then(
      () => assert.fail('must fail'),
      (failure: unknown) => failure,
    );
    assert.ok(error instanceof IntramurosError, String(error));
    assert.deepEqual([error.code, reason && error.facts.reason], [code, reason], error.message);
  };
  const subject = { id: 'conformance', roles: [], groups: [], compartments: [], ceiling: undefined };

  yield [
    'the live test passes and lists the model',
    async () => {
      const result = await room.upstreams.test(id, { subject });
      assert.ok(result.ok, result.words);
      assert.ok(
        result.models.some((name) => name.includes(peer.model)),
        result.models.join(),
      );
    },
  ];
  yield [
    'an answer streams, ends, and is counted by the peer',
    async () => {
      const events = await run(ask(model));
      const done = events.at(-1);
      assert.ok(done?.type === 'done' && textOf(events).length > 10);
      assert.equal(done.usage.estimated, undefined, 'its counts are believed');
      assert.ok(done.usage.completionTokens <= 24 && done.usage.promptTokens > 8);
    },
  ];
  yield [
    checkNames.limit,
    async () => {
      const short = await run(ask(model, { maxTokens: 3 }));
      assert.ok(short.some((event) => event.type === 'finish' && event.reason === 'length'));
      const [word = ''] = textOf(await run(ask(model)))
        .split(' ')
        .slice(3, 4);
      const stopped = await run(ask(model, { stop: [word] }));
      assert.ok(!textOf(stopped).includes(word), `${word}: ${textOf(stopped)}`);
      assert.ok(stopped.some((event) => event.type === 'finish' && event.reason === 'stop'));
    },
  ];
  yield [
    checkNames.key,
    async () => {
      const wrong = await declare(`${id}-key`, { secret: { apiKey: 'sk-wrong-wrong-wrong' } });
      await fails('upstream_failed', 'wrong_key', ask(wrong), wrong);
    },
  ];
  yield [
    'a wrong address is told',
    async () => {
      const wrong = await declare(`${id}-address`, { urls: [`${url}/nowhere`] });
      await fails('upstream_failed', 'wrong_address', ask(wrong), wrong);
    },
  ];
  yield [
    checkNames.model,
    async () => {
      const wrong = await declare(`${id}-model`, { models: [{ name: 'no-such-model' }] });
      await fails('upstream_failed', 'model_unknown', ask(wrong), wrong);
    },
  ];
  yield [
    'a prompt that does not fit is told, without its words',
    async () => {
      const content = 'unforgettable '.repeat(peer.contextTokens + 100);
      await fails(
        'context_exceeded',
        undefined,
        ask(model, { prompt: { kind: 'chat', messages: [{ role: 'user', content }] } }),
      );
    },
  ];
  yield [
    'leaving early frees the peer for the next question',
    async () => {
      for (let turn = 0; turn < 6; turn += 1) {
        for await (const event of room.upstreams.generate(await room.clear(model), ask(model, { maxTokens: 400 }), {
          model,
        }))
          if (event.type === 'delta') break;
      }
      assert.ok(textOf(await run(ask(model, { maxTokens: 4 }))).length > 0);
      assert.equal(room.upstreams.health(id)[0]?.activeRequests, 0);
    },
  ];
  yield [
    'several turns and a system text are taken',
    async () => {
      const messages = [
        { role: 'system' as const, content: 'You answer in French.' },
        { role: 'user' as const, content: 'Bonjour' },
        { role: 'assistant' as const, content: 'Bonjour, que puis-je faire ?' },
        { role: 'user' as const, content: 'Compte : un, deux, trois' },
      ];
      assert.ok(textOf(await run(ask(model, { prompt: { kind: 'chat', messages } }))).length > 0);
    },
  ];
  yield [
    checkNames.seed,
    async () => {
      const seeded = ask(model, { sampling: { temperature: 1, seed: 42 }, logprobs: 2 });
      const [first, second] = [await run(seeded), await run(seeded)];
      assert.equal(textOf(first), textOf(second));
      const tokens = first.flatMap((event) => (event.type === 'delta' ? (event.logprobs ?? []) : []));
      assert.equal(Buffer.concat(tokens.map(({ bytes }) => Buffer.from(bytes))).toString(), textOf(first));
      assert.ok(tokens.every(({ logprob, top }) => logprob <= 0 && top.length === 2));
    },
  ];
  yield [
    checkNames.text,
    async () => {
      const text = textOf(await run(ask(model, { prompt: { kind: 'text', text: 'One, two, three, four,' } })));
      assert.ok(text.length > 0);
      const body = Buffer.from(
        JSON.stringify({ model: model.id, max_tokens: 4, messages: [{ role: 'user', content: 'Hi' }], stream: true }),
      );
      const relayed = await room.upstreams.relay(
        await room.clear(model),
        { path: '/chat/completions', body },
        { model },
      );
      const parts: Buffer[] = [];
      for await (const part of relayed.body) parts.push(part as Buffer);
      assert.match(Buffer.concat(parts).toString(), /^data: \{[\s\S]*data: \[DONE\]\n\n$/);
    },
  ];
}
