import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatLabel, isWithin, joinLabels, parseLabel, publicLabel } from './index.ts';
import { knownMentions, levels } from './types.ts';

const words = (...of: string[]) => fc.uniqueArray(fc.constantFrom(...of)).map((list) => list.sort());
const label = fc.record(
  { level: fc.constantFrom(...levels), mentions: words(...knownMentions), compartments: words('rh', 'achats', 'dsi') },
  { noNullPrototype: true },
);

test('joins are a lattice: commutative, associative, idempotent, and never below what was joined', () => {
  fc.assert(
    fc.property(label, label, label, (a, b, c) => {
      assert.deepEqual(joinLabels(a, b), joinLabels(b, a));
      assert.deepEqual(joinLabels(joinLabels(a, b), c), joinLabels(a, joinLabels(b, c)));
      assert.deepEqual(joinLabels(a, a), a);
      assert.deepEqual(joinLabels(a, publicLabel), a);
      assert.ok(isWithin(a, joinLabels(a, b, c)));
      assert.equal(isWithin(a, b), formatLabel(joinLabels(a, b)) === formatLabel(b));
    }),
    { numRuns: 2_000 },
  );
});

test('a label reads back as it was written, in any order and case', () => {
  fc.assert(fc.property(label, (a) => assert.deepEqual(parseLabel(formatLabel(a), 'x'), a)));
  assert.deepEqual(parseLabel(' sensible ; compartments=rh,achats,rh; mentions=pii', 'x'), {
    level: 'SENSIBLE',
    mentions: ['PII'],
    compartments: ['achats', 'rh'],
  });
});

test('what is no label is refused, naming where it stood', () => {
  for (const text of [
    '',
    'TOP',
    'INTERNE, PUBLIC',
    'SP; mentions',
    'SP; mentions=PII=x',
    'SP; m=PII',
    'SP; mentions=é',
  ])
    assert.throws(
      () => parseLabel(text, 'x-intramuros-label'),
      (error: { code: string; message: string }) =>
        error.code === 'invalid_request' && error.message.startsWith('x-intramuros-label'),
      text,
    );
  assert.throws(() => parseLabel('SP; mentions=PII; mentions=SANTE', 'x'), { code: 'invalid_request' });
});
