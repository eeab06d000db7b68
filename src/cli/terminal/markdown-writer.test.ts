import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { MarkdownWriter } from './markdown-writer.ts';

function render(text: string, options: { pieces?: readonly string[]; columns?: number; color?: boolean } = {}): string {
  let out = '';
  const writer = new MarkdownWriter({
    write: (part) => {
      out += part;
    },
    columns: options.columns ?? 40,
    color: options.color ?? false,
  });
  for (const piece of options.pieces ?? [text]) writer.push(piece);
  writer.end();
  return out;
}

const sample = [
  '# A **title**',
  '',
  'Some *words* with `code * here` and 3 * 4 = 12, and a snake_case_name.',
  '',
  '- one',
  '- two that is long enough to be wrapped at the width',
  '1. first',
  '> quoted',
  '',
  '| name | size |',
  '|---|--:|',
  '| a | 1 |',
  '| bbb | 22 |',
  '',
  '```js',
  'const a = **1;',
  '```',
  '---',
  'end',
].join('\n');

test('blocks and emphasis lose their marks, code and lone stars keep theirs', () => {
  assert.equal(
    render(sample),
    [
      'A title',
      '',
      'Some words with code * here and 3 * 4 =',
      '12, and a snake_case_name.',
      '',
      '• one',
      '• two that is long enough to be wrapped',
      '  at the width',
      '1. first',
      '│ quoted',
      '',
      'name  size',
      'a        1',
      'bbb     22',
      '',
      '  js',
      '  const a = **1;',
      '─'.repeat(40),
      'end',
      '',
    ].join('\n'),
  );
});

test('however the text is cut into pieces, the same is written', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(12), { minLength: 1, maxLength: 60 }), (lengths) => {
      const pieces: string[] = [];
      let rest = sample;
      for (const length of lengths) {
        pieces.push(rest.slice(0, length));
        rest = rest.slice(length);
      }
      assert.equal(render('', { pieces: [...pieces, rest] }), render(sample));
      const colored = render('', { pieces: [...pieces, rest], color: true });
      assert.equal(stripVTControlCharacters(colored), render(sample));
    }),
  );
});

test('any text is written without throwing and without control characters', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 30 })), (pieces) => {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: looks for them.
      assert.doesNotMatch(render('', { pieces }), /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
    }),
  );
});

test('a word is written as soon as the space after it comes', () => {
  let out = '';
  const writer = new MarkdownWriter({ write: (part) => (out += part), columns: 40, color: false });
  writer.push('Hello wor');
  assert.equal(out, 'Hello');
  writer.push('ld and');
  assert.equal(out, 'Hello world');
});

test('an escape sequence of the model does not reach the terminal', () => {
  assert.equal(render('a\u001b]0;title\u0007b \u009b2Jc'), 'a]0;titleb 2Jc\n');
});

test('a heading is bold to its last word, and the text after it is not', () => {
  const bold = (text: string): string => `\u001b[1m${text}\u001b[22m`;
  assert.equal(render('# One two\nthree', { color: true }), `${bold('One')} ${bold('two')}\nthree\n`);
});
