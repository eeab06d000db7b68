import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorCodes, IntramurosError } from '../base/index.ts';
import { describeFailure } from './errors.ts';
import { CommandError } from './usage-error.ts';

test('every failure has a French sentence, with its particulars', () => {
  for (const code of errorCodes) {
    const view = describeFailure(new IntramurosError(code, 'Particulars in English.'), 'fr');
    assert.equal(view.code, code);
    assert.match(view.message, /^[A-ZÀÉÊ].*[.)]$/, code);
    assert.notEqual(view.message, 'Particulars in English.');
    assert.doesNotMatch(view.message, /undefined|null/, code);
    assert.doesNotMatch(view.message, / [:;?!»]|« /, `${code}: a breaking space before a French mark`);
    assert.equal(describeFailure(new IntramurosError(code, 'As it is.'), 'en').message, 'As it is.');
  }
});

test('facts stand in the French sentence', () => {
  const error = new IntramurosError('data_directory_in_use', 'English.', { facts: { path: '/data', pid: 42 } });
  const { message } = describeFailure(error, 'fr');
  assert.match(message, /\/data/);
  assert.match(message, /42/);
  assert.doesNotMatch(message, /English/);
});

test('a failure of the system is told with its path and no stack', () => {
  const error = Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES', path: '/data/config.json' });
  const view = describeFailure(error, 'en');
  assert.equal(view.code, 'data_directory_not_writable');
  assert.match(view.message, /\/data\/config\.json/);
});

test('a failure with words of its own keeps them', () => {
  const error = new CommandError('server_not_running', { en: 'No server.', fr: 'Aucun serveur.' });
  assert.deepEqual(describeFailure(error, 'fr'), { code: 'server_not_running', message: 'Aucun serveur.', facts: {} });
});

test('a refusal by policy says label, source, reason, rule and the nearest place in French', () => {
  const error = new IntramurosError('destination_denied', 'No.', {
    facts: {
      ...{ level: 'SENSIBLE', mentions: ['PII'], compartments: [], sources: ['document:note.txt'] },
      ...{ rules: ['sensible-never-abroad'], reason: 'label_above_tier', destination: 'service', nearest: 'embedded' },
    },
  });
  const { message } = describeFailure(error, 'fr');
  for (const part of ['SENSIBLE; mentions=PII', 'note.txt', 'sensible-never-abroad', 'embedded', 'ne sort pas'])
    assert.ok(message.replaceAll(/[\u00a0\u202f]/g, ' ').includes(part), `${part} in: ${message}`);
});
