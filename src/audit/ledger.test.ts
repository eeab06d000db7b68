import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { newId, silentLog, systemClock } from '../base/index.ts';
import { type Audit, allowNewKey, openAudit, verifyLog } from './index.ts';
import { isSignedBy, parseNote } from './note.ts';

const log = silentLog();

function freshHome(context: TestContext): string {
  const home = mkdtempSync(join(tmpdir(), 'intramuros-ledger-'));
  context.after(() => rmSync(home, { recursive: true, force: true }));
  return home;
}

const opened = (home: string): Audit => openAudit({ home, clock: systemClock, log });

test('a record is proved under a signed checkpoint, made when it is asked for', async (context) => {
  const home = freshHome(context);
  await using audit = opened(home);
  for (let n = 0; n < 20; n += 1) await audit.append({ kind: 'system', actor: 'ada', data: { n } });
  const { line, seq, checkpoint, path } = await audit.prove(7);
  assert.equal(JSON.parse(line).data.n, 7);
  assert.equal(seq, 7);
  assert.ok(path.length > 0 && path.length <= 5);
  const note = parseNote(checkpoint);
  assert.ok(note !== undefined && isSignedBy(note, audit.publicKey));
  assert.equal(note.text, `${audit.origin}\n20\n${note.text.split('\n')[2]}\n`);
  assert.equal(isSignedBy({ ...note, text: note.text.replace('\n20\n', '\n21\n') }, audit.publicKey), false);
  await assert.rejects(audit.prove(20), { code: 'not_found' });
  await assert.rejects(audit.consistency(21), { code: 'not_found' });
});

test('checkpoints come after 1,000 records and at the end; witnesses and time stamps are kept beside them', async (context) => {
  const home = freshHome(context);
  let publicKey = '';
  {
    await using audit = opened(home);
    publicKey = audit.publicKey;
    const heard = new Promise<number>((resolve) => audit.onCheckpoint(({ size }) => resolve(size)));
    for (let n = 0; n < 10; n += 1)
      await Promise.all(Array.from({ length: 110 }, () => audit.append({ kind: 'system', actor: 'ada', data: { n } })));
    assert.ok((await heard) >= 1_000);
  }
  await using audit = opened(home);
  assert.equal(audit.publicKey, publicKey);
  assert.equal(audit.latest?.size, 1_100);
  await audit.cosign(1_100, '— witness.example/w AAAA');
  await audit.cosign(1_100, '— witness.example/w AAAA');
  await audit.attachTimestamp(1_100, 'MAo=');
  await assert.rejects(audit.cosign(1_099, '— witness.example/w AAAA'), { code: 'not_found' });
  assert.ok(audit.latest.note.endsWith('\n— witness.example/w AAAA\n'));
  await audit.close();
  await using again = opened(home);
  assert.deepEqual(again.latest?.cosignatures, ['— witness.example/w AAAA']);
  assert.deepEqual(again.latest?.timestamps, ['MAo=']);
});

test('a decision and its outcome are found by the id, also after the clock was set back', async (context) => {
  const home = freshHome(context);
  let now = Date.parse('2026-11-05T10:00:00Z');
  const clock = { now: () => now, monotonic: () => now };
  const ids: string[] = [];
  {
    await using audit = openAudit({ home, clock, log });
    for (let n = 0; n < 300; n += 1) {
      now += n === 150 ? -3 * 3_600_000 : 1_000;
      const id = newId('dec', now);
      ids.push(id);
      await audit.append({ kind: 'decision', actor: 'ada', data: { id, n } });
      if (n % 2 === 0) audit.note({ kind: 'outcome', actor: 'ada', data: { decisionId: id, n } });
    }
  }
  await using audit = openAudit({ home, clock, log });
  for (const [n, id] of ids.entries()) {
    const { decision, outcome } = await audit.find(id);
    assert.equal(decision?.data.n, n);
    assert.equal(outcome?.data.n, n % 2 === 0 ? n : undefined);
  }
  assert.deepEqual(await audit.find(newId('dec', now)), {});
  assert.deepEqual(await audit.find('nothing'), {});
});

test('a record from before there was a tree is taken over', async (context) => {
  const home = freshHome(context);
  {
    await using audit = opened(home);
    for (let n = 0; n < 50; n += 1) await audit.append({ kind: 'system', actor: 'ada', data: { n } });
  }
  for (const name of ['tree', 'log.json', 'checkpoints.jsonl', '../audit.key'])
    rmSync(join(home, 'audit', name), { recursive: true });
  await using audit = opened(home);
  assert.equal(audit.size, 50);
  assert.equal(JSON.parse((await audit.prove(49)).line).data.n, 49);
});

