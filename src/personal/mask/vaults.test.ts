import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freshPlace } from '../../../test/parts/databases.ts';
import { openTestKeyring } from '../../../test/parts/keyring.ts';
import { tinyDetector } from '../../../test/parts/tiny-detector.ts';
import { silentLog } from '../../base/index.ts';
import { openMasker } from './masker.ts';
import { MaskingFailedError } from './masking-failed.ts';
import type { Vault } from './vault.ts';
import { openVaults } from './vaults.ts';

test('a vault of each conversation, sealed, kept when others add to it, and gone with it', async (context) => {
  const place = await freshPlace(context);
  const database = await place.open();
  await using keyring = await openTestKeyring(database, place.home);
  const vaults = openVaults({ database, keys: keyring, log: silentLog() });
  for (const [id, owner] of [
    ['conv_1', 'per_1'],
    ['conv_2', 'per_1'],
    ['conv_3', 'per_2'],
  ]) {
    await database.query(
      `INSERT INTO conversations (id, owner_id, title, title_origin, message_count, created_at, updated_at)
       VALUES ($1, $2, '', 'auto', 0, now(), now())`,
      [id, owner],
    );
  }
  const [one, two, third] = ['conv_1', 'conv_2', 'conv_3'] as const;
  const maskIn = (text: string) => async (vault: Vault) =>
    (await openMasker(tinyDetector, vault).mask([text])).texts[0];
  const rows = () =>
    database.query<{ conversation_id: string; sealed: string; version: number }>('SELECT * FROM vaults ORDER BY 1');

  assert.equal(await vaults.use(one, maskIn('M. Paul Roy')), 'M. [[PERSONNE_1]]');
  assert.equal(await vaults.use(two, maskIn('Mme Zoé Noir')), 'Mme [[PERSONNE_1]]', 'its own numbers');
  assert.equal(await vaults.use(undefined, maskIn('Mme Zoé Noir')), 'Mme [[PERSONNE_1]]', 'of the request alone');
  assert.equal((await rows()).length, 2);
  assert.doesNotMatch(JSON.stringify(await rows()), /Roy|Noir|Paul|PERSON/, 'it is sealed');

  // Many at once add different names: each name keeps one number, and no number has two names.
  const names = ['Anne Bleu', 'Jean Vert', 'Luc Gris', 'Eve Rose', 'Max Brun'];
  const masked = await Promise.all(names.map((name) => vaults.use(one, maskIn(`M. ${name}`))));
  assert.equal(new Set(masked).size, names.length);
  for (const [index, name] of names.entries()) {
    assert.equal(await vaults.use(one, maskIn(`M. ${name}`)), masked[index], name);
  }
  const versions = (await rows()).map(({ version }) => version);
  await vaults.use(one, maskIn('M. Paul Roy'));
  assert.deepEqual(
    (await rows()).map(({ version }) => version),
    versions,
    'nothing new is not written',
  );

  const unreadable = (error: unknown) => error instanceof MaskingFailedError && error.reason === 'vault_unreadable';
  await database.query(`UPDATE vaults SET sealed = (SELECT sealed FROM vaults WHERE conversation_id = 'conv_1')
     WHERE conversation_id = 'conv_2'`);
  await assert.rejects(vaults.use(two, maskIn('M. Paul Roy')), unreadable, 'another conversation’s does not open');
  await database.query(`DELETE FROM conversations WHERE id = 'conv_2'`);
  assert.deepEqual(
    (await rows()).map(({ conversation_id }) => conversation_id),
    ['conv_1'],
  );
  await assert.rejects(vaults.use(two, maskIn('M. Paul Roy')), 'a conversation that is gone has no vault');
  await vaults.use(third, maskIn('M. Paul Roy'));
  await keyring.destroy('vault/conv_3');
  await assert.rejects(vaults.use(third, maskIn('M. Paul Roy')), unreadable, 'its key is destroyed');
  await database.close();
});
