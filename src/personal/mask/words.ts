import type { EntityKind } from '../detect/types.ts';

/** What a placeholder stands for: something found, or `TEXT` that only looks like a placeholder. */
export type MaskedKind = EntityKind | 'TEXT';

/** The word of each kind in a placeholder: French and without accents, whatever language the text is in. */
export const words: Readonly<Record<MaskedKind, string>> = {
  NIR: 'NIR',
  SIREN: 'SIREN',
  SIRET: 'SIRET',
  VAT: 'TVA',
  IBAN: 'IBAN',
  RIB: 'RIB',
  PHONE: 'TELEPHONE',
  PLATE: 'IMMATRICULATION',
  PASSPORT: 'PASSEPORT',
  ID_CARD: 'CARTE_IDENTITE',
  DRIVING_LICENCE: 'PERMIS',
  TAX_NUMBER: 'NUMERO_FISCAL',
  RPPS: 'RPPS',
  FINESS: 'FINESS',
  INE: 'INE',
  CARD: 'CARTE_BANCAIRE',
  EMAIL: 'COURRIEL',
  IP: 'ADRESSE_IP',
  URL: 'URL',
  GPS: 'COORDONNEES',
  ADDRESS: 'ADRESSE',
  PERSON: 'PERSONNE',
  PLACE: 'LIEU',
  ORGANISATION: 'ORGANISME',
  BIRTH_DATE: 'DATE_NAISSANCE',
  SECRET: 'SECRET',
  TEXT: 'TEXTE',
};

/** What a model that answers in English makes of them now and then. */
const translated: Readonly<Record<string, MaskedKind>> = {
  PERSON: 'PERSON',
  PHONE: 'PHONE',
  EMAIL: 'EMAIL',
  ADDRESS: 'ADDRESS',
  PLACE: 'PLACE',
  ORGANISATION: 'ORGANISATION',
  ORGANIZATION: 'ORGANISATION',
};

const kinds: ReadonlyMap<string, MaskedKind> = new Map([
  ...Object.entries(translated),
  ...Object.entries(words).map(([kind, word]) => [word, kind as MaskedKind] as const),
]);
const known = [...kinds.keys()];

/** The kind of a placeholder's word, as it was given out or translated. */
export const kindOfWord = (word: string): MaskedKind | undefined => kinds.get(word);

/** Whether more text may make a known word and number of what stands here. */
export function mayBecomeName(name: string): boolean {
  return known.some((word) => `${word}_`.startsWith(name) || (name.startsWith(`${word}_`) && isNumber(name, word)));
}

const isNumber = (name: string, word: string): boolean => /^\d{1,6}$/.test(name.slice(word.length + 1));
