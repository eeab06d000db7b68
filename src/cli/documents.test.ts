import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { commands } from './commands/index.ts';
import { cliPage, withSettings } from './documents.ts';
import { globalOptions } from './parse.ts';
import type { Words } from './words.ts';

const root = join(import.meta.dirname, '..', '..');
const read = (...path: string[]): string => readFileSync(join(root, ...path), 'utf8');

for (const [language, suffix] of [
  ['en', ''],
  ['fr', '.fr'],
] as const) {
  test(`docs/cli${suffix}.md is the help of the program (npm run -s documents writes it)`, () => {
    assert.equal(read('docs', `cli${suffix}.md`), cliPage(commands, language));
  });
  test(`README${suffix}.md shows the settings as they are`, () => {
    const text = read(`README${suffix}.md`);
    assert.match(text, /INTRAMUROS_KEEP_ALIVE/);
    assert.equal(text, withSettings(text, language));
  });
}

test('every sentence of the help has a French of its own', () => {
  const sentences: Words[] = [...globalOptions.map(({ about }) => about)];
  for (const command of commands) {
    sentences.push(command.summary, ...(command.details ? [command.details] : []));
    sentences.push(...(command.options ?? []).map(({ about }) => about));
    sentences.push(...(command.arguments ?? []).map(({ about }) => about));
    sentences.push(...(command.examples ?? []).map(({ about }) => about));
  }
  for (const { en, fr } of sentences) {
    assert.notEqual(en, fr);
    assert.ok(fr.trim().length > 3, en);
  }
});
