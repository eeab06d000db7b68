import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { openDetector } from './index.ts';

const detector = openDetector();
const found = (text: string): readonly string[] =>
  detector.find(text).map(({ kind, start, end }) => `${kind} ${text.slice(start, end)}`);
const only = (text: string, kind: string): readonly string[] =>
  found(text)
    .filter((one) => one.startsWith(`${kind} `))
    .map((one) => one.slice(kind.length + 1));

test('identifiers with a checksum are found in the forms in which people write them', () => {
  for (const [text, ...wanted] of [
    ['NIR : 1 84 12 76 451 089 46.', 'NIR 1 84 12 76 451 089 46'],
    ['son numéro 184127645108946 est ici', 'NIR 184127645108946'],
    ['sécurité sociale 1 84 12 76 451 089 clé 46', 'NIR 1 84 12 76 451 089 clé 46'],
    ['SIREN 732 829 320', 'SIREN 732 829 320'],
    ['SIRET : 73282932000074', 'SIRET 73282932000074'],
    ['La Poste, SIRET 356 000 000 00048', 'SIRET 356 000 000 00048'],
    ['TVA FR44 732829320', 'VAT FR44 732829320'],
    ['FR76 3000 6000 0112 3456 7890 189', 'IBAN FR76 3000 6000 0112 3456 7890 189'],
    ['DE89370400440532013000 et GB29NWBK60161331926819', 'IBAN DE89370400440532013000', 'IBAN GB29NWBK60161331926819'],
    ['30006 00001 12345678901 89', 'RIB 30006 00001 12345678901 89'],
    ['carte 4970 1012 3456 7893', 'CARD 4970 1012 3456 7893'],
    ['numéro fiscal 30 23 217 600 053', 'TAX_NUMBER 30 23 217 600 053'],
  ] as const)
    for (const one of wanted) assert.ok(found(text).includes(one), `${text}: ${found(text)}`);
});

test('a wrong key is not taken for a right one', () => {
  for (const text of [
    'dossier 184127645108947',
    'SIREN 732 829 321',
    'FR76 3000 6000 0112 3456 7890 188',
    'commande 4970101234567894',
    'FR45 732829320',
  ])
    assert.deepEqual(
      detector.find(text).filter(({ checked }) => checked),
      [],
      text,
    );
});

test('offsets are those of the text as given: accents apart, other spaces and digits, line ends, invisible signs', () => {
  const nfd = 'Bonjour, Hélène Lefèvre est née le 3 février 1980.'.normalize('NFD');
  assert.deepEqual(found(nfd), [
    'PERSON Hélène Lefèvre'.normalize('NFD'),
    'BIRTH_DATE 3 février 1980'.normalize('NFD'),
  ]);
  assert.deepEqual(only('NIR 1\u00a084\u202f12\u00a076\u202f451\u00a0089\u00a046 ici', 'NIR').length, 1);
  assert.deepEqual(only('IBAN :\nFR76 3000 6000\n  0112 3456 7890 189', 'IBAN'), [
    'FR76 3000 6000\n  0112 3456 7890 189',
  ]);
  assert.deepEqual(only('tél. ０６ １２ ３４ ５６ ７８', 'PHONE'), ['０６ １２ ３４ ５６ ７８']);
  assert.deepEqual(only('NIR ١٨٤١٢٧٦٤٥١٠٨٩٤٦', 'NIR'), ['١٨٤١٢٧٦٤٥١٠٨٩٤٦']);
  assert.deepEqual(only('SIREN 732\u200b829320 fin', 'SIREN'), ['732\u200b829320']);
});

test('names are known by titles, first names and the words around, with gender and number', () => {
  const [marie, petit] = detector.find('Mme Marie Dupont et les époux Petit');
  assert.deepEqual([marie?.gender, petit?.plural], ['f', true]);
  assert.deepEqual(only('Pierre est une pierre ; la rose de Rose. Rue Victor Hugo, lycée Jules Ferry.', 'PERSON'), [
    'Rose',
  ]);
  assert.deepEqual(only('DUPONT Jean-Marc, J.-P. Martin, marie durand', 'PERSON'), [
    'DUPONT Jean-Marc',
    'J.-P. Martin',
    'marie durand',
  ]);
});

test('a name that stood whole is known where it stands alone; places, offices and products are no persons', () => {
  const text =
    'Présents : Mme Inès Pottier-Vauban, Thibaut Zarbonnelle. Excusé : Me Xavier de Roquefeuil.\nZarbonnelle s’en va.';
  assert.deepEqual(only(text, 'PERSON'), [
    'Inès Pottier-Vauban',
    'Thibaut Zarbonnelle',
    'Xavier de Roquefeuil',
    'Zarbonnelle',
  ]);
  const office = 'Le ministre de l’Économie, Bruno Le Maire, parle avec OpenID Connect et HTTPS à New York.';
  assert.deepEqual(only(office, 'PERSON'), ['Bruno Le Maire']);
  const hasty = 'mon proprietaire monsieur benhamou karim, 14 rue des peupliers 59000 lille';
  assert.deepEqual(found(hasty), ['PERSON benhamou karim', 'ADDRESS 14 rue des peupliers 59000 lille']);
});

