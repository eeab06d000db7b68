import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { embeddedPlace, passRequest, place, serversPlace, servicePlace, sourceOf } from '../../test/parts/places.ts';
import { type Audit, type AuditRecord, openAudit } from '../audit/index.ts';
import { type Clock, IntramurosError, silentLog, systemClock } from '../base/index.ts';
import { type Cedar, loadCedar } from './cedar/load-cedar.ts';
import { openGate, openPolicy } from './index.ts';

const log = silentLog();

function open(context: TestContext, options: { clock?: Clock; cedar?: (how: { fresh: boolean }) => Cedar } = {}) {
  const home = mkdtempSync(join(tmpdir(), 'intramuros-gate-'));
  const { clock = systemClock, cedar } = options;
  const audit = openAudit({ home, clock, log });
  context.after(async () => {
    await audit.close();
    rmSync(home, { recursive: true, force: true });
  });
  const policy = openPolicy({ home, audit, clock, log, ...(cedar && { cedar }) });
  return { home, audit, policy, gate: openGate({ policy, audit, clock, log }) };
}

const records = (audit: Audit): Promise<AuditRecord[]> =>
  Array.fromAsync(audit.read({ kinds: ['decision', 'outcome'] }));

async function denied(passing: Promise<unknown>): Promise<IntramurosError> {
  try {
    await passing;
  } catch (error) {
    if (error instanceof IntramurosError) return error;
    throw error;
  }
  throw new Error('it passed');
}

test('the record is on the disk before the clearance is given, and holds what the decision was made from', async (context) => {
  const { gate, audit } = open(context);
  const clearance = await gate.pass(passRequest('INTERNE', serversPlace));
  const [record] = await records(audit);
  assert.equal(record?.data.id, clearance.decisionId);
  assert.equal(record?.actor, 'per_ada');
  assert.deepEqual(record?.data.destination, JSON.parse(JSON.stringify(serversPlace)));
  assert.deepEqual(record?.data.label, { level: 'INTERNE', mentions: [], compartments: [] });
  assert.equal(record?.data.effect, 'allow');
  assert.equal(record?.data.policyVersion, gate.policy.version);
  assert.deepEqual(clearance.addresses, ['127.0.0.1:9']);
  gate.settle(clearance, { ok: true, why: 'stop', sentBytes: 10, receivedBytes: 20, totalMs: 5 });
  await audit.append({ kind: 'system', actor: 'system', data: {} });
  const outcome = (await records(audit)).find(({ kind }) => kind === 'outcome');
  assert.equal(outcome?.data.decisionId, clearance.decisionId);
  assert.equal(outcome?.actor, 'per_ada');
});

test('the embedded engine may begin while its record is flushed, and speaks after; another place waits', async (context) => {
  const { audit, policy } = open(context);
  const flush = Promise.withResolvers<void>();
  const held: Audit = {
    ...audit,
    append: async (record) => {
      await flush.promise;
      return audit.append(record);
    },
  };
  const gate = openGate({ policy, audit: held, clock: systemClock, log });
  const order: string[] = [];
  const inside = await gate.pass(passRequest('INTERNE', embeddedPlace));
  const recorded = gate.recorded(inside).then(() => order.push('recorded'));
  const outside = gate.pass(passRequest('INTERNE', serversPlace)).then(() => order.push('passed'));
  const refused = denied(gate.pass(passRequest('SECRET', embeddedPlace))).then(() => order.push('refused'));
  await new Promise(setImmediate);
  assert.deepEqual(order, []);
  flush.resolve();
  await Promise.all([recorded, outside, refused]);
  assert.equal((await records(audit)).length, 3);
});

test('a refusal says the label, what raised it, the rule, and the nearest place that may answer', async (context) => {
  const { gate, audit } = open(context);
  const error = await denied(
    gate.pass(
      passRequest('SENSIBLE; mentions=PII', servicePlace, {
        sources: [sourceOf('default', 'house', 'PUBLIC'), sourceOf('document', 'note.txt', 'SENSIBLE; mentions=PII')],
      }),
    ),
  );
  assert.equal(error.code, 'destination_denied');
  const { decisionId, policyVersion, words, ...facts } = error.facts;
  assert.deepEqual(facts, {
    level: 'SENSIBLE',
    mentions: ['PII'],
    compartments: [],
    sources: ['document:note.txt'],
    rules: ['sensible-never-abroad'],
    reason: 'label_above_tier',
    destination: 'service',
    tier: 'saas',
    nearest: 'embedded',
  });
  assert.match(error.message, /note\.txt.*Nearest place that may answer: "embedded"/);
  const [record] = await records(audit);
  assert.equal(record?.data.id, decisionId);
  assert.equal(record?.data.effect, 'deny');
  assert.equal(gate.totals.denied, 1);
});

