import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import fc from 'fast-check';
import { freshPlace } from '../../test/parts/databases.ts';

/** A process that inserts as fast as it can and prints each number once it is acknowledged. */
function writer(home: string, from: number) {
  const store = new URL('./index.ts', import.meta.url).href;
  const base = new URL('../base/index.ts', import.meta.url).href;
  const source = `import { openDatabase } from '${store}'; import { silentLog } from '${base}'; import { writeSync } from 'node:fs';
    const database = await openDatabase({ home: process.env.HOME_UNDER_TEST, log: silentLog() });
    await database.query('CREATE TABLE IF NOT EXISTS acknowledged (n int PRIMARY KEY, filler text)');
    for (let n = ${from}; ; n += 1) {
      await database.query('INSERT INTO acknowledged VALUES ($1, $2)', [n, 'x'.repeat(n % 3000)]);
      writeSync(1, n + '\\n');
    }`;
  return spawn(process.execPath, ['--input-type=module', '-e', source], {
    env: { ...process.env, HOME_UNDER_TEST: home },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

test('a kill -9 at any moment loses no acknowledged row', async (context) => {
  const place = await freshPlace(context);
  const moments = fc.sample(fc.integer({ min: 1, max: 250 }), { seed: 20261123, numRuns: 3 });
  let last = 0;
  let acknowledged = 0;
  for (const moment of moments) {
    const child = writer(place.home, last + 1_000);
    context.after(() => child.kill('SIGKILL'));
    const exited = once(child, 'exit');
    let rows = 0;
    for await (const line of createInterface({ input: child.stdout })) {
      last = Number(line);
      acknowledged += 1;
      rows += 1;
      if (rows === moment) child.kill('SIGKILL');
    }
    await exited;
    await using database = await place.open();
    const [found] = await database.query<{ n: number; last: number }>(
      'SELECT count(*) AS n, max(n) AS last FROM acknowledged',
    );
    // One more may be there than was acknowledged: written, then killed before it could say so.
    assert.ok((found?.n ?? 0) >= acknowledged, `${found?.n} rows of ${acknowledged} acknowledged`);
    assert.ok((found?.last ?? 0) >= last);
    acknowledged = found?.n ?? 0;
    last = found?.last ?? 0;
  }
  context.diagnostic(`${acknowledged} acknowledged rows, ${moments.length} kills, 0 lost`);
});
