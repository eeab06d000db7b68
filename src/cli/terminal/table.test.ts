import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { progressLine } from './progress-bar.ts';
import { formatTable } from './table.ts';
import { cutText, textWidth, wrapText } from './text-width.ts';

const columns = [
  { title: 'NAME', flexible: true },
  { title: 'SIZE', align: 'right' as const },
];

test('columns line up, numbers to the right', () => {
  const text = formatTable(
    columns,
    [
      ['a', '1 KiB'],
      ['longer', '10 KiB'],
    ],
    { width: undefined, color: false },
  );
  assert.equal(text, 'NAME      SIZE\na        1 KiB\nlonger  10 KiB');
});

test('a narrow terminal cuts the flexible column and keeps the rest', () => {
  const text = formatTable(columns, [['a-very-long-model-name:latest', '10 KiB']], { width: 24, color: false });
  assert.equal(text.split('\n')[1], 'a-very-long-mod…  10 KiB');
  for (const line of text.split('\n')) assert.ok(textWidth(line) <= 24, line);
});

test('wide characters count for two columns, accents for none', () => {
  assert.equal(textWidth('日本'), 4);
  assert.equal(textWidth('e\u0301te'), 3);
  assert.equal(cutText('日本語', 5), '日本…');
});

test('wrapped text loses no word and no line is too wide unless one word is', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.string({ minLength: 1, maxLength: 8, unit: 'grapheme-ascii' }).map((word) => word.replace(/ /g, '_')),
        { minLength: 1 },
      ),
      fc.integer({ min: 8, max: 40 }),
      (words, width) => {
        const lines = wrapText(words.join(' '), width);
        assert.equal(lines.join(' '), words.join(' '));
        for (const line of lines) assert.ok(textWidth(line) <= width, line);
      },
    ),
  );
});

test('a progress line has share, sizes, rate and the time left, and fits', () => {
  const state = {
    label: 'm',
    completedBytes: 50 * 1024 ** 2,
    totalBytes: 100 * 1024 ** 2,
    bytesPerSecond: 5 * 1024 ** 2,
  };
  const line = progressLine(state, 100, 'en');
  assert.match(line, /^m {2}\[=+ +\] {2}50% {2}50\.0 MiB \/ 100 MiB {2}5\.0 MiB\/s {2}left 0:10$/);
  assert.match(
    progressLine(state, 100, 'fr'),
    /50\u00a0% {2}50,0\u00a0Mio \/ 100\u00a0Mio {2}5,0\u00a0Mio\/s {2}reste 0:10/,
  );
  for (const columns of [20, 40, 60, 200]) assert.ok(textWidth(progressLine(state, columns, 'en')) <= columns);
});
