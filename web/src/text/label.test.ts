import assert from 'node:assert/strict';
import { test } from 'node:test';
import { levels } from '../api/wire-policy.ts';
import { joined, labelText, sameLabel } from './label.ts';

const label = (level: (typeof levels)[number], mentions: string[] = [], compartments: string[] = []) => ({
  level,
  mentions,
  compartments,
});

test('a label is written as the header takes it', () => {
  assert.equal(labelText(label('PUBLIC')), 'PUBLIC');
  assert.equal(labelText(label('SENSIBLE', ['PII', 'SANTE'], ['rh'])), 'SENSIBLE; mentions=PII,SANTE; compartments=rh');
});

test('two labels together are the higher level with all that either says', () => {
  for (const one of levels)
    for (const two of levels) {
      const both = joined(label(one, ['PII']), label(two, ['CODE'], ['rh']));
      assert.equal(both.level, levels[Math.max(levels.indexOf(one), levels.indexOf(two))]);
      assert.deepEqual(both.mentions, ['CODE', 'PII']);
      assert.ok(sameLabel(both, joined(label(two, ['CODE'], ['rh']), label(one, ['PII']))));
    }
});
