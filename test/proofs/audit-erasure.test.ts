import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Audit, type AuditRecord, openAudit, verifyLog } from '../../src/audit/index.ts';
import { silentLog, systemClock } from '../../src/base/index.ts';
import { type Keyring, openKeyring } from '../../src/keyring/index.ts';
import { openDatabase } from '../../src/store/index.ts';

const log = silentLog();
const words = ['Aglaé Quimperlé habite au 12, rue des Ormeaux', 'Zénobie Vauquelin, NIR 2 69 05 49 588 157 80'];

interface Rooms extends AsyncDisposable {
  readonly audit: Audit;
  readonly keyring: Keyring;
}

async function openRooms(home: string): Promise<Rooms> {
  await using opened = new AsyncDisposableStack();
  const database = opened.use(await openDatabase({ home, databaseUrl: undefined, log }));
  const keyring = opened.use(await openKeyring({ database, home, settings: { houseKey: 'file' }, log }));
  const audit = opened.use(openAudit({ home, clock: systemClock, log, keyring }));
  const rooms = opened.move();
  return { audit, keyring, [Symbol.asyncDispose]: () => rooms.disposeAsync() };
}

/** Files of a folder that hold one of these texts, as it is or in a usual encoding. */
function filesWith(folder: string, texts: readonly string[]): string[] {
  const needles = texts.flatMap((text) => {
    const bytes = Buffer.from(text);
    return [bytes, Buffer.from(text, 'utf16le'), bytes.toString('hex'), bytes.toString('base64').slice(0, -4)];
  });
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => {
      const bytes = readFileSync(path);
      return needles.some((needle) => bytes.includes(needle));
    });
}

test('after an erasure the log verifies, and the erased payload is nowhere on the disk', async () => {
  const home = mkdtempSync(join(tmpdir(), 'intramuros-erasure-'));
  try {
    const month = new Date().toISOString().slice(0, 7);
    let sealed: readonly string[] = [];
    let known = '';
    const records: AuditRecord[] = [];
    {
      await using rooms = await openRooms(home);
      for (const [n, payload] of words.entries()) {
        const what = { subject: `per_${n}/${month}`, payload };
        records.push(await rooms.audit.append({ kind: 'access', actor: `per_${n}`, data: { n }, sealed: what }));
      }
      for (const [n, record] of records.entries()) {
        const opened = await rooms.audit.payload(record);
        assert.ok(opened !== undefined);
        assert.equal(opened.payload, words[n]);
        const commitment = createHash('sha256').update(Buffer.from(opened.nonce, 'hex')).update(opened.payload);
        assert.equal(commitment.digest('hex'), record.data.commitment);
      }
      known = (await rooms.audit.checkpoint()).note;
      const file = join(home, 'audit', 'payloads', `${month}.jsonl`);
      sealed = readFileSync(file, 'utf8')
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line).sealed);
      assert.equal(sealed.length, 2);
      assert.ok(readFileSync(file).includes(sealed[0] as string), 'a search that finds nothing would prove nothing');

      await rooms.keyring.destroy('per_0');
      await rooms.keyring.settle();
      assert.equal(await rooms.audit.payload(records[0] as AuditRecord), undefined, 'without its key it opens no more');
      assert.equal(await rooms.audit.forget('per_0'), 1);
      assert.equal(await rooms.audit.forget('per_0'), 0);
      await rooms.audit.append({ kind: 'erasure', actor: 'per_0', data: { what: 'person.erased' } });
    }
    assert.deepEqual(filesWith(home, words), []);
    assert.deepEqual(filesWith(home, [sealed[0] as string]), []);
    assert.equal(filesWith(home, [sealed[1] as string]).length, 1);
    const kept = join(home, 'kept.txt');
    writeFileSync(kept, known);
    const report = await verifyLog({ path: join(home, 'audit'), known: [kept] });
    assert.deepEqual([report.ok, report.records, report.problems], [true, 3, []]);
    await using rooms = await openRooms(home);
    assert.equal((await rooms.audit.payload(records[1] as AuditRecord))?.payload, words[1]);
    assert.equal(JSON.parse((await rooms.audit.prove(0)).line).data.commitment, records[0]?.data.commitment);
    console.log(
      'PROOF audit-erasure 2 sealed payloads, 1 erased: on no file of the disk, the log of 3 records verifies',
    );
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
});
