import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { newId, silentLog } from '../base/index.ts';
import { type Audit, openAudit, readAudit, readRetention, verifyLog } from './index.ts';

const log = silentLog();
const retention = readRetention('12,decision=24', 'article 5 of the convention');

/** A log of one decision, one outcome and one change of a label in each month from January 2024 on. */
async function makeLog(context: TestContext, months: number) {
  const home = mkdtempSync(join(tmpdir(), 'intramuros-retention-'));
  context.after(() => rmSync(home, { recursive: true, force: true }));
  let now = Date.UTC(2024, 0, 15);
  const clock = { now: () => now, monotonic: () => now };
  const open = (): Audit => openAudit({ home, clock, log, retention });
  const ids: string[] = [];
  await using audit = open();
  for (let month = 0; month < months; month += 1) {
    now = Date.UTC(2024, month, 15);
    const id = newId('dec', now);
    ids.push(id);
    await audit.append({ kind: 'decision', actor: 'ada', data: { id, month } });
    await audit.append({ kind: 'outcome', actor: 'ada', data: { decisionId: id, sentBytes: 1 } });
    await audit.append({ kind: 'label', actor: 'ada', data: { month } });
  }
  const set = (iso: string): void => {
    now = Date.parse(iso);
  };
  return { home, folder: join(home, 'audit'), open, ids, set, months: () => filesOf(home) };
}

const filesOf = (home: string): string[] =>
  readdirSync(join(home, 'audit'))
    .filter((name) => /^\d{4}/.test(name))
    .map((name) => name.slice(0, 7));

test('kinds go after their time, months when nothing of them is left, and the rest verifies and is proved as before', async (context) => {
  const { home, folder, open, ids, set, months } = await makeLog(context, 30); // to June 2026
  const kept = join(home, 'kept.txt');
  {
    await using audit = open();
    writeFileSync(kept, (await audit.checkpoint()).note);
    const gone = await audit.expire();
    assert.deepEqual(
      gone.filter(({ kinds }) => kinds === 'all').map(({ month }) => month),
      ['2024-01', '2024-02', '2024-03', '2024-04', '2024-05'],
    );
    assert.deepEqual(gone.filter(({ kinds }) => kinds !== 'all').map(({ month }) => month)[0], '2024-06');
    assert.equal(gone.length, 5 + 12);
    assert.deepEqual(await audit.expire(), [], 'the second time nothing is left to do');
    assert.equal(months()[0], '2024-06');
    assert.deepEqual(await audit.find(ids[0] as string), {});
    const { decision, outcome } = await audit.find(ids[6] as string);
    assert.deepEqual([decision?.data.month, outcome], [6, undefined]);
    assert.equal(JSON.parse((await audit.prove(decision?.seq as number)).line).data.month, 6);
    await assert.rejects(audit.prove(0), { code: 'not_found' });
    await assert.rejects(audit.prove((decision?.seq as number) + 1), { code: 'not_found' });
    assert.equal(audit.tombstones.length, 1 + 12);
  }
  assert.equal(readFileSync(join(folder, '2024-07.jsonl'), 'utf8').includes('"label"'), false);
  const report = await verifyLog({ path: folder, known: [kept] });
  assert.deepEqual(report.problems, []);
  set('2029-01-01T00:00:00Z');
  {
    await using audit = open();
    await audit.append({ kind: 'system', actor: 'ada', data: { last: true } });
    await audit.expire();
    assert.deepEqual(months(), ['2029-01']);
    assert.deepEqual((await Array.fromAsync(audit.read({}))).at(0)?.data, { last: true });
  }
  assert.deepEqual((await verifyLog({ path: folder, known: [kept] })).problems, []);
  assert.equal((await Array.fromAsync(readAudit(home, {})))[0]?.data.last, true);
  await using audit = open();
  assert.deepEqual((await audit.consistency(audit.size)).path, []);
});

test('a log that was stopped in mid-expiry is finished at the next opening', async (context) => {
  const { folder, open, months } = await makeLog(context, 30);
  const [line, hashes] = ['2024-05.jsonl', 'tree/2024-05.hashes'].map((name) => readFileSync(join(folder, name)));
  {
    await using audit = open();
    await audit.expire();
  }
  writeFileSync(join(folder, '2024-05.jsonl'), line as Buffer);
  writeFileSync(join(folder, 'tree', '2024-05.hashes'), hashes as Buffer);
  await using audit = open();
  assert.equal(months()[0], '2024-06');
  assert.equal(existsSync(join(folder, 'tree', '2024-05.hashes')), false);
  assert.equal((await Array.fromAsync(audit.read({ limit: 1 })))[0]?.data.month, 5);
});

test('lines taken away or files deleted without a word are found', async (context) => {
  const { folder, open } = await makeLog(context, 30);
  {
    await using audit = open();
    await audit.expire();
  }
  const card = JSON.parse(readFileSync(join(folder, 'log.json'), 'utf8'));
  const path = join(folder, '2026-05.jsonl');
  const line = readFileSync(path, 'utf8').split('\n')[0] as string;
  const leaf = createHash('sha256').update(`\0${line}`).digest('hex');
  const { seq } = JSON.parse(line);
  writeFileSync(path, readFileSync(path, 'utf8').replace(line, `{"seq":${seq},"expired":"${leaf}"}`));
  const stubbed = await verifyLog({ path: folder });
  const found = stubbed.problems.map(({ code, seq: at }) => [code, at]);
  assert.deepEqual(found, [
    ['stub', seq],
    ['no_decision', seq + 1],
  ]);
  const told = { month: '2026-05', firstSeq: seq, count: 3, at: '2024-01-01', kinds: ['decision'] };
  writeFileSync(join(folder, 'log.json'), JSON.stringify({ ...card, tombstones: [...card.tombstones, told] }));
  const silent = await verifyLog({ path: folder });
  assert.ok(silent.problems.some(({ code, month }) => code === 'not_announced' && month === '2026-05'));
});

test('how long records are kept has a floor, a ceiling, and wants a motive', () => {
  assert.equal(readRetention('6').months.decision, 6);
  assert.equal(readRetention('12,decision=24', 'why').months.system, 24);
  for (const text of ['5', '37', 'x', '12,nothing=12', '', '12,decision=', '1.5'])
    assert.throws(() => readRetention(text, 'why'), { code: 'config_invalid' }, text);
  assert.throws(() => readRetention('13'), { code: 'config_invalid', message: /auditRetentionMotive/ });
});
