import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { freshPlace } from '../../../test/parts/databases.ts';
import { openAudit } from '../../audit/index.ts';
import { IntramurosError, silentLog, systemClock } from '../../base/index.ts';
import type { Database } from '../../store/index.ts';
import {
  type Actor,
  type ConversationLabels,
  formatLabel,
  openPolicy,
  openProposals,
  type PolicyFile,
  parseLabel,
  shippedFiles,
} from '../index.ts';

const log = silentLog();
const person = (personId: string, ...rights: string[]): Actor => ({ personId, can: (right) => rights.includes(right) });
const ada = person('ada', 'admin.policy', 'label.lower', 'policy.approve', 'label.approve');
const grace = person('grace', 'policy.approve', 'label.approve');
const guest = person('guest');

const extra: PolicyFile = {
  name: '50-ours.cedar',
  text: '@id("ours-no-trainees")\nforbid (principal, action, resource)\nwhen { principal.roles.contains("trainee") && resource.tier == "saas" };\n',
};
const wanted = { files: [...shippedFiles(), extra], reason: 'Trainees use our own models.' };

/** Labels of conversations in a table, as the room of conversations keeps them. */
async function tableOfLabels(database: Database): Promise<
  ConversationLabels & {
    at(id: string): Promise<string>;
    ownerOf(id: string): Promise<string | undefined>;
  }
> {
  await database.query('CREATE TABLE test_labels (id text PRIMARY KEY, owner text, label text)');
  const row = async (id: string) =>
    (await database.query<{ owner: string; label: string }>('SELECT * FROM test_labels WHERE id = $1', [id]))[0];
  return {
    at: async (id) => (await row(id))?.label ?? '',
    ownerOf: async (id) => (await row(id))?.owner,
    async find(id, personId) {
      const found = await row(id);
      return found?.owner === personId ? { label: parseLabel(found.label) } : undefined;
    },
    async lower(transaction, { conversationId, from, to }) {
      const rows = await transaction.query(
        'UPDATE test_labels SET label = $3 WHERE id = $1 AND label = $2 RETURNING id',
        [conversationId, formatLabel(from), formatLabel(to)],
      );
      if (rows.length === 0) throw new IntramurosError('conflict', 'The label is another one meanwhile.');
    },
  };
}

async function rooms(context: TestContext, { fourEyes = true } = {}) {
  const found = await freshPlace(context);
  const database = await found.open();
  const audit = openAudit({ home: found.home, clock: systemClock, log });
  context.after(async () => {
    await audit.close();
    await database.close();
  });
  const policy = openPolicy({ home: found.home, audit, clock: systemClock, log, fourEyes: () => fourEyes });
  const labels = await tableOfLabels(database);
  const open = (house = policy) =>
    openProposals({
      database,
      policy: house,
      audit,
      clock: systemClock,
      log,
      fourEyes: () => fourEyes,
      labels,
      ownerOf: labels.ownerOf,
    });
  return { ...found, database, audit, policy, labels, open, proposals: await open() };
}

const whats = async (audit: ReturnType<typeof openAudit>): Promise<string[]> =>
  (await Array.fromAsync(audit.read({ kinds: ['policy', 'label'] }))).map(({ data, actor }) => `${data.what} ${actor}`);

test('a change of the policy needs another person, is recorded before it counts, and comes into force whole', async (context) => {
  const { proposals, policy, audit } = await rooms(context);
  const before = policy.version;
  await assert.rejects(proposals.proposePolicy(guest, wanted), { code: 'forbidden' });
  const made = await proposals.proposePolicy(ada, wanted);
  assert.deepEqual([made.state, made.summary, policy.version], ['open', '50-ours.cedar (new)', before]);
  await assert.rejects(proposals.approve(guest, made.id), { code: 'forbidden', facts: { right: 'policy.approve' } });
  await assert.rejects(proposals.approve(ada, made.id), { code: 'forbidden' });
  assert.equal(policy.version, before);
  const approved = await proposals.approve(grace, made.id, { reason: 'Agreed.' });
  assert.deepEqual(
    [approved.state, approved.decidedBy, approved.eyes, approved.decisionReason],
    ['approved', 'grace', 2, 'Agreed.'],
  );
  assert.equal(policy.version, made.kind === 'policy' && made.detail.version);
  await assert.rejects(proposals.approve(grace, made.id), { code: 'conflict' });
  assert.deepEqual(await whats(audit), [
    'policy.opened system',
    'policy.proposed ada',
    'policy.approved grace',
    'policy.change grace',
    'policy.in_force grace',
  ]);
  await assert.rejects(proposals.proposePolicy(ada, wanted), { code: 'conflict', message: /in force already/ });
});

