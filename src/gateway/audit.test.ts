import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { openTestGateway, type TestGateway } from '../../test/parts/test-gateway.ts';
import { startWitness } from '../../test/parts/witness-server.ts';

interface State {
  readonly size: number;
  readonly standing: string;
  readonly publicKey: string;
  readonly anchors: readonly { readonly state: string; readonly size: number }[];
}
interface Records {
  readonly records: readonly { readonly seq: number; readonly kind: string; readonly actor: string }[];
  readonly nextSeq: number | null;
}

const json = async <T>(gateway: TestGateway, path: string, method = 'GET'): Promise<T> => {
  const answer = await gateway.ask(path, { method });
  assert.equal(answer.status, 200, `${method} ${path}: ${answer.status}`);
  return (await answer.json()) as T;
};

async function write(gateway: TestGateway, count: number): Promise<void> {
  const data = { what: 'test.written', note: 'Héloïse' };
  for (let at = 0; at < count; at += 1) await gateway.audit.append({ kind: 'label', actor: `per_${at % 3}`, data });
}

test('the log is searched by kind, person, words and time, page by page', async () => {
  await using gateway = await openTestGateway();
  await write(gateway, 9);
  const all: number[] = [];
  for (let before = ''; ; ) {
    const page: Records = await json(gateway, `/api/audit/records?limit=4&kinds=label${before}`);
    all.push(...page.records.map(({ seq }) => seq));
    if (page.nextSeq === null) break;
    before = `&beforeSeq=${page.nextSeq}`;
  }
  assert.equal(all.length, 9);
  assert.deepEqual(
    all,
    [...all].sort((a, b) => b - a),
    'newest first, none twice',
  );
  const hers: Records = await json(gateway, '/api/audit/records?actor=per_1');
  assert.equal(hers.records.length, 3);
  const words: Records = await json(gateway, `/api/audit/records?text=${encodeURIComponent('héloïse')}`);
  assert.equal(words.records.length, 9);
  const later: Records = await json(gateway, `/api/audit/records?sinceMs=${Date.now() + 60_000}`);
  assert.equal(later.records.length, 0);
  assert.equal((await gateway.ask('/api/audit/records?kinds=prompts')).status, 400);
});

test('a record is proven, the whole log verified by the file of auditors, and a proof of nothing refused', async () => {
  await using gateway = await openTestGateway();
  await write(gateway, 5);
  const { proof } = await json<{ proof: { line: string; leafHash: string; path: string[] } }>(
    gateway,
    '/api/audit/records/3/proof',
  );
  const leaf = createHash('sha256')
    .update(Buffer.from([0]))
    .update(proof.line)
    .digest('hex');
  assert.equal(proof.leafHash, leaf);
  assert.ok(proof.path.length > 0);
  assert.equal((await gateway.ask('/api/audit/records/999999/proof')).status, 404);
  const writing = write(gateway, 20);
  const report = await json<{ ok: boolean; records: number; problems: unknown[] }>(
    gateway,
    '/api/audit/verify',
    'POST',
  );
  await writing;
  assert.equal(report.ok, true, JSON.stringify(report));
  assert.ok(report.records >= 5);
});

test('an export is the log byte for byte, or events of OCSF, and is itself on record', async () => {
  await using gateway = await openTestGateway();
  await write(gateway, 4);
  const lines = (await (await gateway.ask('/api/audit/export')).text()).trimEnd().split('\n');
  assert.ok(lines.length >= 5, 'the export itself is in it');
  for (const [seq, line] of lines.entries()) {
    assert.equal((await gateway.audit.prove(seq)).line, line, 'each line is a leaf of the tree');
  }
  const events = (await (await gateway.ask('/api/audit/export?format=ocsf')).text()).trimEnd().split('\n');
  for (const line of events) {
    const event = JSON.parse(line) as Record<string, number>;
    assert.equal(event.type_uid, (event.class_uid ?? 0) * 100 + (event.activity_id ?? 0));
  }
  const exports: Records = await json(gateway, '/api/audit/records?kinds=export');
  assert.equal(exports.records.length, 2);
});

test('anchors are asked by hand, and the state says who confirmed what', async () => {
  await using probe = await openTestGateway();
  assert.equal((await json<State>(probe, '/api/audit')).standing, 'self-attested');
  assert.equal((await json<State>(probe, '/api/audit/anchor', 'POST')).standing, 'self-attested', 'nobody to ask');
});

test('a witness confirms only the logs that it knows', async () => {
  await using key = await openTestGateway();
  await using witness = await startWitness(key.audit.publicKey);
  await using gateway = await openTestGateway({
    anchors: {
      auditWitnesses: witness.setting,
      auditTimestampUrl: undefined,
      auditTimestampCaFile: undefined,
      auditTimestampEvery: 3_600_000,
    },
  });
  await write(gateway, 2);
  const stranger = await json<State>(gateway, '/api/audit/anchor', 'POST');
  assert.equal(stranger.standing, 'self-attested', 'nobody vouches');
  assert.equal(stranger.anchors[0]?.state, 'failing');
});

test('the page of ANSSI has its 35 rows', async () => {
  await using gateway = await openTestGateway();
  const { rows } = await json<{ rows: { id: string }[] }>(gateway, '/api/evidence/anssi');
  assert.equal(rows.length, 35);
});
