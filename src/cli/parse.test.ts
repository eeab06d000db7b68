import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commands } from './commands/index.ts';
import { checkArguments, nearest, parseCommandLine } from './parse.ts';
import { UsageError } from './usage-error.ts';

const parse = (...argv: string[]) => parseCommandLine(argv, commands);

test('options stand anywhere, with = or a space, and -- ends them', () => {
  const { command, flags, args } = parse('--json', 'ask', '-m', 'tiny', 'why', '--seed=7', '--', '--not-an-option');
  assert.equal(command?.name, 'ask');
  assert.equal(flags.text('model'), 'tiny');
  assert.equal(flags.number('seed', { whole: true }), 7);
  assert.ok(flags.has('json'));
  assert.deepEqual(args, ['why', '--not-an-option']);
});

test('a negative number after a command is a value or an argument, not an option', () => {
  assert.equal(parse('ask', '--seed', '-1', 'x').flags.number('seed', { whole: true }), -1);
  assert.deepEqual(parse('config', 'set', 'keepAlive', '-1').args, ['set', 'keepAlive', '-1']);
});

test('a slip of the finger is answered with the nearest name', () => {
  assert.throws(() => parse('serv'), /Did you mean "serve"/);
  assert.throws(() => parse('ask', '--modle', 'x'), /Did you mean --model/);
  assert.equal(nearest('zzzz', ['serve', 'ask']), undefined);
});

test('what a command does not take is refused, in both languages, with the command to ask help of', () => {
  const failures = [
    () => parse('ask', '--port', '1'),
    () => parse('ask', '--model'),
    () => parse('ask', '--json=1'),
    () => checkArguments(parse('pull').command!, []),
    () => checkArguments(parse('stop').command!, ['a', 'b']),
    () => parse('ask', '--seed', 'x').flags.number('seed'),
    () => parse('ask', '--temperature', '3').flags.number('temperature', { min: 0, max: 2 }),
    () => parse('ask', '--thinking', 'loud').flags.oneOf('thinking', ['show', 'hide']),
  ];
  for (const failure of failures) {
    assert.throws(failure, (error: unknown) => {
      assert.ok(error instanceof UsageError);
      assert.notEqual(error.words.en, error.words.fr);
      return true;
    });
  }
});

test('--version is the version command', () => {
  assert.equal(parse('--version').command?.name, 'version');
});
