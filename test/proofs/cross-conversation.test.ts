import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTestGateway } from '../parts/test-gateway.ts';
import { tinyDetector } from '../parts/tiny-detector.ts';
import { openOpenAiUpstream } from '../parts/upstream-servers/index.ts';

/** Conversations that all use the same placeholders at the same time, each for its own people, never get another's. */
const conversations = process.env.INTRAMUROS_TEST_SUMMARY === undefined ? 1_000 : 30;
const atOnce = 16;
const saas = { tier: 'saas', country: 'US', extraEuExposure: true, retentionDays: 0, trainsOnData: false } as const;

const letters = (number: number): string => [...String(number)].map((digit) => 'abcdefghij'[Number(digit)]).join('');
const nameOf = (number: number): string => `Xavier${letters(number)} Zarka${letters(number)}`;

test('no conversation ever gets back what another hid', async () => {
  // Every answer is full of placeholders, of one's own and of ones that were never given out.
  const pieces = ['[[PER', 'SONNE_1]', '] et [[personne_1]', '], [[TELEPHONE_1]], [[PERSONNE_2]], [[NIR_1', ']].'];
  await using server = await openOpenAiUpstream({ pieces: () => pieces });
  await using gateway = await openTestGateway({
    conversations: true,
    detector: tinyDetector,
    serves: [
      {
        id: 'cloud',
        title: 'cloud',
        kind: 'openai',
        urls: [`${server.url}/v1`],
        destination: saas,
        models: [{ name: 'echo', capabilities: ['chat'] }],
      },
    ],
  });
  const seen = { answers: 0, crossed: 0 };
  const answerOf = async (number: number): Promise<void> => {
    const phone = `06 ${String(10_000_000 + number).replace(/(..)(?=.)/g, '$1 ')}`;
    const made = (await (await gateway.ask('/api/conversations', { body: {} })).json()) as { id: string };
    let parentId: string | null = null;
    for (const content of [`M. ${nameOf(number)} au ${phone}`, 'Redites-le.']) {
      const body = { kind: 'ask', parentId, content, model: 'cloud/echo' };
      const reply = await gateway.ask(`/api/conversations/${made.id}/answers`, { body });
      const text = await reply.text();
      assert.ok(reply.ok, text);
      const answer = (await gateway.rooms.conversations.of('local').messages(made.id)).at(-1);
      const name = nameOf(number);
      const wanted = `${name} et ${name}, ${phone}, [[PERSONNE_2]], [[NIR_1]].`;
      seen.answers += 1;
      if (answer?.content !== wanted) seen.crossed += 1;
      assert.equal(answer?.content, wanted);
      parentId = answer?.id ?? null;
    }
  };
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < conversations) await answerOf(next++);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  for (const { rawBody } of server.seen) assert.doesNotMatch(rawBody.toString(), /Xavier|Zarka|06 10/);
  console.log(
    `PROOF cross-conversation ${seen.answers} answers in ${conversations} conversations, ${atOnce} at once: ${seen.crossed} with another's data`,
  );
});
