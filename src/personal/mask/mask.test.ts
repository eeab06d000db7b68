import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tinyDetector } from '../../../test/parts/tiny-detector.ts';
import { instructionFor, languageOf } from './instruction.ts';
import { openMasker } from './masker.ts';
import type { MaskingFailedError } from './masking-failed.ts';
import { Restorer } from './restorer.ts';
import { secondScan } from './second-scan.ts';
import { Vault } from './vault.ts';

const nir = '1 85 05 78 006 084 91';
const letter = `Bonjour Mme Claire Fontaine, votre numéro ${nir} est lié au 06 12 34 56 78. Fontaine, répondez à M. Paul Roy.`;

async function maskOne(text: string, vault = new Vault()) {
  const { texts, ...rest } = await openMasker(tinyDetector, vault).mask([text]);
  return { text: texts[0] ?? '', vault, ...rest };
}
const restore = (vault: Vault, text: string): string => {
  const restorer = new Restorer(vault);
  return restorer.push(text) + restorer.end();
};

test('names and identifiers become numbered placeholders of their kind, and come back', async () => {
  const { text, vault, counts } = await maskOne(letter);
  assert.equal(
    text,
    'Bonjour Mme [[PERSONNE_1]], votre numéro [[NIR_1]] est lié au [[TELEPHONE_1]]. [[PERSONNE_3]], répondez à M. [[PERSONNE_2]].',
  );
  assert.deepEqual(counts, { PERSON: 3, NIR: 1, PHONE: 1 });
  assert.equal(restore(vault, text), letter);
});

test('a placeholder stays the same over a conversation, also after the vault was written and read', async () => {
  const { vault } = await maskOne(letter);
  const again = Vault.fromText(vault.toText());
  const { text } = await maskOne('M. Paul Roy et Mme Claire Fontaine, puis M. Jean Petit', again);
  assert.equal(text, 'M. [[PERSONNE_2]] et Mme [[PERSONNE_1]], puis M. [[PERSONNE_4]]');
  assert.equal(again.grown, true);
});

test('a placeholder that somebody types stands for itself, never for somebody', async () => {
  const vault = new Vault();
  await maskOne(letter, vault);
  for (const typed of ['[[PERSONNE_1]]', '[[personne 1]]', '\\[\\[PERSONNE\\_1\\]\\]', '[PERSONNE_1]', '[[TEXTE_1]]']) {
    const asked = `Qui est ${typed} ?`;
    const { text } = await maskOne(asked, vault);
    assert.match(text, /^Qui est \[\[TEXTE_\d\]\] \?$/, typed);
    assert.equal(restore(vault, text), asked);
  }
});

test('a model may change case, accents, spaces, brackets and escapes of a placeholder', async () => {
  const { vault } = await maskOne('M. Paul Roy, 06 12 34 56 78');
  for (const written of [
    '[[PERSONNE_1]]',
    '[[personne_1]]',
    '[[ Personne 1 ]]',
    '[[PERSONNE-1]]',
    '[PERSONNE_1]',
    '\\[\\[PERSONNE\\_1\\]\\]',
    '\\[\\[PERSONNE_1\\]\\]',
    '[[PERSONNE\\_1]]',
    '[[PERSON_1]]',
    '&#91;&#91;PERSONNE_1&#93;&#93;',
  ]) {
    assert.equal(restore(vault, `« ${written} »`), '« Paul Roy »', written);
  }
  assert.equal(restore(vault, '[[TÉLÉPHONE_1]]'), '06 12 34 56 78');
  assert.equal(restore(vault, 'https://x/%5B%5BPERSONNE_1%5D%5D'), 'https://x/Paul%20Roy');
});

test('a placeholder that the model made up stays as it is and is counted', async () => {
  const { vault } = await maskOne('M. Paul Roy');
  const restorer = new Restorer(vault);
  const text = '[[PERSONNE_9]] et [[PERSONNE_1]] et [[IBAN_1]] et [[Wikipédia]] et [lien](x) et if [[ -f a ]]';
  const out = restorer.push(text) + restorer.end();
  assert.equal(out, text.replace('[[PERSONNE_1]]', 'Paul Roy'));
  assert.deepEqual([restorer.restored, restorer.unknown], [1, 2]);
});

