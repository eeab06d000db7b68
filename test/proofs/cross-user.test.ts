import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeApi } from '../../src/gateway/index.ts';
import type { SignedIn } from '../../src/identity/index.ts';
import { openTestGateway, type TestGateway } from '../parts/test-gateway.ts';

/** What somebody has, by the names that paths, queries and bodies give it. */
type Belongings = Readonly<Record<string, string>>;
type Endpoint = ReturnType<typeof describeApi>['endpoints'][number];

/**
 * What the `{…}` of a path stands for, by the path before it: of a person (`mine`), or of the house. A new route whose
 * parameter is in neither list fails this proof until somebody says whose it is.
 */
const mine: Readonly<Record<string, string>> = {
  '/api/conversations/{id}': 'conversation',
  '/api/conversations/{id}/messages/{messageId}': 'message',
  '/api/messages/{id}': 'message',
  '/api/runs/{id}': 'run',
  '/api/me/keys/{id}': 'key',
  '/api/me/sessions/{id}': 'session',
};
const ofTheHouse = [
  '/api/audit/records/',
  '/api/models/',
  '/v1/models/',
  '/api/upstreams/',
  '/api/people/',
  '/api/groups/',
  '/api/roles/',
  '/api/keys/',
  '/api/quotas/',
  '/api/proposals/',
  '/api/break-glass/',
  '/api/session/oidc/',
  '/api/catalogue/',
];

/** Queries and bodies that name what belongs to a person: the field, and a body that is right but for it. */
const named: Readonly<Record<string, { readonly field: string; readonly body?: object }>> = {
  'choices.list': { field: 'conversation' },
  'labels.propose': {
    field: 'conversationId',
    body: { to: { level: 'PUBLIC', mentions: [], compartments: [] }, reason: 'it is published' },
  },
};
/** Asking for what two people may read together: says whether it is there to whoever has that right, never what it holds. */
const byTwo = new Set(['breakGlass.propose']);
/** Fields of queries and bodies that look like an id of something and are none of a person's. */
const harmless = new Set(['activeLeafId', 'parentId', 'messageId', 'personId', 'decision', 'person', 'destination']);

/** Bodies that are right but for what they are asked on. */
const bodies: Readonly<Record<string, (of: Belongings) => object>> = {
  'conversations.update': () => ({ title: 'Mine now' }),
  'conversations.answers.create': ({ message = '' }) => ({ kind: 'ask', parentId: message, content: 'And then?' }),
};

const missing: Belongings = {
  conversation: 'conv_00000000000000000000000000',
  message: 'msg_00000000000000000000000000',
  run: `run_${'0'.repeat(26)}`,
  key: 'key_00000000000000000000000000',
  session: 'ses_00000000000000000000000000',
};

/** Another's message, named inside a conversation of one's own. */
function mixedWays(own: string, { message = '' }: Belongings): readonly Asked[] {
  const at = `/api/conversations/${own}`;
  const answer = (body: object): Asked => {
    return { operationId: 'conversations.answers.create', method: 'POST', path: `${at}/answers`, body };
  };
  return [
    answer({ kind: 'ask', parentId: message, content: 'And then?' }),
    answer({ kind: 'regenerate', messageId: message }),
    answer({ kind: 'continue', messageId: message }),
    { operationId: 'conversations.update', method: 'PATCH', path: at, body: { activeLeafId: message } },
    {
      operationId: 'conversations.messages.delete',
      method: 'DELETE',
      path: `${at}/messages/${message}`,
      body: undefined,
    },
  ];
}

interface Asked {
  readonly operationId: string;
  readonly method: string;
  readonly path: string;
  readonly body: object | undefined;
}

/** Every way to ask an operation for what belongs to somebody. */
function waysTo(endpoint: Endpoint, of: Belongings): readonly Asked[] {
  const { operationId, method } = endpoint;
  const body = bodies[operationId]?.(of);
  const inFields = named[operationId];
  if (inFields) {
    const id = of.conversation ?? '';
    const path = method === 'GET' ? `${endpoint.path}?${inFields.field}=${id}` : endpoint.path;
    return [{ operationId, method, path, body: inFields.body && { ...inFields.body, [inFields.field]: id } }];
  }
  const path = fill(endpoint.path, of);
  return path === undefined ? [] : [{ operationId, method, path, body }];
}

/** The path with what belongs to somebody in it; undefined for one that has no place for that. */
function fill(path: string, of: Belongings): string | undefined {
  if (!path.includes('{') || ofTheHouse.some((house) => path.startsWith(house))) return undefined;
  let filled = path;
  for (const [prefix, what] of Object.entries(mine)) {
    if (`${path}/`.startsWith(`${prefix}/`)) filled = filled.replace(/\{[^}]*\}/, of[what] ?? '');
  }
  assert.ok(!filled.includes('{'), `${path}: say in this proof whose the thing is that it names`);
  return filled;
}

/** Fields that may name something of a person. */
function assertKnownFields(endpoint: Endpoint): void {
  if (byTwo.has(endpoint.operationId)) return;
  for (const schema of [endpoint.query, endpoint.body]) {
    const shape = (schema as { shape?: Record<string, unknown> } | undefined)?.shape ?? {};
    for (const name of Object.keys(shape)) {
      const known = harmless.has(name) || named[endpoint.operationId]?.field === name;
      const looksLikeId = /(Id|conversation|message|run|key)$/.test(name) && !endpoint.path.startsWith('/v1/');
      assert.ok(!looksLikeId || known, `${endpoint.operationId}: say in this proof what its field "${name}" names`);
    }
  }
}

