import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fromProblem, IntramurosError, newId, parseBytes, parseDurationMs, readSettings, toProblem } from './index.ts';

test('ids of one process sort by creation, also within a millisecond', () => {
  const ids = Array.from({ length: 5000 }, () => newId('run'));
  assert.deepEqual([...ids].sort(), ids);
  assert.equal(new Set(ids).size, ids.length);
});

test('a flag beats the environment, which beats the file, which beats the default', () => {
  const home = mkdtempSync(join(tmpdir(), 'intramuros-'));
  writeFileSync(join(home, 'config.json'), JSON.stringify({ port: 1, parallel: 2, keepAlive: '10m' }));
  const environment = { INTRAMUROS_PORT: '3', INTRAMUROS_THREADS: '4' };
  const { settings, origins } = readSettings({ home, environment, flags: { threads: 5 } });
  assert.equal(settings.port, 3);
  assert.equal(settings.parallel, 2);
  assert.equal(settings.threads, 5);
  assert.equal(settings.keepAlive, 600_000);
  assert.equal(settings.host, '127.0.0.1');
  assert.equal(origins.port, 'environment');
  assert.equal(origins.host, 'default');
});

test('a wrong setting is refused with its name, its origin and what was wanted', () => {
  const home = mkdtempSync(join(tmpdir(), 'intramuros-'));
  const wrong = (environment: Record<string, string>) => () => readSettings({ home, environment });
  assert.throws(wrong({ INTRAMUROS_PORT: 'abc' }), /"port" from INTRAMUROS_PORT/);
  assert.throws(wrong({ INTRAMUROS_KEEP_ALIVE: 'soon' }), /wanted a duration such as/);
  writeFileSync(join(home, 'config.json'), '{"ports": 1}');
  assert.throws(wrong({}), /"ports" that does not exist/);
  writeFileSync(join(home, 'config.json'), '{');
  assert.throws(wrong({}), /is not JSON/);
});

test('sizes and durations are read in the units people write', () => {
  assert.equal(parseBytes('8GiB'), 8 * 1024 ** 3);
  assert.equal(parseBytes('500 MB'), 500_000_000);
  assert.equal(parseBytes('many'), undefined);
  assert.equal(parseDurationMs('5m'), 300_000);
  assert.equal(parseDurationMs('forever'), Number.POSITIVE_INFINITY);
  assert.equal(parseDurationMs('soon'), undefined);
});

test('an unexpected error crosses a border without its text; ours keeps code and facts', () => {
  assert.equal(toProblem(new Error('password is hunter2')).message.includes('hunter2'), false);
  const again = fromProblem(
    toProblem(new IntramurosError('model_not_found', 'No such model.', { facts: { model: 'x' } })),
  );
  assert.equal(again.code, 'model_not_found');
  assert.deepEqual(again.facts, { model: 'x' });
});
