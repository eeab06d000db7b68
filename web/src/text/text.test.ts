import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dateGroup, groupByDate } from './date-groups.ts';
import { countWords, detectLanguage } from './detect-language.ts';
import { Format } from './format.ts';
import { normalizeMath } from './math-delimiters.ts';
import { actionOf, bindingsFor, canBind, chordOf, defaultBindings } from './shortcuts.ts';

const press = (key: string, held: string = '') => ({
  key,
  ctrlKey: held.includes('c'),
  metaKey: held.includes('m'),
  shiftKey: held.includes('s'),
  altKey: held.includes('a'),
});

test('mathematics in any of its delimiters becomes one form, and prices stay prices', () => {
  assert.equal(normalizeMath('soit \\(x^2\\) et $y$'), 'soit $$x^2$$ et $$y$$');
  assert.equal(normalizeMath('a\n\\[ x = 1 \\]\nb'), 'a\n\n$$\nx = 1\n$$\n\nb');
  assert.equal(normalizeMath('from $5 to $10 and $ 3'), 'from $5 to $10 and $ 3');
  assert.equal(normalizeMath('$$\nx\n$$'), '$$\nx\n$$');
});

test('code is never taken for mathematics', () => {
  assert.equal(normalizeMath('`$a$` and $b$'), '`$a$` and $$b$$');
  assert.equal(normalizeMath('```sh\necho $a$\n```\n$b$'), '```sh\necho $a$\n```\n$$b$$');
  assert.equal(normalizeMath('```sh\necho $a$ \\(x\\)'), '```sh\necho $a$ \\(x\\)');
});

test('conversations fall into groups by calendar day', () => {
  const now = new Date(2026, 5, 15, 0, 30);
  const at = (...parts: [number, number, number, number]) => new Date(...parts).toISOString();
  assert.equal(dateGroup(at(2026, 5, 15, 0), now), 'today');
  assert.equal(dateGroup(at(2026, 5, 14, 23), now), 'yesterday');
  assert.equal(dateGroup(at(2026, 5, 13, 23), now), 'week');
  assert.equal(dateGroup(at(2026, 4, 20, 1), now), 'month');
  assert.equal(dateGroup(at(2025, 4, 20, 1), now), 'older');
  const groups = groupByDate([{ updatedAt: at(2025, 1, 1, 1) }, { updatedAt: at(2026, 5, 15, 0) }], now);
  assert.deepEqual(
    groups.map(({ group }) => group),
    ['today', 'older'],
  );
});

test('a shortcut is its character, on either keyboard', () => {
  const us = bindingsFor('qwerty', {});
  assert.equal(actionOf(chordOf(press('O', 'cs'), 'qwerty'), us), 'new');
  assert.equal(actionOf(chordOf(press('k', 'm'), 'qwerty'), us), 'search');
  assert.equal(actionOf(chordOf(press(':', 'cs'), 'qwerty'), us), 'copyCode');
  const fr = bindingsFor('azerty', {});
  assert.equal(actionOf(chordOf(press('F1'), 'azerty'), fr), 'help');
  assert.equal(actionOf(chordOf(press('E', 'cs'), 'azerty'), fr), 'copyCode');
  assert.equal(actionOf(chordOf(press('.', 'cs'), 'azerty'), fr), undefined);
  for (const bindings of [defaultBindings('qwerty'), defaultBindings('azerty')])
    assert.equal(new Set(Object.values(bindings)).size, Object.keys(bindings).length);
});

test('typing is never taken: composition, dead keys, AltGr', () => {
  assert.equal(chordOf({ ...press('k', 'c'), isComposing: true }, 'qwerty'), undefined);
  assert.equal(chordOf(press('Dead', 'c'), 'azerty'), undefined);
  assert.equal(chordOf(press('@', 'ca'), 'azerty'), undefined);
  assert.equal(canBind('A'), false);
  assert.equal(canBind('Mod+J'), true);
});

test('a person may take a key away from another action', () => {
  const own = bindingsFor('qwerty', { models: 'Mod+J' });
  assert.equal(actionOf('Mod+J', own), 'models');
  assert.equal(actionOf('Mod+Shift+M', own), undefined);
});

test('sizes and numbers are written as the reader writes them', () => {
  assert.equal(new Format('fr').bytes(1_610_612_736), '1,5\u00a0Gio');
  assert.equal(new Format('en').bytes(0), '0\u00a0B');
  assert.equal(new Format('fr').parameters(1.7e9), '1,7\u00a0Md');
  assert.equal(new Format('en').duration(65_000), '1\u00a0min\u00a005\u00a0s');
});

test('the language of an answer shows in its small words', () => {
  assert.equal(detectLanguage('Le modèle est dans la machine et il répond pour vous.'), 'fr');
  assert.equal(detectLanguage('The model is in the machine and it answers for you.'), 'en');
  assert.equal(detectLanguage('42'), undefined);
  assert.equal(countWords('Aujourd’hui, il fait beau.'), 4);
});
