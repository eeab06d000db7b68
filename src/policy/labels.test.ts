import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  assertLabelled,
  compareLabels,
  formatLabel,
  isWithin,
  join,
  joinLabelled,
  type Labelled,
  labelled,
  levels,
  lowerCeiling,
  mapLabelled,
  parseLabel,
  publicLabel,
  raisingSources,
  toLabel,
} from './index.ts';

const anyLabel = fc
  .record({
    level: fc.constantFrom(...levels),
    mentions: fc.uniqueArray(fc.constantFrom('PII', 'SANTE', 'CODE', 'NOTRE_PROJET')),
    compartments: fc.uniqueArray(fc.constantFrom('rh', 'dg', 'équipe-1')),
  })
  .map(toLabel);

test('join is commutative, associative, idempotent, raises, and is the least that does', () => {
  fc.assert(
    fc.property(anyLabel, anyLabel, anyLabel, (a, b, c) => {
      assert.deepEqual(join(a, b), join(b, a));
      assert.deepEqual(join(join(a, b), c), join(a, join(b, c)));
      assert.deepEqual(join(a, a), a);
      assert.deepEqual(join(a, publicLabel), a);
      assert.ok(isWithin(a, join(a, b)) && isWithin(b, join(a, b)));
      if (isWithin(a, c) && isWithin(b, c)) assert.ok(isWithin(join(a, b), c));
    }),
    { numRuns: 2_000, seed: 4 },
  );
});

test('the header form gives the same label back, and equal labels give equal text', () => {
  fc.assert(
    fc.property(anyLabel, (label) => assert.deepEqual(parseLabel(formatLabel(label)), label)),
    { numRuns: 500, seed: 4 },
  );
  assert.equal(
    formatLabel(parseLabel(' sensible ;compartments= rh ; Mentions=sante,PII,sante ')),
    'SENSIBLE; mentions=PII,SANTE; compartments=rh',
  );
});

test('nothing in a header is ignored', () => {
  for (const text of [
    '',
    'CONFIDENTIAL',
    'INTERNE; mention=PII',
    'INTERNE; mentions',
    'INTERNE; mentions=P I',
    'INTERNE; mentions=PII; mentions=SANTE',
    'INTERNE, SP',
    'INTERNE; compartments=a\u0000b',
    `INTERNE; compartments=${Array.from({ length: 33 }, (_, n) => `c${n}`).join(',')}`,
  ])
    assert.throws(() => parseLabel(text), { code: 'invalid_request' }, text);
});

test('two labels compare as the lattice has them', () => {
  const compare = (a: string, b: string): string => compareLabels(parseLabel(a), parseLabel(b));
  assert.equal(compare('SP', 'sp'), 'equal');
  assert.equal(compare('INTERNE', 'INTERNE; mentions=PII'), 'lower');
  assert.equal(compare('SP; mentions=PII', 'SENSIBLE'), 'higher');
  assert.equal(compare('SP', 'INTERNE; mentions=PII'), 'apart');
  assert.equal(lowerCeiling(parseLabel('SP'), parseLabel('INTERNE'))?.level, 'INTERNE');
  assert.equal(lowerCeiling(undefined, parseLabel('INTERNE'))?.level, 'INTERNE');
  assert.equal(lowerCeiling(undefined, undefined), undefined);
});

test('what is made of labelled values is as sensitive as all of them, and names its sources', () => {
  const note = labelled('note', [{ kind: 'document', id: 'note.txt', label: parseLabel('SENSIBLE; mentions=PII') }]);
  const question = labelled('question', [
    { kind: 'client', id: 'header', label: parseLabel('INTERNE; compartments=rh') },
  ]);
  const prompt = joinLabelled([question, note], (texts) => texts.join('\n'));
  const title = mapLabelled(prompt, (text) => text.slice(0, 4));
  assert.equal(title.value, 'ques');
  assert.equal(formatLabel(title.label), 'SENSIBLE; mentions=PII; compartments=rh');
  assert.deepEqual(
    title.sources.map(({ id }) => id),
    ['header', 'note.txt'],
  );
  const raising = raisingSources(parseLabel('SENSIBLE; mentions=PII'), title.sources);
  assert.deepEqual(
    raising.map(({ id }) => id),
    ['note.txt'],
  );
});

test('a value that a cast passed off as labelled is refused', () => {
  const forged = { value: 'x', label: publicLabel, sources: [] } as unknown as Labelled<string>;
  assert.throws(() => assertLabelled(forged), { code: 'internal' });
  assert.throws(() => joinLabelled([forged], (texts) => texts.join('')), { code: 'internal' });
});