test('a faulty policy cannot be proposed, and one made on an older policy cannot be approved', async (context) => {
  const { proposals } = await rooms(context);
  const faulty = { files: [{ name: '10-a.cedar', text: 'permit' }], reason: 'x' };
  await assert.rejects(proposals.proposePolicy(ada, faulty), { code: 'policy_invalid' });
  await assert.rejects(proposals.proposePolicy(ada, { ...wanted, reason: ' ' }), { code: 'invalid_request' });
  const [first, second] = [
    await proposals.proposePolicy(ada, wanted),
    await proposals
      .proposePolicy(ada, { ...wanted, files: shippedFiles().slice(0, -2).concat(extra) })
      .catch(() => undefined),
  ];
  const other =
    second ??
    (await proposals.proposePolicy(ada, {
      ...wanted,
      files: [...wanted.files, { ...extra, name: '60-b.cedar', text: extra.text.replace('ours-', 'theirs-') }],
    }));
  await proposals.approve(grace, first.id);
  await assert.rejects(proposals.approve(grace, other.id), { code: 'conflict', message: /since this was proposed/ });
  assert.equal((await proposals.get(other.id)).state, 'open');
});

test('two administrators approve at once: one does, the other conflicts', async (context) => {
  const { proposals } = await rooms(context);
  const { id } = await proposals.proposePolicy(ada, wanted);
  const both = await Promise.allSettled([
    proposals.approve(grace, id),
    proposals.approve(person('mary', 'policy.approve'), id),
  ]);
  assert.deepEqual(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
  const lost = both.find(({ status }) => status === 'rejected') as PromiseRejectedResult;
  assert.equal(lost.reason.code, 'conflict');
});

test('whoever proposed withdraws, somebody else rejects, and neither changes anything', async (context) => {
  const { proposals, policy } = await rooms(context);
  const before = policy.version;
  const own = await proposals.proposePolicy(ada, wanted);
  assert.equal((await proposals.reject(ada, own.id)).state, 'withdrawn');
  const other = await proposals.proposePolicy(ada, wanted);
  await assert.rejects(proposals.reject(guest, other.id), { code: 'forbidden' });
  assert.equal((await proposals.reject(grace, other.id, { reason: 'No.' })).state, 'rejected');
  assert.equal(policy.version, before);
  assert.deepEqual(await proposals.list({ state: 'open' }), []);
  assert.equal((await proposals.list({ state: 'all' })).length, 2);
});

test('alone on a machine, one person approves, and that is written down as one pair of eyes', async (context) => {
  const { proposals } = await rooms(context, { fourEyes: false });
  const { id } = await proposals.proposePolicy(ada, wanted);
  assert.equal((await proposals.approve(ada, id)).eyes, 1);
});

test('a label below SP is lowered by one person with a reason; from SP on by two', async (context) => {
  const { proposals, database, labels, audit } = await rooms(context);
  await database.query(
    `INSERT INTO test_labels VALUES ('cnv_1', 'ada', 'SENSIBLE; mentions=PII'), ('cnv_2', 'ada', 'SP'), ('cnv_3', 'grace', 'SP')`,
  );
  const to = parseLabel('INTERNE');
  const reason = 'The names were made up.';
  await assert.rejects(proposals.proposeLabel(guest, { conversationId: 'cnv_1', to, reason }), { code: 'forbidden' });
  await assert.rejects(proposals.proposeLabel(ada, { conversationId: 'cnv_3', to, reason }), {
    code: 'conversation_not_found',
  });
  await assert.rejects(proposals.proposeLabel(ada, { conversationId: 'cnv_1', to: parseLabel('SP'), reason }), {
    code: 'invalid_request',
  });
  const alone = await proposals.proposeLabel(ada, { conversationId: 'cnv_1', to, reason });
  assert.deepEqual([alone.state, alone.eyes, await labels.at('cnv_1')], ['approved', 1, 'INTERNE']);
  const waiting = await proposals.proposeLabel(ada, { conversationId: 'cnv_2', to, reason });
  assert.deepEqual([waiting.state, await labels.at('cnv_2')], ['open', 'SP']);
  await assert.rejects(proposals.approve(ada, waiting.id), { code: 'forbidden' });
  assert.equal((await proposals.approve(grace, waiting.id)).eyes, 2);
  assert.equal(await labels.at('cnv_2'), 'INTERNE');
  assert.ok((await whats(audit)).includes('label.approved grace'));
});

test('a label that was raised meanwhile is not lowered, and the proposal stays open', async (context) => {
  const { proposals, database, labels } = await rooms(context);
  await database.query(`INSERT INTO test_labels VALUES ('cnv_2', 'ada', 'SP')`);
  const { id } = await proposals.proposeLabel(ada, { conversationId: 'cnv_2', to: parseLabel('INTERNE'), reason: 'x' });
  await database.query(`UPDATE test_labels SET label = 'DR'`);
  await assert.rejects(proposals.approve(grace, id), { code: 'conflict' });
  assert.deepEqual([(await proposals.get(id)).state, await labels.at('cnv_2')], ['open', 'DR']);
});

test('an approval cut short between database and files is finished at the next start', async (context) => {
  const { proposals, database, policy, open, home, audit } = await rooms(context);
  const made = await proposals.proposePolicy(ada, wanted);
  // As a process leaves it that was killed after the approval was durable and before the files were.
  await database.query(`UPDATE proposals SET state = 'approved', decided_by = 'grace', decided_at = now(), eyes = 2`);
  const restarted = openPolicy({ home, audit, clock: systemClock, log, fourEyes: () => true });
  assert.equal(restarted.version, policy.version);
  await open(restarted);
  assert.equal(restarted.version, made.kind === 'policy' && made.detail.version);
  const third = openPolicy({ home, audit, clock: systemClock, log, fourEyes: () => true });
  assert.deepEqual([third.version, third.state.state], [restarted.version, 'in-force']);
});

test('another’s conversation is read by two together, for an hour, and never before it is on record and told', async (context) => {
  const { proposals, database, audit, policy, labels } = await rooms(context);
  await database.query(`INSERT INTO test_labels VALUES ('cnv_1', 'mary', 'INTERNE'), ('cnv_2', 'grace', 'INTERNE')`);
  const [one, two] = [person('ada', 'break-glass'), person('grace', 'break-glass')];
  const wanted = { conversationId: 'cnv_1', reason: 'A threat was reported.' };
  await assert.rejects(proposals.proposeBreakGlass(guest, wanted), { code: 'forbidden' });
  await assert.rejects(proposals.proposeBreakGlass(two, { ...wanted, conversationId: 'cnv_2' }), { code: 'forbidden' });
  await assert.rejects(proposals.proposeBreakGlass(one, { ...wanted, conversationId: 'cnv_9' }), {
    code: 'conversation_not_found',
  });
  const { id } = await proposals.proposeBreakGlass(one, wanted);
  await assert.rejects(proposals.openRead(one, id), { code: 'forbidden', facts: { reason: 'not_approved' } });
  await assert.rejects(proposals.approve(one, id), { code: 'forbidden', facts: { reason: 'four_eyes' } });
  await assert.rejects(proposals.approve(person('mary', 'break-glass'), id), { code: 'forbidden' });
  assert.deepEqual(await proposals.readsOf('mary'), []);
  const { eyes, decidedAt } = await proposals.approve(two, id);
  assert.equal(eyes, 2);
  const opened = await proposals.openRead(two, id);
  assert.deepEqual([opened.conversationId, opened.ownerId], ['cnv_1', 'mary']);
  assert.equal(Date.parse(opened.until) - Date.parse(decidedAt ?? ''), 3_600_000);
  await assert.rejects(proposals.openRead(person('eve', 'break-glass'), id), { code: 'not_found' });
  const told = await proposals.readsOf('mary');
  assert.deepEqual(told.map(({ by, what, reason }) => [by, what, reason]).sort(), [
    ['grace', 'approved', wanted.reason],
    ['grace', 'read', wanted.reason],
  ]);
  const recorded = await Array.fromAsync(audit.read({ kinds: ['access'] }));
  assert.deepEqual(
    recorded.map(({ actor, data }) => `${actor} ${data.what}`),
    ['ada break-glass.proposed', 'grace break-glass.approved', 'grace break-glass.read'],
  );
  const later = { ...systemClock, now: () => systemClock.now() + 3_600_001 };
  const after = await openProposals({
    database,
    policy,
    audit,
    clock: later,
    log,
    fourEyes: () => true,
    labels,
    ownerOf: labels.ownerOf,
  });
  await assert.rejects(after.openRead(two, id), { code: 'forbidden', facts: { reason: 'over' } });
});
