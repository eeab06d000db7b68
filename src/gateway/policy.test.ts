import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { ownerIdentity } from '../../test/parts/owner-identity.ts';
import { person } from '../../test/parts/people.ts';
import { openTestGateway, type TestGateway } from '../../test/parts/test-gateway.ts';
import { IntramurosError } from '../base/index.ts';
import type { Identity, Who } from '../identity/index.ts';
import { type PolicyFile, shippedFiles } from '../policy/index.ts';

const rightsOf: Readonly<Record<string, readonly string[]>> = {
  ada: ['chat.use', 'model.use', 'destination.use', 'admin.policy', 'policy.approve', 'label.lower'],
  grace: ['chat.use', 'policy.approve', 'label.approve', 'audit.read'],
  guest: ['chat.use'],
};

/** People who are known by a header of the test: authentication has its own tests. */
function people(): Identity {
  return {
    ...ownerIdentity(),
    mode: 'accounts',
    people: { find: () => undefined } as unknown as Identity['people'],
    authenticate({ bearer = '' }): Who {
      const rights = rightsOf[bearer];
      if (rights === undefined) throw new IntramurosError('unauthorized', 'Who?');
      return person(bearer, { compartments: ['rh'], can: (right) => rights.includes(right) });
    },
  };
}

async function open(
  context: TestContext,
): Promise<TestGateway & { as(who: string, path: string, body?: unknown): Promise<Response> }> {
  const gateway = await openTestGateway({ conversations: true, identity: people() });
  context.after(() => gateway.close());
  const as = (who: string, path: string, body?: unknown) =>
    gateway.ask(path, { headers: { authorization: `Bearer ${who}` }, ...(body === undefined ? {} : { body }) });
  return { ...gateway, as };
}

// biome-ignore lint/suspicious/noExplicitAny: replies are read as a client reads them
const json = async (reply: Response, status = 200): Promise<any> => {
  const body = await reply.json();
  assert.equal(reply.status, status, JSON.stringify(body));
  return body;
};

const extra: PolicyFile = {
  name: '50-ours.cedar',
  text: '@id("ours-nothing-here")\n@reason("ours")\nforbid (principal, action, resource)\nwhen { context.label.atLeast.contains("SENSIBLE") && resource.tier == "embedded" };\n',
};
const files = [...shippedFiles().filter(({ name }) => name !== 'cases.yaml'), extra];

test('anybody sees what a label may be made of and what policy says of it; files and decisions need a right', async (context) => {
  const { as } = await open(context);
  const words = await json(await as('guest', '/api/labels'));
  assert.deepEqual(words.levels, ['PUBLIC', 'INTERNE', 'SENSIBLE', 'SP', 'DR', 'SECRET']);
  assert.deepEqual([words.compartments, words.default.level], [['rh'], 'INTERNE']);
  const said = await json(await as('guest', '/api/policy/explain', { label: 'DR; compartments=rh' }));
  assert.deepEqual(said.label, { level: 'DR', mentions: [], compartments: ['rh'] });
  assert.deepEqual(
    said.destinations.map(({ id, effect, reason, rules }: Record<string, unknown>) => [id, effect, reason, rules]),
    [['embedded', 'deny', 'enclave', ['dr-only-in-the-enclave']]],
  );
  assert.equal(said.nearest, null);
  for (const path of ['/api/policy', '/api/decisions']) assert.equal((await as('guest', path)).status, 403, path);
  assert.equal((await as('guest', '/api/policy/explain', { label: 'SP', personId: 'ada' })).status, 403);
  assert.equal((await as('ada', '/api/policy/explain', { label: 'SP', personId: 'nobody' })).status, 404);
  assert.equal((await as('guest', '/api/policy/explain', { label: 'TOP' })).status, 400);
});

