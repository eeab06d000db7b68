import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { openEchoEngine } from '../../../test/parts/echo-engine.ts';
import { describeModel, openMemoryLibrary } from '../../../test/parts/memory-library.ts';
import { noCaps, person } from '../../../test/parts/people.ts';
import { embeddedPlace, place } from '../../../test/parts/places.ts';
import { openTestGate } from '../../../test/parts/test-gate.ts';
import { IntramurosError, silentLog } from '../../base/index.ts';
import type { ConversationRoom } from '../../conversations/index.ts';
import type { EngineEvent } from '../../engine/index.ts';
import { type Clearance, type Destination, type Label, levels, tiers } from '../../policy/index.ts';
import type { Upstream, UpstreamModel } from '../../upstreams/index.ts';
import { openAnswers } from './answers.ts';
import { noUpstreams } from './no-upstreams.ts';
import type { AnswersOptions } from './types.ts';

const { gate, ...decided } = openTestGate();
const engine = openEchoEngine({ models: ['here'] });
const library = openMemoryLibrary([describeModel('here', ['chat'])]);
after(async () => {
  await engine.close();
  await decided[Symbol.asyncDispose]();
});

interface Place {
  readonly tier: Destination['tier'];
  readonly down: boolean;
  /** Attributes that let more in, or nothing. */
  readonly kept: boolean;
}

/** What was dialled, with the right it was dialled with. */
interface Dial {
  readonly model: UpstreamModel;
  readonly clearance: Clearance;
}

function* answered(words: string): Generator<EngineEvent> {
  yield { type: 'prompt', promptTokens: 1, cachedTokens: 0 };
  yield { type: 'delta', choice: 0, kind: 'text', text: words, tokens: 1 };
  yield { type: 'finish', choice: 0, reason: 'stop' };
  const times = { queueMs: 0, promptMs: 0, generationMs: 0, thinkingTokens: 0, cachedPromptTokens: 0 };
  yield { type: 'done', usage: { ...times, promptTokens: 1, completionTokens: 1 } };
}

/** Places in memory that answer with their own name, or are down, and refuse whoever comes without a right to be there. */
function openPlaces(
  places: readonly Place[],
  fallbacks: readonly string[],
  dials: Dial[],
): AnswersOptions['upstreams'] {
  const models = places.map(({ tier, kept }, n): UpstreamModel => {
    const said = {
      country: 'FR',
      retentionDays: kept ? 0 : 30,
      trainsOnData: !kept,
      dpaRef: kept ? 'DPA-1' : undefined,
    };
    const destination = place(`place-${n}`, tier, said);
    const capabilities = ['chat'] as const;
    return {
      id: `p${n}/m`,
      upstreamId: `p${n}`,
      name: 'm',
      capabilities,
      contextTokens: 100,
      price: undefined,
      destination,
    };
  });
  const list = models.map(({ upstreamId }) => ({ id: upstreamId, fallbacks }) as unknown as Upstream);
  return {
    ...noUpstreams,
    list: () => list,
    models: () => models,
    findModel: (id) => models.find((model) => model.id === id),
    async *generate(clearance, _request, { model }) {
      dials.push({ model, clearance });
      const at = models.findIndex(({ id }) => id === model.id);
      if (places[at]?.down) throw new IntramurosError('upstream_unavailable', 'It is down.');
      yield* answered(model.id);
    },
  };
}

const aPlace = fc.record({
  tier: fc.constantFrom(...tiers.filter((tier) => tier !== 'embedded')),
  down: fc.boolean(),
  kept: fc.boolean(),
});
const aLabel = fc.record(
  { level: fc.constantFrom(...levels), mentions: fc.subarray(['PII', 'CODE']), compartments: fc.constant([]) },
  { noNullPrototype: true },
);
const names = ['p0/m', 'p1/m', 'p2/m', 'p3', 'p1', 'here', 'gone/m'];

test('whatever is down and in whatever order, no run goes up, nor where its label may not go, nor without a right', async () => {
  let fellBack = 0;
  let denied = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(aPlace, { minLength: 4, maxLength: 4 }),
      fc.shuffledSubarray(names),
      aLabel,
      async (places, fallbacks, label: Label) => {
        const dials: Dial[] = [];
        const upstreams = openPlaces(places, fallbacks, dials);
        const answers = openAnswers({
          engine,
          library,
          conversations: {} as ConversationRoom, // nothing is stored in these runs
          gate,
          quotas: noCaps,
          upstreams,
          embedded: () => embeddedPlace,
          bytesOf: () => ({ sentBytes: 0, receivedBytes: 0 }),
          log: silentLog(),
          defaultLabel: { level: 'PUBLIC', mentions: [], compartments: [] },
        });
        const who = person('ada');
        const stream = answers.answer({
          caller: { who, raises: [{ kind: 'client', id: 'x', label }] },
          model: 'p0/m',
          input: { kind: 'chat', messages: [{ role: 'user', content: 'hello' }] },
        });
        const result = await stream.result();
        const routed = result.notes.flatMap((note) => (note.kind === 'routed' ? [note.data] : []));
        const first = tiers.indexOf(places[0]?.tier ?? 'embedded');
        assert.ok(
          routed.every(({ tier }) => tiers.indexOf(tier) <= first),
          'a run went up',
        );
        for (const { clearance, model } of dials) {
          assert.ok(gate.verify(clearance), 'without a right');
          assert.equal(clearance.destinationId, model.destination.id);
          const { roles, groups, compartments, ceiling } = who;
          const subject = { id: who.personId, roles, groups, compartments, ceiling };
          const decision = gate.policy.decide({ subject, action: 'infer', label, destination: model.destination });
          assert.equal(decision.effect, 'allow', 'against its label');
        }
        assert.equal(new Set(routed.map(({ decisionId }) => decisionId)).size, routed.length, 'one decision a place');
        if (result.why === 'stop') assert.ok(result.text === 'hello' || !placeOf(places, result.text)?.down);
        else assert.ok(['denied', 'failed'].includes(result.why) && result.error !== undefined);
        if (result.why === 'denied') assert.equal(dials.length, 0);
        fellBack += routed.length > 1 ? 1 : 0;
        denied += result.why === 'denied' ? 1 : 0;
      },
    ),
    { numRuns: 300 },
  );
  assert.ok(fellBack > 5 && denied > 20, `${fellBack} fell back, ${denied} were denied: the cases are too tame`);
});

const placeOf = (places: readonly Place[], model: string): Place | undefined => places[Number(model[1])];