test('what does not fit the last checkpoint is refused at opening', async (context) => {
  const home = freshHome(context);
  {
    await using audit = opened(home);
    for (let n = 0; n < 50; n += 1) await audit.append({ kind: 'system', actor: 'ada', data: { n } });
  }
  const month = new Date().toISOString().slice(0, 7);
  const path = join(home, 'audit', `${month}.jsonl`);
  const whole = readFileSync(path, 'utf8');
  const refused = (message: RegExp): void => {
    assert.throws(() => opened(home), { code: 'audit_unavailable', message });
  };
  writeFileSync(path, whole.replace('"n":7}', '"n":8}'));
  refused(/number 7 was changed/);
  writeFileSync(path, whole.split('\n').slice(0, 40).join('\n').concat('\n'));
  refused(/40 records where 50 were hashed/);
  rmSync(join(home, 'audit', 'tree'), { recursive: true }); // the hashes are gone as well: the checkpoint still tells
  refused(/it had 50 records at .* and 40 are left/);
  writeFileSync(path, whole.replace('"n":7}', '"n":8}'));
  refused(/first 50 records are not those that were signed/);
  rmSync(join(home, 'audit', 'tree'), { recursive: true });
  writeFileSync(path, whole);
  appendFileSync(join(home, 'audit', 'checkpoints.jsonl'), '{"size":'); // half of a line, as a kill leaves it
  await using audit = opened(home);
  assert.equal(audit.size, 50);
});

test('a lost, foreign or open key is said in clear words', async (context) => {
  const [home, other] = [freshHome(context), freshHome(context)];
  for (const one of [home, other]) {
    await using audit = opened(one);
    await audit.append({ kind: 'system', actor: 'ada', data: {} });
  }
  const key = join(home, 'audit.key');
  const text = readFileSync(key, 'utf8');
  writeFileSync(key, readFileSync(join(other, 'audit.key'), 'utf8'));
  assert.throws(() => opened(home), { code: 'audit_unavailable', message: /is the key of another log/ });
  writeFileSync(key, 'nothing');
  assert.throws(() => opened(home), { code: 'audit_unavailable', message: /holds no signing key/ });
  rmSync(key);
  assert.throws(() => opened(home), { code: 'audit_unavailable', message: /is missing/ });
  if (process.platform !== 'win32') {
    writeFileSync(key, text, { mode: 0o644 });
    assert.throws(() => opened(home), { code: 'audit_unavailable', message: /by others/ });
    rmSync(key);
  }
  writeFileSync(key, text, { mode: 0o600 });
  {
    await using audit = opened(home);
    assert.equal(audit.size, 1);
  }
  rmSync(key);
  allowNewKey({ home });
  {
    await using audit = opened(home);
    await audit.append({ kind: 'system', actor: 'ada', data: {} });
    assert.equal((await Array.fromAsync(audit.read({ fromSeq: 1, limit: 1 })))[0]?.data.what, 'audit.key_replaced');
  }
  assert.equal((await verifyLog({ path: join(home, 'audit') })).ok, true);
  rmSync(key);
  assert.throws(() => opened(home), { message: /is missing/ }, 'once is not for ever');
  rmSync(join(other, 'audit'), { recursive: true }); // a log that was moved away
  await using fresh = opened(other);
  assert.ok(readFileSync(join(other, 'audit.key'), 'utf8').includes(fresh.origin));
  assert.equal(readdirSync(other).filter((name) => name.startsWith('audit.key.before-')).length, 1);
});

test('a disk that is full in the middle of a checkpoint leaves no half of one', async (context) => {
  if (process.platform !== 'linux') return context.skip('the limit on the size of files is set with a shell of Linux');
  const home = freshHome(context);
  const program = `import { openAudit } from '${new URL('./index.ts', import.meta.url).href}';
    import { silentLog, systemClock } from '${new URL('../base/index.ts', import.meta.url).href}';
    process.on('SIGXFSZ', () => undefined);
    const audit = openAudit({ home: process.argv[1], clock: systemClock, log: silentLog() });
    let failed = 0;
    for (let n = 0; n < 8; n += 1) {
      await audit.append({ kind: 'system', actor: 'a', data: {} });
      await audit.checkpoint().catch(() => (failed += 1));
    }
    await audit.close();
    console.log(JSON.stringify({ failed, size: audit.size }));`;
  const run = spawnSync('sh', [
    '-c',
    'ulimit -f 2; exec "$0" --input-type=module -e "$1" "$2"',
    process.execPath,
    program,
    home,
  ]);
  const { failed, size } = JSON.parse(run.stdout.toString());
  assert.ok(failed > 0 && size === 8, `${run.stdout} ${run.stderr}`);
  await using audit = opened(home);
  assert.equal((await audit.checkpoint()).size, 8);
  assert.deepEqual((await verifyLog({ path: join(home, 'audit') })).problems, []);
});
