import assert from 'node:assert/strict';
import { test } from 'node:test';
import { embeddedPlace } from '../../../test/parts/places.ts';
import { openTestGate } from '../../../test/parts/test-gate.ts';
import type { AuditKind, AuditRecord } from '../../audit/index.ts';
import { internalLabel } from '../../policy/index.ts';
import { exportLog } from './export-log.ts';
import { ocsfClasses, ocsfVersion, toOcsf } from './ocsf.ts';

const house = { version: '1.0.0', machine: 'mach_0' };
const record = (kind: AuditKind, data: Readonly<Record<string, unknown>>, actor = 'per_ada'): AuditRecord => {
  return { seq: 7, at: '2026-11-24T03:00:00.000Z', kind, actor, data };
};

/** What OCSF 1.3 requires of each class; `a|b` is at least one of both. */
const required: Readonly<Record<number, readonly string[]>> = {
  0: [],
  3002: ['user', 'service|dst_endpoint'],
  3003: ['user', 'privileges|group|groups'],
  3004: ['entity'],
  6003: ['actor', 'api', 'src_endpoint'],
};
const always = ['activity_id', 'category_uid', 'class_uid', 'metadata', 'severity_id', 'time', 'type_uid'];

function check(event: Readonly<Record<string, unknown>>): void {
  const classUid = Number(event.class_uid);
  for (const name of [...always, ...(required[classUid] ?? ['unknown class'])]) {
    assert.ok(
      name.split('|').some((one) => event[one] !== undefined),
      `${classUid} has no ${name}`,
    );
  }
  assert.equal(event.type_uid, classUid * 100 + Number(event.activity_id));
  assert.equal(event.category_uid, Math.floor(classUid / 1000));
  const { version, product } = event.metadata as { version: string; product: { name: string; vendor_name: string } };
  assert.equal(version, ocsfVersion);
  assert.ok(product.name && product.vendor_name);
  if (classUid === 6003) assert.ok((event.api as { operation: string }).operation);
}

test('what policy decides is API activity, sign-ins are authentication, changes are of entities', () => {
  const place = { id: 'cloud', title: 'Cloud', tier: 'saas', country: 'US' };
  const decision = {
    id: 'dec_1',
    action: 'infer',
    label: internalLabel,
    destination: place,
    model: 'm',
    reason: 'retention',
  };
  const cases: readonly [AuditRecord, keyof typeof ocsfClasses, number][] = [
    [record('decision', { ...decision, effect: 'deny' }), 'apiActivity', 2],
    [record('decision', { ...decision, effect: 'allow' }), 'apiActivity', 1],
    [
      record('outcome', { decisionId: 'dec_1', destinationId: 'cloud', ok: true, why: 'stop', totalMs: 3.2 }),
      'apiActivity',
      1,
    ],
    [record('anchor', { name: 'w1', ok: false, why: 'inconsistent' }, 'system'), 'apiActivity', 2],
    [record('identity', { what: 'session.start', id: 's', personId: 'per_ada', address: '::1' }), 'authentication', 1],
    [record('identity', { what: 'session.refused', reason: 'wrong', name: 'eve' }, 'system'), 'authentication', 2],
    [record('identity', { what: 'person.groups-followed', id: 'per_ada', enter: ['g'] }), 'authorizeSession', 1],
    [record('identity', { what: 'person.create', id: 'per_eve' }), 'entityManagement', 1],
    [record('policy', { what: 'policy.change', version: 'abc', reason: 'new' }), 'entityManagement', 1],
    [record('erasure', { what: 'person.erased', subject: 'per_ada' }), 'entityManagement', 1],
    [record('access', { what: 'break-glass.read', reason: 'inquiry' }), 'entityManagement', 1],
    [record('system', { what: 'audit.recovered' }, 'system'), 'base', 0],
  ];
  for (const [from, name, status] of cases) {
    const event = toOcsf(from, house);
    check(event);
    assert.equal(event.class_uid, ocsfClasses[name].uid, from.kind);
    assert.equal(event.status_id, status, `${from.kind} ${String(from.data.what)}`);
    assert.deepEqual((event.unmapped as { data: unknown }).data, from.data, 'nothing is lost');
  }
});

test('an export of a long log comes in pieces of a bounded size, every record once', async () => {
  await using house1 = await openTestGate();
  const data = { what: 'test', filling: 'x'.repeat(500) };
  const write = () => house1.audit.append({ kind: 'system', actor: 'system', data });
  await Promise.all(Array.from({ length: 2_000 }, write));
  const { label, destination } = { label: internalLabel, destination: embeddedPlace };
  await house1.audit.append({
    kind: 'decision',
    actor: 'per_ada',
    data: { id: 'dec_1', label, destination, effect: 'allow' },
  });
  for (const format of ['jsonl', 'ocsf'] as const) {
    let lines = 0;
    let most = 0;
    for await (const piece of exportLog(house1.audit, { format, house })) {
      most = Math.max(most, piece.length);
      lines += piece.split('\n').length - 1;
    }
    assert.equal(lines, house1.audit.size, format);
    assert.ok(most < 70_000, `${most}`);
  }
});
