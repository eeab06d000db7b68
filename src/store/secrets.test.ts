import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { freshPlace } from '../../test/parts/databases.ts';
import { IntramurosError, silentLog } from '../base/index.ts';
import { streamBackup } from './backup/backup.ts';
import type { BackupManifest } from './backup/manifest.ts';
import { openSecrets } from './secrets.ts';

const home = (context: TestContext): string => {
  const folder = mkdtempSync(join(tmpdir(), 'intramuros-secrets-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};
const unavailable = (reason: string) => (error: unknown) =>
  error instanceof IntramurosError && error.code === 'secret_unavailable' && error.facts.reason === reason;

test('a text comes back as it was, sealed differently each time, and is not in what is stored', (context) => {
  const secrets = openSecrets({ home: home(context) });
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), fc.string(), (text, place) => {
      const [one, two] = [secrets.seal(place, text), secrets.seal(place, text)];
      assert.notEqual(one, two);
      assert.equal(secrets.open(place, one), Buffer.from(text).toString('utf8'));
      if (text.length > 8) assert.ok(!one.includes(text));
    }),
  );
});

test('the key file is made once, for its owner alone, and a second opening reads the same secrets', (context) => {
  const folder = home(context);
  const sealed = openSecrets({ home: folder }).seal('a/b', 'sk-very-secret');
  const file = join(folder, 'secrets.key');
  if (process.platform !== 'win32') assert.equal(statSync(file).mode & 0o777, 0o600);
  const before = readFileSync(file, 'utf8');
  assert.equal(openSecrets({ home: folder }).open('a/b', sealed), 'sk-very-secret');
  assert.equal(readFileSync(file, 'utf8'), before);
});

test('a sealed text opens nowhere but in its own place, and not when one bit changed', (context) => {
  const secrets = openSecrets({ home: home(context) });
  const sealed = secrets.seal('upstreams/a/secret', 'sk-1');
  assert.throws(() => secrets.open('upstreams/b/secret', sealed), unavailable('damaged'));
  const cut = sealed.split('.');
  const body = Buffer.from(cut[3] ?? '', 'base64url');
  for (let at = 0; at < body.length; at += 1) {
    const changed = Buffer.from(body);
    changed[at] = (changed[at] ?? 0) ^ 1;
    assert.throws(() =>
      secrets.open('upstreams/a/secret', [...cut.slice(0, 3), changed.toString('base64url')].join('.')),
    );
  }
  assert.throws(() => secrets.open('upstreams/a/secret', ''), unavailable('form'));
});

test('without its key file, or with another or a damaged one, a secret is unavailable and no message tells it', (context) => {
  const folder = home(context);
  const file = join(folder, 'secrets.key');
  const sealed = openSecrets({ home: folder }).seal('place', 'sk-very-secret');
  rmSync(file);
  const reopened = openSecrets({ home: folder });
  assert.throws(() => reopened.open('place', sealed), unavailable('ENOENT'));
  assert.ok(!existsSync(file), 'opening never makes a key');
  openSecrets({ home: folder }).seal('other', 'x');
  assert.throws(
    () => openSecrets({ home: folder }).open('place', sealed),
    (error: Error) => {
      assert.ok(!error.message.includes('sk-very-secret'));
      return unavailable('other_key')(error);
    },
  );
  writeFileSync(file, 'nonsense');
  assert.throws(() => openSecrets({ home: folder }).open('place', sealed), unavailable('key_damaged'));
});

test('a key file that other users may read is refused', { skip: process.platform === 'win32' }, (context) => {
  const folder = home(context);
  const sealed = openSecrets({ home: folder }).seal('place', 'text');
  chmodSync(join(folder, 'secrets.key'), 0o640);
  assert.throws(() => openSecrets({ home: folder }).open('place', sealed), unavailable('rights'));
});

test('the key may live elsewhere, and programs that make it at once agree on one', async (context) => {
  const folder = home(context);
  const file = join(folder, 'elsewhere', 'key');
  const script = `import { openSecrets } from ${JSON.stringify(join(import.meta.dirname, 'secrets.ts'))};
    process.stdout.write(openSecrets({ home: '/nowhere', file: process.argv[1] }).seal('p', 'same'));`;
  const run = () => promisify(execFile)(process.execPath, ['--input-type=module', '-e', script, file]);
  for (const { stdout } of await Promise.all([run(), run(), run()])) {
    assert.equal(openSecrets({ home: folder, file }).open('p', stdout), 'same');
  }
});

test('no backup holds the key file', async (context) => {
  const place = await freshPlace(context);
  openSecrets({ home: place.home }).seal('p', 'text');
  let manifest: BackupManifest | undefined;
  const archive = streamBackup({
    home: place.home,
    log: silentLog(),
    weights: true,
    onManifest: (made) => (manifest = made),
  });
  for await (const _piece of archive);
  assert.ok(existsSync(join(place.home, 'secrets.key')) && (manifest?.entries.length ?? 0) > 0);
  assert.deepEqual(
    manifest?.entries.filter(({ path }) => path.includes('secrets')),
    [],
  );
});