test('what has to be pseudonymised goes only when it is shown to be, and nothing but what was shown', async (context) => {
  const { gate, audit } = open(context);
  const value = { text: '[[PERSONNE_1]]' };
  const proof = { value, detector: 'd-1', counts: { PERSON: 1 }, residual: 0 };
  const clearance = await gate.pass(passRequest('INTERNE', servicePlace, { pseudonymise: async () => proof }));
  assert.equal(clearance.effect, 'pseudonymise');
  assert.ok(gate.verify(clearance) && gate.covers(clearance, value));
  assert.ok(!gate.covers(clearance, { ...value }), 'another thing than what was shown');
  assert.ok(!gate.covers({ ...clearance }, value), 'a copy of the clearance');
  const [decision] = await records(audit);
  assert.deepEqual(decision?.data.masking, { detector: 'd-1', counts: { PERSON: 1 }, residual: 0 });
  assert.equal(decision?.data.effect, 'pseudonymise');
});

test('what could not be masked does not go, and says why', async (context) => {
  const { gate, audit } = open(context);
  const left = await denied(
    gate.pass(
      passRequest('INTERNE', servicePlace, {
        pseudonymise: async () => ({ value: {}, detector: 'd-1', counts: {}, residual: 1 }),
      }),
    ),
  );
  assert.deepEqual([left.facts.reason, left.facts.masking], ['not_pseudonymised', 'residual']);
  const crash = new Error('called off');
  const calledOff = gate.pass(passRequest('INTERNE', servicePlace, { pseudonymise: () => Promise.reject(crash) }));
  await assert.rejects(calledOff, crash);
  assert.equal((await records(audit)).length, 1, 'what was called off is no decision');
  const needless = () => assert.fail('masked where policy did not ask for it');
  await gate.pass(passRequest('PUBLIC', servicePlace, { pseudonymise: async () => needless() }));
  const error = await denied(gate.pass(passRequest('INTERNE', servicePlace)));
  assert.equal(error.facts.reason, 'not_pseudonymised');
  assert.equal(error.facts.masking, 'not_masked');
  assert.deepEqual(error.facts.rules, ['interne-saas-needs-pseudonymisation']);
});

test('a label below its own sources is a fault of the caller, and goes nowhere', async (context) => {
  const { gate, audit } = open(context);
  const request = passRequest('PUBLIC', servicePlace, { sources: [sourceOf('document', 'note.txt', 'SP')] });
  assert.equal((await denied(gate.pass(request))).code, 'internal');
  assert.deepEqual(await records(audit), []);
});

test('a clearance that was changed, made elsewhere or has run out does not verify', async (context) => {
  let now = Date.parse('2026-11-23T10:00:00Z');
  const clock: Clock = { now: () => now, monotonic: () => now };
  const { gate } = open(context, { clock });
  const other = open(context, { clock }).gate;
  const clearance = await gate.pass(passRequest('INTERNE', serversPlace));
  assert.ok(gate.verify(clearance));
  assert.ok(!other.verify(clearance));
  for (const change of [
    { addresses: ['127.0.0.1:10'] },
    { destinationId: 'service' },
    { mostBytes: clearance.mostBytes * 2 },
    { expiresAt: clearance.expiresAt + 1 },
    { label: { level: 'PUBLIC', mentions: [], compartments: [] } },
    { seal: '' },
    { seal: undefined },
  ])
    assert.ok(!gate.verify({ ...clearance, ...change } as typeof clearance), JSON.stringify(change));
  now = clearance.expiresAt;
  assert.ok(!gate.verify(clearance));
});

