import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, cpSync, fsyncSync, mkdtempSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { freshPlace } from '../../test/parts/databases.ts';
import { silentLog } from '../base/index.ts';
import { backup, openDatabase } from './index.ts';

/** A small disk of its own, where the system lets us have one. */
function smallDisk(context: TestContext, sizeMiB: number): string | undefined {
  const path = mkdtempSync(join(tmpdir(), 'intramuros-disk-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeMiB}m`, 'tmpfs', path]);
  context.after(() => {
    if (mounted.status === 0) spawnSync('umount', ['-l', path]);
    rmSync(path, { recursive: true, force: true });
  });
  return mounted.status === 0 ? path : undefined;
}

/** Fills a disk but for some bytes; gives the way to free it again. */
function fill(path: string, leaveBytes: number): () => void {
  const { bavail, bsize } = statfsSync(path);
  const file = join(path, 'filler');
  const handle = openSync(file, 'w');
  let left = bavail * bsize - leaveBytes;
  for (const piece = Buffer.alloc(1 << 20, 1); left > 0; left -= piece.length) {
    writeSync(handle, piece, 0, Math.min(left, piece.length));
  }
  fsyncSync(handle);
  closeSync(handle);
  return () => rmSync(file);
}

test('a full disk is named; what was acknowledged is kept, and work goes on once there is space', async (context) => {
  const disk = smallDisk(context, 120);
  if (disk === undefined) return context.skip('this user may not mount a small disk');
  const place = await freshPlace(context);
  const home = join(disk, 'home');
  cpSync(place.home, home, { recursive: true });
  const database = await openDatabase({ home, log: silentLog() });
  await database.query('CREATE TABLE t (n int PRIMARY KEY, filler text)');
  const free = fill(disk, 2 << 20);
  let acknowledged = 0;
  await assert.rejects(
    async () => {
      // Not compressible, so that the disk fills.
      for (; acknowledged < 3_000; acknowledged += 1) {
        await database.query(
          `INSERT INTO t SELECT $1, string_agg(md5(random()::text), '') FROM generate_series(1, 800)`,
          [acknowledged],
        );
      }
    },
    (error: Error & { code?: string }) => {
      assert.equal(error.code, 'disk_full', error.message);
      assert.match(error.message, /No space is left/);
      return true;
    },
  );
  assert.ok(acknowledged > 0);
  const archive = join(disk, 'a.backup');
  await assert.rejects(backup({ home, database, to: archive, log: silentLog() }), { code: 'disk_full' });
  free();
  const [row] = await database.query('SELECT count(*) AS n FROM t');
  assert.equal(row?.n, acknowledged);
  await database.query('INSERT INTO t VALUES (1000000, NULL)');
  await database.close();
});
