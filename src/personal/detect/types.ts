/** What a detector can find. */
export type EntityKind =
  | 'NIR'
  | 'SIREN'
  | 'SIRET'
  | 'VAT'
  | 'IBAN'
  | 'RIB'
  | 'PHONE'
  | 'PLATE'
  | 'PASSPORT'
  | 'ID_CARD'
  | 'DRIVING_LICENCE'
  | 'TAX_NUMBER'
  | 'RPPS'
  | 'FINESS'
  | 'INE'
  | 'CARD'
  | 'EMAIL'
  | 'IP'
  | 'URL'
  | 'GPS'
  | 'ADDRESS'
  | 'PERSON'
  | 'PLACE'
  | 'ORGANISATION'
  | 'BIRTH_DATE'
  | 'SECRET';

/** One thing found in a text. */
export interface Found {
  readonly kind: EntityKind;
  /** UTF-16 offsets. */
  readonly start: number;
  readonly end: number;
  readonly score: number;
  /** A checksum or an exact structure proved it. */
  readonly checked: boolean;
  readonly gender?: 'f' | 'm';
  readonly plural?: boolean;
}

/** Finds personal data in texts. Pure. */
export interface Detector {
  readonly version: string;
  /** Sorted, without overlaps. */
  find(text: string): readonly Found[];
}
