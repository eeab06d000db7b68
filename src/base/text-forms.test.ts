import assert from 'node:assert/strict';
import { test } from 'node:test';
import { baseAddressForm, dayForm, lineForm, wordForm } from './text-forms.ts';

const told = (form: RegExp, texts: readonly string[]): boolean[] => texts.map((text) => form.test(text));

test('an address is one that URL reads, without user, query or fragment', () => {
  const good = [
    'https://api.example.eu/v1',
    'http://127.0.0.1:8080',
    'http://[::1]:65535/v1/',
    'http://my_host:80',
    'https://a.b./x',
  ];
  assert.deepEqual(told(baseAddressForm, good), [true, true, true, true, true]);
  assert.ok(good.every((text) => URL.canParse(text)));
  const bad = [
    'ftp://a',
    'http://u:p@a',
    'http://a?q',
    'http://a#f',
    'http://256.1.1.1',
    'http://a:65536',
    'http://a b',
    'a',
  ];
  assert.ok(told(baseAddressForm, bad).every((one) => !one));
});

test('days, lines and words say what can be written and seen', () => {
  assert.deepEqual(told(dayForm, ['2026-12-31', '2026-13-01', '٢٠٢٦-12-31']), [true, false, false]);
  assert.deepEqual(told(lineForm, ['é 🙂', '  ', 'a\nb', '\u00a0']), [true, false, false, false]);
  assert.deepEqual(told(wordForm, ['rh:équipe', 'a b', '']), [true, false, false]);
});
