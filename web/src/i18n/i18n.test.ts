import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { compileMessage } from '@lingui/message-utils/compileMessage';
import { errorCodes } from '../../../src/base/errors.ts';

const source = resolve(import.meta.dirname, '..');
const read = (locale: string) =>
  JSON.parse(readFileSync(join(import.meta.dirname, `${locale}.json`), 'utf8')) as Record<string, string>;
/** What every visit reads, and what accounts, administration and proofs add. */
const [en, fr] = [
  { ...read('en'), ...read('house-en'), ...read('proof-en') },
  { ...read('fr'), ...read('house-fr'), ...read('proof-fr') },
];

function files(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return files(path);
    return /\.tsx?$/.test(name) && !/\.test\.ts$/.test(name) ? [path] : [];
  });
}
const code = files(source)
  .map((path) => readFileSync(path, 'utf8'))
  .join('\n');

test('each language has every text, and none is empty', () => {
  assert.deepEqual(Object.keys(fr), Object.keys(en));
  for (const [key, text] of [...Object.entries(en), ...Object.entries(fr)]) assert.notEqual(text.trim(), '', key);
});

test('no text stands in two parts of a catalogue', () => {
  const parts = ['', 'house-', 'proof-'];
  const keys = parts.flatMap((part) => Object.keys(read(`${part}en`)));
  assert.deepEqual(
    keys.filter((key, at) => keys.indexOf(key) !== at),
    [],
  );
  for (const part of parts) assert.deepEqual(Object.keys(read(`${part}fr`)), Object.keys(read(`${part}en`)));
});

test('French is translated: only words that are the same in both languages stand in both', () => {
  const same = Object.keys(en).filter((key) => en[key] === fr[key] && /[a-z]{4}/i.test(en[key] ?? ''));
  const alike =
    /^(suggest\.label|transcript\.|branch\.label|assistant|question\.label|list\.label|models\.catalogue|code|settings\.language\.|fact\.(action|licence)|capability\.(conversation|chat|vision)|step\.admit|label\.mentions|admin$|kind\.|policy\.version|flavour\.|held\.(conversations|messages|between)|standing\.$|basis\.(test|page|document)|anssi\.source|proof\.machine|entity\.(RIB|SECRET)|section\.anssi|audit\.export\.ocsf|basis\.doc)/;
  assert.deepEqual(
    same.filter((key) => !alike.test(key)),
    [],
  );
});

test('both languages take the same values', () => {
  const values = (text: string) => {
    assert.doesNotThrow(() => compileMessage(text), text);
    return [...new Set([...text.matchAll(/\{(\w+)[,}]/g)].map((match) => match[1]))].sort();
  };
  for (const key of Object.keys(en)) assert.deepEqual(values(fr[key] ?? ''), values(en[key] ?? ''), key);
});

test('every text that the page names exists, and every text is named', () => {
  const literal = [...code.matchAll(/(?<![\w.])['"`]([a-z][a-zA-Z]*(?:[.-][a-zA-Z0-9_-]+)*)['"`]/g)].map(
    (m) => m[1] ?? '',
  );
  const templates = [...code.matchAll(/`([a-z]+\.)\$\{/g)].map((match) => match[1] ?? '');
  const used = (key: string) => literal.includes(key) || templates.some((prefix) => key.startsWith(prefix));
  assert.deepEqual(
    Object.keys(en).filter((key) => !used(key)),
    [],
  );
  for (const [, key] of code.matchAll(/\bsay\(\s*'([^']+)'/g)) assert.ok(key !== undefined && key in en, key);
});

test('every error that the server can answer has its words and its remedy', () => {
  for (const error of errorCodes) {
    assert.ok(`problem.${error}` in en, error);
    assert.ok(`problem.${error}.todo` in en, `${error}.todo`);
  }
});

test('French typography: guillemets and high punctuation keep to their words', () => {
  for (const [key, text] of Object.entries(fr)) {
    assert.doesNotMatch(text, / [:;!?»]|« /, key);
    assert.doesNotMatch(text, /[^\s\u00a0\u202f][;!?»](?=\s|$)|«[^\u00a0\u202f]/, key);
    assert.doesNotMatch(text, /'/, key);
    assert.doesNotMatch(text, /(?<!\p{L})(tu|toi|tes|ton)(?!\p{L})/iu, key);
    assert.doesNotMatch(text, /!/, key);
  }
});
