import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { emptyPlace } from '../../test/parts/databases.ts';
import { readSignInSettings, type SignInSettings } from './settings.ts';

const provider = { id: 'house', title: 'House', issuer: 'https://id.example.org', clientId: 'us' };
const directory = { url: 'ldaps://ldap.example.org', baseDn: 'dc=example' };

function read(
  context: TestContext,
  content: unknown,
  files: Readonly<Record<string, string>> = {},
  mode = 0o600,
): SignInSettings {
  const { home } = emptyPlace(context);
  const all = { 'signin.json': typeof content === 'string' ? content : JSON.stringify(content), ...files };
  for (const [name, text] of Object.entries(all)) {
    writeFileSync(join(home, name), text);
    chmodSync(join(home, name), mode);
  }
  return readSignInSettings(home);
}

test('without the file there are local accounts alone', (context) => {
  assert.deepEqual(readSignInSettings(emptyPlace(context).home), { providers: [] });
});

test('secrets stand in the file or in one beside it, which nobody else may read', (context) => {
  const settings = read(
    context,
    { providers: [{ ...provider, clientSecretFile: 'secret' }], directory: { ...directory, bindPasswordFile: 'bind' } },
    { secret: 'of the provider\n', bind: 'of the directory\n' },
  );
  assert.equal(settings.providers[0]?.clientSecret, 'of the provider');
  assert.equal(settings.directory?.bindPassword, 'of the directory');
  const open = { providers: [{ ...provider, clientSecret: 's' }] };
  assert.throws(() => read(context, open, {}, 0o644), { code: 'config_invalid', message: /chmod 600/ });
  const beside = { providers: [{ ...provider, clientSecretFile: 'secret' }] };
  assert.throws(() => read(context, beside, { secret: 's' }, 0o644), { code: 'config_invalid', message: /chmod 600/ });
});

test('what is wrong is said with its place, and no secret goes over an open line', (context) => {
  const wrong: readonly (readonly [unknown, RegExp])[] = [
    ['{', /no JSON/],
    [{ providers: [{ ...provider, isuer: 'typo' }] }, /isuer/],
    [{ providers: [provider, provider] }, /two providers by one id/],
    [{ providers: [{ ...provider, issuer: 'http://id.example.org' }] }, /must be https/],
    [{ directory: { ...directory, url: 'ldap://ldap.example.org' } }, /in clear/],
    [{ directory: { ...directory, userFilter: '(uid=ada)' } }, /\{name\}/],
    [{ directory: { ...directory, bindPasswordFile: 'missing' } }, /no secret/],
  ];
  for (const [content, words] of wrong) {
    assert.throws(() => read(context, content), { code: 'config_invalid', message: words });
  }
  read(context, { directory: { ...directory, url: 'ldap://ldap.example.org', startTls: true } });
});
