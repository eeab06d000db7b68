import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Upstream } from '../api/wire-house.ts';
import { bodyOf, draftOf } from './upstream-draft.ts';

const upstream: Upstream = {
  id: 'house',
  title: 'The house’s server',
  kind: 'bedrock',
  urls: ['https://one.example/v1', 'https://two.example/v1'],
  region: 'eu-west-3',
  flavour: 'compatible',
  destination: {
    id: 'house',
    title: 'The house’s server',
    tier: 'paas',
    country: 'FR',
    extraEuExposure: false,
    secnumcloud: { certificate: '42', scope: 'PaaS', expires: '2027-01-31' },
    retentionDays: 0,
    trainsOnData: false,
    dpaRef: 'DPA-7',
    enclave: false,
    declaredBy: 'per_1',
    declaredAt: '2026-01-01T00:00:00Z',
  },
  profiles: [],
  timeouts: { connectMs: 5000, firstTokenMs: 90_000, betweenTokensMs: 500, totalMs: 600_000 },
  models: [
    {
      id: 'house/large',
      name: 'large',
      capabilities: ['chat', 'completion'],
      contextTokens: 32_768,
      price: { currency: 'EUR', inputMicros: 150_000, outputMicros: 600_000, asOf: '2026-01-01' },
    },
  ],
  secretSet: true,
  enabled: true,
  fallbacks: ['other'],
  version: 4,
};

test('what was read and saved again is what was read', () => {
  const body = bodyOf(draftOf(upstream), '2026-02-02', false);
  const { id: _id, title: _title, declaredBy: _by, declaredAt: _at, ...declared } = upstream.destination;
  assert.deepEqual(body, {
    title: upstream.title,
    flavour: 'compatible',
    region: 'eu-west-3',
    urls: upstream.urls,
    enabled: true,
    fallbacks: ['other'],
    models: [
      {
        name: 'large',
        capabilities: ['chat', 'completion'],
        contextTokens: 32_768,
        price: { currency: 'EUR', inputMicros: 150_000, outputMicros: 600_000, asOf: '2026-02-02' },
      },
    ],
    destination: declared,
    profiles: [],
    timeouts: upstream.timeouts,
  });
});

test('a new place says nothing that nobody declared, and its law may reach from outside', () => {
  const draft = { ...draftOf(undefined), id: 'new', title: 'New', urls: 'https://new.example' };
  const { destination, secret } = bodyOf(draft, '2026-02-02', true) as Record<string, unknown>;
  assert.deepEqual(destination, { tier: 'saas', extraEuExposure: true, enclave: false });
  assert.equal(secret, undefined);
});