test('a policy is checked, tried on past decisions, proposed by one and approved by another, then decides', async (context) => {
  const gateway = await open(context);
  const { as } = gateway;
  const chat = { model: 'echo', messages: [{ role: 'user', content: 'bonjour' }] };
  const ask = (label: string) =>
    gateway.ask('/v1/chat/completions', {
      body: chat,
      headers: { authorization: 'Bearer ada', 'x-intramuros-label': label },
    });
  assert.equal((await ask('SENSIBLE')).status, 200);
  const wrong = await json(await as('ada', '/api/policy/check', { files: [{ name: '10-a.cedar', text: 'permit' }] }));
  assert.deepEqual([wrong.ok, wrong.problems[0].file, wrong.problems[0].line], [false, '10-a.cedar', 1]);
  const tried = await json(await as('ada', '/api/policy/simulate', { files }));
  assert.deepEqual([tried.decisions, tried.changes], [1, 1]);
  assert.deepEqual(
    [tried.changed[0].before, tried.changed[0].after, tried.changed[0].reason, tried.changed[0].actor],
    ['allow', 'deny', 'ours', 'ada'],
  );
  assert.equal((await as('guest', '/api/policy/proposals', { files, reason: 'x' })).status, 403);
  const proposal = await json(
    await as('ada', '/api/policy/proposals', { files, reason: 'Nothing sensitive here.' }),
    201,
  );
  assert.equal(proposal.state, 'open');
  assert.deepEqual(
    proposal.detail.changes.map(({ name }: PolicyFile) => name),
    ['50-ours.cedar', 'cases.yaml'],
  );
  assert.deepEqual((await json(await as('guest', '/api/proposals'))).proposals, []);
  assert.equal((await json(await as('grace', '/api/proposals'))).proposals.length, 1);
  assert.equal((await as('ada', `/api/proposals/${proposal.id}/approve`, {})).status, 403);
  assert.equal((await as('guest', `/api/proposals/${proposal.id}/approve`, {})).status, 404);
  const approved = await json(await as('grace', `/api/proposals/${proposal.id}/approve`, { reason: 'Yes.' }));
  assert.deepEqual([approved.state, approved.decidedBy, approved.eyes], ['approved', 'grace', 2]);
  const state = await json(await as('ada', '/api/policy'));
  assert.deepEqual([state.version, state.state], [proposal.detail.version, 'in-force']);
  const refused = await ask('SENSIBLE');
  assert.equal(refused.status, 403);
  assert.match(await refused.text(), /ours-nothing-here/);
  const { decisions, nextCursor } = await json(await as('grace', '/api/decisions?limit=1'));
  assert.deepEqual(
    [decisions[0].effect, decisions[0].rules, decisions[0].model],
    ['deny', ['ours-nothing-here'], 'echo'],
  );
  const older = await json(await as('grace', `/api/decisions?cursor=${nextCursor}&effect=allow`));
  assert.deepEqual([older.decisions.length, older.decisions[0].destinationId], [1, 'embedded']);
  assert.equal(older.decisions[0].outcome?.ok, true, 'its outcome is found although a later page begins after it');
  for (const cursor of ['', '1e3', '-1'])
    assert.equal((await as('grace', `/api/decisions?cursor=${cursor}`)).status, 400);
});

test('a label of a conversation is lowered with a reason, and the conversation says so', async (context) => {
  const { as, ask } = await open(context);
  const made = await json(await as('ada', '/api/conversations', {}), 201);
  const raise = await ask(`/api/conversations/${made.id}`, {
    method: 'PATCH',
    headers: { authorization: 'Bearer ada' },
    body: { label: { level: 'SP', mentions: ['PII'] } },
  });
  assert.equal((await json(raise)).label.level, 'SP');
  const wanted = { conversationId: made.id, to: 'INTERNE', reason: 'The names were made up.' };
  assert.equal((await as('guest', '/api/labels/proposals', wanted)).status, 403);
  const proposal = await json(await as('ada', '/api/labels/proposals', wanted), 201);
  assert.deepEqual([proposal.kind, proposal.state, proposal.detail.to.level], ['label', 'open', 'INTERNE']);
  assert.equal((await json(await as('ada', `/api/conversations/${made.id}`))).label.level, 'SP');
  await json(await as('grace', `/api/proposals/${proposal.id}/approve`, {}));
  assert.deepEqual((await json(await as('ada', `/api/conversations/${made.id}`))).label, {
    level: 'INTERNE',
    mentions: [],
    compartments: [],
  });
});