test('when the record cannot be written, the embedded engine alone may answer', async (context) => {
  const { home, gate, audit } = open(context);
  await audit.append({ kind: 'system', actor: 'system', data: {} });
  const month = readdirSync(join(home, 'audit'))[0] ?? '';
  await audit.close();
  // A new month begins on a full disk.
  const clock: Clock = { now: () => Date.parse('2031-01-01T00:00:00Z'), monotonic: () => 0 };
  const full = openAudit({ home, clock, log });
  context.after(() => full.close());
  assert.notEqual(month, '2031-01.jsonl');
  symlinkSync('/dev/full', join(home, 'audit', '2031-01.jsonl'));
  const failing = openGate({ policy: gate.policy, audit: full, clock, log });
  assert.equal((await denied(failing.pass(passRequest('INTERNE', serversPlace)))).code, 'audit_unavailable');
  const clearance = await failing.pass(passRequest('INTERNE', embeddedPlace));
  assert.equal(clearance.tier, 'embedded');
  assert.equal((await denied(failing.pass(passRequest('SP', servicePlace)))).code, 'destination_denied');
  assert.equal(failing.totals.withoutRecord, 2);
  rmSync(join(home, 'audit', '2031-01.jsonl'));
  await failing.pass(passRequest('INTERNE', serversPlace));
  const kept = (await Array.fromAsync(full.read({ kinds: ['decision'] }))).map(({ data }) => data.effect);
  assert.deepEqual(kept, ['allow', 'allow', 'deny', 'allow'], 'decisions of the outage are written when it ends');
});

test('when Cedar fails, the lattice alone lets the embedded engine answer, and nothing else', async (context) => {
  let broken = false;
  const cedar = (how: { fresh: boolean }): Cedar => {
    const real = loadCedar(how);
    return {
      ...real,
      preparsePolicySet: real.preparsePolicySet,
      statefulIsAuthorized: (call) => {
        if (broken) throw new Error('unreachable');
        return real.statefulIsAuthorized(call);
      },
    };
  };
  const { gate, audit } = open(context, { cedar });
  broken = true;
  assert.equal((await denied(gate.pass(passRequest('PUBLIC', serversPlace)))).code, 'policy_unavailable');
  assert.ok(gate.verify(await gate.pass(passRequest('SP', embeddedPlace))));
  const dr = await denied(gate.pass(passRequest('DR', embeddedPlace)));
  assert.deepEqual([dr.code, dr.facts.reason, dr.facts.nearest], ['destination_denied', 'policy_unavailable', null]);
  broken = false;
  await gate.pass(passRequest('PUBLIC', serversPlace));
  assert.deepEqual(
    (await records(audit)).map(({ data }) => data.rules),
    [['lattice'], ['lattice'], ['inside-the-walls']],
  );
});

test('Cedar letting out more than the lattice is an alarm, and nothing goes', async (context) => {
  const cedar = (how: { fresh: boolean }): Cedar => {
    const real = loadCedar(how);
    return {
      ...real,
      statefulIsAuthorized: (call) => {
        const answer = real.statefulIsAuthorized(call);
        if (call.resource && JSON.stringify(call.resource).includes('leaky') && answer.type === 'success')
          answer.response = { decision: 'allow', diagnostics: { reason: ['inside-the-walls'], errors: [] } };
        return answer;
      },
    };
  };
  const { gate } = open(context, { cedar });
  const leaky = place('leaky', 'saas', { country: 'US' });
  const error = await denied(gate.pass(passRequest('SP', leaky)));
  assert.equal(error.facts.reason, 'disagreement');
  assert.deepEqual(error.facts.rules, ['inside-the-walls', 'lattice']);
  assert.equal(gate.totals.disagreements, 1);
});

test('nobody without need to know, and nothing above a ceiling, is answered even by the embedded engine', async (context) => {
  const { gate } = open(context);
  const outside = await denied(gate.pass(passRequest('INTERNE; compartments=rh', embeddedPlace)));
  assert.deepEqual([outside.facts.reason, outside.facts.nearest], ['compartment', null]);
  const subject = {
    id: 'k',
    roles: [],
    groups: [],
    compartments: ['rh'],
    ceiling: { level: 'INTERNE', mentions: [], compartments: [] },
  } as const;
  await gate.pass(passRequest('INTERNE; compartments=rh', embeddedPlace, { subject }));
  const above = await denied(gate.pass(passRequest('SENSIBLE; compartments=rh', embeddedPlace, { subject })));
  assert.equal(above.facts.reason, 'ceiling');
});
