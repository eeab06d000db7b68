import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changedLines } from './changed-lines.ts';

const words = (before: string, after: string): readonly string[] =>
  changedLines(before, after).map(({ sign, text }) => `${sign}${text}`);

test('only what changed is shown, with two lines around it', () => {
  const old = Array.from({ length: 20 }, (_, at) => `line ${at}`);
  const now = old.with(10, 'another').toSpliced(18, 1);
  assert.deepEqual(words(old.join('\n'), now.join('\n')), [
    ' line 8',
    ' line 9',
    '-line 10',
    '+another',
    ' line 11',
    ' line 12',
    ' line 16',
    ' line 17',
    '-line 18',
    ' line 19',
  ]);
});

test('a file that is new or gone is all added or all taken away', () => {
  assert.deepEqual(words('', 'a\nb\n'), ['+a', '+b']);
  assert.deepEqual(words('a\nb\n', ''), ['-a', '-b']);
  assert.deepEqual(words('a\n', 'a\n'), []);
});