const as = ({ token }: SignedIn): Record<string, string> => ({ cookie: `intramuros_session=${token}` });

async function reply(gateway: TestGateway, who: SignedIn, asked: Asked): Promise<string> {
  const answer = await gateway.ask(asked.path, {
    method: asked.method,
    ...(asked.body && { body: asked.body }),
    headers: as(who),
  });
  const headers = [...answer.headers].filter(([name]) => !['x-request-id', 'date'].includes(name));
  return JSON.stringify([answer.status, headers, await answer.text()]);
}

/** A reply without what differs by nature: the id that was asked for, and the request's own. */
function comparable(text: string, ids: Belongings): string {
  let same = text.replace(/"?\\?"requestId\\?":\\?"[^"\\]*\\?"/g, 'REQUEST').replace(/content-length","\d+"/, 'LENGTH');
  for (const [what, id] of Object.entries(ids)) same = same.replaceAll(id, what);
  return same;
}

async function sign(gateway: TestGateway, name: string): Promise<SignedIn> {
  const { accounts } = gateway;
  assert.ok(accounts);
  if (accounts.mode === 'single') return accounts.setUp({ name, password: 'correct horse battery' });
  const owner = await accounts.sessions.signIn({ name: 'ada', password: 'correct horse battery' });
  await accounts.people.create(owner.who, { name, password: 'correct horse battery', roles: ['owner'] });
  return accounts.sessions.signIn({ name, password: 'correct horse battery' });
}

/** A conversation with an answer that is still being written, and a key. */
async function give(gateway: TestGateway, who: SignedIn): Promise<Belongings> {
  const made = await gateway.ask('/api/conversations', {
    method: 'POST',
    body: { title: 'Private' },
    headers: as(who),
  });
  const { id: conversation } = (await made.json()) as { id: string };
  const answer = await gateway.ask(`/api/conversations/${conversation}/answers`, {
    body: { kind: 'ask', parentId: null, content: 'forbidden words '.repeat(400) },
    headers: as(who),
  });
  const run = answer.headers.get('x-intramuros-run') ?? '';
  void answer.text().catch(() => 'left when the gateway closes');
  const tree = await gateway.ask(`/api/conversations/${conversation}/messages`, { headers: as(who) });
  const { messages } = (await tree.json()) as { messages: { id: string }[] };
  assert.ok(gateway.accounts);
  const { view } = await gateway.accounts.keys.create(who.who, who.who.personId, { name: 'script' });
  const session = who.who.sessionId ?? '';
  return { conversation, run, key: view.id, session, message: messages[1]?.id ?? '' };
}

test('no route gives, changes or betrays what belongs to somebody else', async () => {
  await using gateway = await openTestGateway({ conversations: true, accounts: true, engine: { tokenMs: 50 } });
  const ada = await sign(gateway, 'ada');
  const eve = await sign(gateway, 'eve'); // an owner of the house too: rights over the house are none over people's words
  const hers = await give(gateway, ada);
  const seen = async () => {
    const asAda = { headers: as(ada) };
    const tree = await (await gateway.ask(`/api/conversations/${hers.conversation}/messages`, asAda)).json();
    const run = (await (await gateway.ask(`/api/runs/${hers.run}`, asAda)).json()) as { state: string };
    const about = await (await gateway.ask(`/api/conversations/${hers.conversation}`, asAda)).json();
    const { messages } = tree as { messages: { id: string; content: string; role: string }[] };
    const texts = messages.map(({ id, role, content }) => [id, role === 'user' ? content : '']);
    return JSON.stringify([texts, run.state, (about as { title: string }).title, (about as { label: object }).label]);
  };
  const before = await seen();
  assert.match(before, /running/);
  const endpoints = describeApi('1').endpoints;
  for (const endpoint of endpoints) assertKnownFields(endpoint);
  const { id: own } = (await (
    await gateway.ask('/api/conversations', { method: 'POST', body: {}, headers: as(eve) })
  ).json()) as { id: string };
  const waysWith = (of: Belongings): readonly Asked[] => [
    ...endpoints.flatMap((endpoint) => waysTo(endpoint, of)),
    ...mixedWays(own, of),
  ];
  const others = waysWith(hers);
  const none = waysWith(missing);
  for (const [at, way] of others.entries()) {
    const got = comparable(await reply(gateway, eve, way), hers);
    const wanted = comparable(await reply(gateway, eve, none[at] ?? way), missing);
    assert.equal(got, wanted, `${way.operationId} tells another's from one that never was`);
    assert.match(got, /^\[(404|409|410|403),/, `${way.operationId} answered: ${got.slice(0, 300)}`);
  }
  for (const path of ['/api/conversations', '/api/conversations?q=forbidden', '/api/conversations?q=private']) {
    const text = await (await gateway.ask(path, { headers: as(eve) })).text();
    assert.doesNotMatch(text, /forbidden|Private/, path);
  }
  assert.equal(await seen(), before, 'what she has is as it was');
  assert.ok(others.length >= 16, `only ${others.length} ways were tried`);
  console.log(
    `PROOF cross-user ${others.length} ways into another's things by ${endpoints.length} operations, 0 leaks`,
  );
});
