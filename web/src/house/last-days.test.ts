import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lastDays } from './last-days.ts';

test('a month of days is shown, those without use as nothing, and none twice', () => {
  const used = { date: '2026-03-02', requests: 3, promptTokens: 10, completionTokens: 5, costMicros: 0 };
  const days = lastDays([used], new Date('2026-03-10T12:00:00Z'));
  assert.equal(days.length, 30);
  assert.deepEqual([days[0]?.date, days.at(-1)?.date], ['2026-02-09', '2026-03-10']);
  assert.equal(new Set(days.map(({ date }) => date)).size, 30);
  assert.deepEqual(
    days.filter(({ requests }) => requests > 0),
    [used],
  );
});