test('papers are found by their machine-readable zones, and English forms beside the French ones', () => {
  const zone = 'P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10';
  assert.deepEqual(found(`Scan :\n${zone}\nfin`), [`PASSPORT ${zone}`]);
  assert.deepEqual(only(zone.replace('7408122', '7408123'), 'PASSPORT'), []);
  const english = 'Dear Ms. Emily Watson, call me at (212) 555-0123 or +44 20 7946 0958. SSN: 536-22-1234.';
  assert.deepEqual(found(english), [
    'PERSON Emily Watson',
    'PHONE (212) 555-0123',
    'PHONE +44 20 7946 0958',
    'NIR 536-22-1234',
  ]);
});

test('secrets are found by what they begin with, by their names, and in addresses with a password', () => {
  for (const [text, secret] of [
    ['const k = "sk-proj-AbCdEfGhIjKlMnOpQrStUv";', 'sk-proj-AbCdEfGhIjKlMnOpQrStUv'],
    ['DB_PASSWORD=Tr0ub4dor&3', 'Tr0ub4dor&3'],
    ['Le mot de passe de la boîte commune est kayak!42x.', 'kayak!42x'],
    ['https://api.exemple.fr/?api_key=Zx81kq20Lm7', 'Zx81kq20Lm7'],
    ['postgres://admin:S3cr3t!@db.interne.fr:5432/prod', 'postgres://admin:S3cr3t!@db.interne.fr:5432/prod'],
    [
      '-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----',
      '-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----',
    ],
  ] as const)
    assert.deepEqual(only(text, 'SECRET'), [secret]);
  const program =
    'const token = options.token; f(row.password); apiKey: string; type Name = { name: Row; by: Event }; id base64url';
  assert.deepEqual(found(program), []);
  assert.deepEqual(only('Le mot de passe est oublié, le jeton aussi ; password: ********', 'SECRET'), []);
});

test('an address on the net is one finding, whatever is inside it', () => {
  const url = 'https://exemple.fr/dossier/FR7630006000011234567890189?mail=jean.dupont@exemple.fr&ip=192.168.1.24';
  assert.deepEqual(found(`Voir ${url}.`), [`URL ${url}`]);
});

test('numbers of things are nobody’s', () => {
  for (const text of [
    'La version 1.2.3.4 sort le 01.02.2024 pour 123 456 789 €.',
    'Il ne reste que 12 places le 12/03/2024, au paragraphe 3.2.1.4.',
    'La commande 9876543210123 et la référence AB-123-CD du produit.',
    'En 2024, 35 000 habitants ; 3 places ; 10:30:15.',
  ])
    assert.deepEqual(found(text), [], text);
});

test('what cannot be looked through is an error, and never nothing', () => {
  let time = 0;
  const late = openDetector({ budgetMs: 10, now: () => (time += 6) });
  assert.throws(() => late.find('Mme Dupont'), { code: 'detection_failed' });
  assert.throws(() => detector.find(undefined as unknown as string), { code: 'detection_failed' });
});

test('any text is looked through, its findings apart, in order and inside it', () => {
  const seeds = [
    'FR76 3000',
    '1 84 12',
    '@',
    '::',
    '<<',
    'Mme ',
    'é',
    '\u0301',
    '\ud835\udfd9',
    '12 rue ',
    '-----BEGIN ',
    'né le ',
    '/',
    '.',
    '\n',
  ];
  const text = fc
    .array(fc.oneof(fc.constantFrom(...seeds), fc.string({ unit: 'binary', maxLength: 8 })), { maxLength: 60 })
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(text, (given) => {
      let end = 0;
      for (const one of detector.find(given)) {
        assert.ok(one.start >= end && one.end > one.start && one.end <= given.length);
        end = one.end;
      }
    }),
    { numRuns: 1_000 },
  );
});

test('a long text of one thing over and over takes time in proportion', () => {
  for (const unit of [
    '1',
    'a',
    'A ',
    '1 ',
    '1.',
    'a@',
    '::',
    '<<',
    'Jean ',
    'sk-',
    'eyJ-',
    'http://',
    'www.',
    'FR76',
    '12 rue ',
    'M. ',
    'de ',
    '-----BEGIN PRIVATE KEY-----',
    `token=a${'.aa'.repeat(60)}! `,
  ]) {
    const before = process.cpuUsage();
    detector.find(unit.repeat(100_000 / unit.length));
    const { user, system } = process.cpuUsage(before);
    assert.ok(user + system < 4_000_000, `${unit}: ${(user + system) / 1000} ms`);
  }
});
