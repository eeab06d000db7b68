import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { QuotaState } from '../../identity/index.ts';
import { durationText, rateHeaders } from './rate-headers.ts';

const state = (
  unit: QuotaState['unit'],
  limit: number,
  used: number,
  reserved: number,
  resetMs: number,
): QuotaState => ({
  id: 'q',
  subject: { kind: 'person', id: 'p' },
  unit,
  period: 'day',
  limit,
  used,
  reserved,
  resetAt: new Date(resetMs).toISOString(),
  version: 1,
});

test('the tightest cap of requests and of tokens is told in the words that OpenAI’s clients read', () => {
  assert.deepEqual(rateHeaders([]), {});
  const states = [
    state('tokens', 1000, 100, 50, 90_000),
    state('tokens', 5000, 4900, 0, 500),
    state('requests', 10, 10, 2, 7_205_000),
    state('money', 1, 1, 0, 1),
  ];
  assert.deepEqual(rateHeaders(states, 0), {
    'x-ratelimit-limit-requests': '10',
    'x-ratelimit-remaining-requests': '0',
    'x-ratelimit-reset-requests': '2h0m5s',
    'x-ratelimit-limit-tokens': '5000',
    'x-ratelimit-remaining-tokens': '100',
    'x-ratelimit-reset-tokens': '500ms',
  });
  assert.deepEqual([-5, 0, 999, 1000, 61_000].map(durationText), ['0ms', '0ms', '999ms', '1s', '1m1s']);
});
