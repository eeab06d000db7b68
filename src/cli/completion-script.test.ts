import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commands } from './commands/index.ts';
import { candidates } from './completion-script.ts';
import type { Completion } from './types.ts';

const values = async (kind: Completion): Promise<readonly string[]> =>
  typeof kind === 'string' ? [`${kind}-one`, `${kind}-two`] : kind;
const complete = (...words: string[]) => candidates(words, commands, values);

test('a first word is a command', async () => {
  assert.deepEqual(await complete('se'), ['serve']);
  assert.ok((await complete('')).includes('doctor'));
});

test('a dash offers the options of the command and those of all', async () => {
  const options = await complete('ask', '--');
  assert.ok(options.includes('--system') && options.includes('--json') && !options.includes('--starter'));
});

test('the value of an option and an argument are offered by their kind', async () => {
  assert.deepEqual(await complete('ask', '--model', ''), ['model-one', 'model-two']);
  assert.deepEqual(await complete('ask', '-m', 'model-t'), ['model-two']);
  assert.deepEqual(await complete('show', ''), ['model-one', 'model-two']);
  assert.deepEqual(await complete('pull', ''), ['catalogue-one', 'catalogue-two']);
  assert.deepEqual(await complete('config', 's'), ['set']);
  assert.deepEqual(await complete('config', 'get', 'setting-o'), ['setting-one']);
  assert.deepEqual(await complete('completion', 'b'), ['bash']);
});

test('nothing is offered where nothing fits', async () => {
  assert.deepEqual(await complete('show', 'a', ''), []);
  assert.deepEqual(await complete('ask', '--seed', ''), []);
});
