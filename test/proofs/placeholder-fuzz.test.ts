import assert from 'node:assert/strict';
import { StringDecoder } from 'node:string_decoder';
import { test } from 'node:test';
import { openMasker, placeholderOf, Restorer, Vault } from '../../src/personal/index.ts';
import { seededRandom } from '../parts/random.ts';
import { tinyDetector } from '../parts/tiny-detector.ts';

/**
 * Whatever a text holds (names, brackets, halves of placeholders, backslashes, letters of several bytes), masking hides every
 * name, and restoring gives the text back to the byte, wherever the stream is cut.
 */
const cases = process.env.INTRAMUROS_TEST_SUMMARY === undefined ? 10_000 : 1_000;
const seed = Number(process.env.INTRAMUROS_SEED ?? 20261124);

const names = ['Claire Fontaine', 'Émile Zoé', 'Paul Roy', 'Ōtani', 'Noël Ça'];
const identifiers = ['1 85 05 78 006 084 91', '06 12 34 56 78', 'roy@exemple.fr', 'zoé.ça@exemple.fr'];
const noise = [
  ...[
    '[',
    '[[',
    ']',
    ']]',
    '\\',
    '\\[',
    '\\[\\[',
    '_',
    '1',
    ' ',
    '\n',
    '%5B',
    '%5b%5B',
    '&#91;',
    '&#91;&#91;',
    '&',
    '%',
  ],
  ...[
    'PERSONNE',
    'PERSONNE_',
    'NIR_1',
    'personne 2',
    'TEXTE_1',
    '[[PERSONNE_1]]',
    '[PERSONNE_2]',
    '\\[\\[NIR\\_1\\]\\]',
  ],
  ...['[[ Personne 1 ]]', '[[TÉLÉPHONE_1]]', '%5B%5BNIR_1%5D%5D', '[[PERSONNE_', '_1]]', '[[PERSONNE_999999]]'],
  ...['bonjour', 'é', '😀', '漢字', 'ﬁ', '\u0301', '\ufffc', '\u00a0', '« »', 'a[0][1]', 'if [[ -f x ]]', '[lien](x)'],
];

test('masked texts hold no name, and come back to the byte under every split of one byte', async () => {
  const random = seededRandom(seed);
  const { pick } = random;
  let [bytes, placeholders] = [0, 0];
  let vault = new Vault();
  for (let at = 0; at < cases; at += 1) {
    if (at % 20 === 0) vault = new Vault();
    const text = Array.from({ length: 1 + random.below(14) }, () => {
      if (random.chance(0.15)) return `${pick(['M. ', 'Mme ', 'Dr '])}${pick(names)}`;
      return random.chance(0.18) ? pick(identifiers) : pick(noise);
    }).join(pick(['', ' ', '']));
    const masker = openMasker(tinyDetector, vault);
    const { texts, used } = await masker.mask([text]);
    const masked = texts[0] ?? '';
    const about = `seed ${seed}, case ${at}: ${JSON.stringify(text)} → ${JSON.stringify(masked)}`;
    assert.deepEqual(tinyDetector.find(masked.replaceAll(/\[\[[A-Z_]+_\d+\]\]/g, '\ufffc')), [], about);
    assert.equal(byteByByte(masker.restorer(), Buffer.from(masked)), text, about);
    const cut = random.below(masked.length + 1);
    const halves = masker.restorer();
    assert.equal(halves.push(masked.slice(0, cut)) + halves.push(masked.slice(cut)) + halves.end(), text, about);
    bytes += Buffer.byteLength(masked);
    placeholders += used.length;
  }
  console.log(
    `PROOF placeholder-fuzz ${cases} texts, ${bytes} bytes one by one, ${placeholders} placeholders, 0 bytes differ`,
  );
});

test('a piece that begins no placeholder is never held, one that may waits for its end alone', () => {
  const random = seededRandom(seed);
  const vault = new Vault();
  vault.take('PERSON', 'Claire Fontaine');
  const whole = placeholderOf('PERSON', 1);
  let longest = 0;
  for (let at = 0; at < cases; at += 1) {
    const words = Array.from({ length: 12 }, () => (random.chance(0.3) ? whole : random.pick(noise)));
    const text = words.join(random.chance(0.5) ? ' ' : '');
    const restorer = new Restorer(vault);
    let [given, got] = ['', ''];
    for (const character of text) {
      given += character;
      got += restorer.push(character);
      // What is not out yet is one placeholder at most, whatever went before.
      const waiting = wholeOf(vault, given).length - got.length;
      longest = Math.max(longest, waiting);
      assert.ok(waiting <= 64, `${JSON.stringify(given)} held ${waiting}`);
    }
  }
  console.log(`PROOF placeholder-fuzz at most ${longest} characters held back, in ${cases} streams`);
});

function byteByByte(restorer: Restorer, bytes: Buffer): string {
  const decoder = new StringDecoder('utf8');
  let out = '';
  for (const byte of bytes) out += restorer.push(decoder.write(Buffer.from([byte])));
  return out + restorer.push(decoder.end()) + restorer.end();
}

/** All that comes of what was given so far, were it the end. */
function wholeOf(vault: Vault, given: string): string {
  const restorer = new Restorer(vault);
  return restorer.push(given) + restorer.end();
}
