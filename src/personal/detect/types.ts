/** What personal data is told apart, and secrets, which leave no better. */
export const entityKinds = [
  'NIR',
  'SIREN',
  'SIRET',
  'VAT',
  'IBAN',
  'RIB',
  'PHONE',
  'PLATE',
  'PASSPORT',
  'ID_CARD',
  'DRIVING_LICENCE',
  'TAX_NUMBER',
  'RPPS',
  'FINESS',
  'INE',
  'CARD',
  'EMAIL',
  'IP',
  'URL',
  'GPS',
  'ADDRESS',
  'PERSON',
  'PLACE',
  'ORGANISATION',
  'BIRTH_DATE',
  'SECRET',
] as const;
export type EntityKind = (typeof entityKinds)[number];

/** One entity in a text. */
export interface Found {
  readonly kind: EntityKind;
  /** UTF-16 offsets into the text as it was given. */
  readonly start: number;
  readonly end: number;
  /** From 0 to 1: how sure, for whoever wants only the surest. */
  readonly score: number;
  /** Whether a checksum, or a structure that is never met by chance, proved it. */
  readonly checked: boolean;
  /** Of a person, as far as a title or first name tells it. */
  readonly gender?: 'f' | 'm';
  /** Several persons under one name: « M. et Mme Martin ». */
  readonly plural?: boolean;
}

export interface Detector {
  /** Names the rules and lists, so that a record can say what looked. */
  readonly version: string;
  /**
   * What a text holds, sorted and without overlaps.
   * @throws {IntramurosError} `detection_failed` when the rules fail or the time is over: never an answer that found less.
   */
  find(text: string): readonly Found[];
}

export interface DetectorOptions {
  /** Most time for one text: this, and as much again for each 64 Ki characters. Default 1,000 ms. */
  readonly budgetMs?: number;
  /** A clock in milliseconds. */
  readonly now?: () => number;
}