test('only an end that may begin a placeholder is held back', () => {
  const vault = new Vault();
  vault.take('PERSON', 'Paul Roy');
  const restorer = new Restorer(vault);
  assert.equal(restorer.push('Voici '), 'Voici ');
  assert.equal(restorer.push('a[0] et ['), 'a[0] et ');
  assert.equal(restorer.push('1]'), '[1]');
  assert.equal(restorer.push('[['), '');
  assert.equal(restorer.push('W'), '[[W');
  assert.equal(restorer.push(' [[PERS'), ' ');
  assert.equal(restorer.push('ONNE_1'), '');
  assert.equal(restorer.push(']].'), 'Paul Roy.');
  assert.equal(restorer.push('[[PERSONNE_'), '');
  assert.equal(restorer.end(), '[[PERSONNE_');
});

test('what is put back is not read again', async () => {
  const vault = new Vault();
  vault.take('TEXT', '[[PERSONNE_1]]');
  vault.take('PERSON', 'Paul Roy');
  assert.equal(restore(vault, '[[TEXTE_1]]'), '[[PERSONNE_1]]');
});

test('identifiers that the detector misses are found by the second scan', async () => {
  const blind = { version: 'blind', find: () => [] };
  const texts = [`n° ${nir}`, 'IBAN FR14 2004 1010 0505 0001 3M02 606', 'carte 4970 1012 3456 7893', '2850578006084'];
  assert.deepEqual(
    texts.map((text) => secondScan(text).map(({ kind, start, end }) => [kind, text.slice(start, end)])),
    [[['NIR', nir]], [['IBAN', 'FR14 2004 1010 0505 0001 3M02 606']], [['CARD', '4970 1012 3456 7893']], []],
  );
  const { texts: masked } = await openMasker(blind, new Vault()).mask(texts);
  assert.deepEqual(masked, ['n° [[NIR_1]]', 'IBAN [[IBAN_1]]', 'carte [[CARTE_BANCAIRE_1]]', '2850578006084']);
});

test('nothing is masked where the detector fails, lies, is too slow or never ends finding', async () => {
  const failing = async (find: typeof tinyDetector.find, how = {}) => {
    const mask = openMasker({ version: 'bad', find }, new Vault(), how).mask(['M. Paul Roy']);
    return mask.then(
      () => 'masked',
      (error: MaskingFailedError) => error.reason,
    );
  };
  const all = (text: string) => [{ kind: 'PERSON', start: 0, end: text.length, score: 1, checked: false }] as const;
  let clock = 0;
  assert.equal(
    await failing(() => {
      throw new Error('crash');
    }),
    'detector_failed',
  );
  assert.equal(await failing((text) => [{ ...all(text)[0], end: text.length + 1 }]), 'detector_failed');
  assert.equal(await failing(tinyDetector.find, { now: () => (clock += 15_000) }), 'over_budget');
  const letterByLetter = (text: string) => {
    const start = text.search(/\p{L}/u);
    return start < 0 ? [] : [{ ...all(text)[0], start, end: start + 1 }];
  };
  assert.equal(await failing(letterByLetter), 'residual');
});

test('the model is told how to treat placeholders, in the language of the text', async () => {
  const { vault, used } = await maskOne(letter);
  const told = instructionFor(vault, used, [letter]) ?? '';
  assert.match(told, /repères/);
  assert.match(told, /^\[\[PERSONNE_1\]\] : une femme$/m);
  assert.match(told, /^\[\[PERSONNE_2\]\] : un homme$/m);
  assert.match(told, /^\[\[PERSONNE_3\]\] : la même personne que \[\[PERSONNE_1\]\]$/m);
  assert.doesNotMatch(told, /Fontaine|Roy/);
  const english = 'Write to M. Paul Roy that the file is with you';
  const masked = await maskOne(english);
  assert.match(instructionFor(masked.vault, masked.used, [english]) ?? '', /placeholders/);
  assert.equal(instructionFor(new Vault(), [], [letter]), undefined);
  assert.deepEqual(
    ['ok', 'the cat is in the house', 'le chat est dans la maison'].map((text) => languageOf([text])),
    ['fr', 'en', 'fr'],
  );
});
