import type { EntityKind } from '../../../src/personal/index.ts';
import { type Dice, openDice } from './dice.ts';
import { heldOut, heldOutNothing } from './held-out.ts';
import * as names from './names.ts';
import { tuned, tunedNothing } from './tuned.ts';
import * as values from './values.ts';

export interface Span {
  readonly kind: EntityKind;
  readonly start: number;
  readonly end: number;
}

export interface Sentence {
  readonly text: string;
  readonly spans: readonly Span[];
  readonly half: 'tuned' | 'held-out';
  /** Made to look like personal data where there is none. */
  readonly hard: boolean;
}

const styles = {
  tuned: { rareFirst: 0.05, rareSurname: 0.25 },
  // Half of the surnames and a tenth of the first names are on no list of ours.
  'held-out': { rareFirst: 0.1, rareSurname: 0.5 },
} as const;

const makers: Readonly<Record<string, values.Maker>> = {
  NIR: values.nir,
  SIREN: values.siren,
  SIRET: values.siret,
  VAT: values.vat,
  IBAN: values.iban,
  RIB: values.rib,
  CARD: values.card,
  PHONE: values.phone,
  PLATE: values.plate,
  PASSPORT: values.passport,
  ID_CARD: values.idCard,
  DRIVING_LICENCE: values.drivingLicence,
  TAX_NUMBER: values.taxNumber,
  RPPS: values.rpps,
  FINESS: values.finess,
  INE: values.ine,
  IP: values.ip,
  GPS: values.gps,
  URL: values.url,
  BIRTH_DATE: values.date,
  SECRET: values.secret,
};

function make(
  slot: string,
  dice: Dice,
  style: names.NameStyle,
): { readonly kind: EntityKind | undefined; readonly text: string } {
  if (slot.startsWith('~')) return { kind: undefined, text: values.things[slot.slice(1)]!(dice) };
  const [kind, literal] = slot.split('=') as [string, string | undefined];
  if (literal !== undefined) return { kind: kind as EntityKind, text: literal };
  const person = (text: string) => ({ kind: 'PERSON' as const, text });
  if (kind === 'PERSON') return person(`${names.firstName(dice, style)} ${names.surname(dice, style)}`);
  if (kind === 'FIRST') return person(names.firstName(dice, style));
  if (kind === 'LAST') return person(names.surname(dice, style));
  if (kind === 'UPPER') return person(`${names.surname(dice, style).toUpperCase()} ${names.firstName(dice, style)}`);
  if (kind === 'lower') return person(`${names.firstName(dice, style)} ${names.surname(dice, style)}`.toLowerCase());
  if (kind === 'EMAIL') return { kind: 'EMAIL', text: names.email(dice, style) };
  if (kind === 'ADDRESS') return { kind: 'ADDRESS', text: names.address(dice) };
  if (kind === 'COMMUNE') return { kind: 'PLACE', text: names.commune(dice) };
  return { kind: kind as EntityKind, text: makers[kind]!(dice) };
}

function sentence(template: string, dice: Dice, half: Sentence['half'], hard: boolean): Sentence {
  let text = '';
  const spans: Span[] = [];
  for (const [n, part] of template.split(/[{}]/).entries()) {
    if (n % 2 === 0) text += part;
    else {
      const { kind, text: value } = make(part, dice, styles[half]);
      if (kind) spans.push({ kind, start: text.length, end: text.length + value.length });
      text += value;
    }
  }
  return { text, spans, half, hard };
}

/** 3,000 French sentences, 1,200 of them hard negatives, half from templates that the rules were not made with. */
export function makeCorpus(seed = 20_261_124): readonly Sentence[] {
  const dice = openDice(seed);
  const of = (templates: readonly string[], count: number, half: Sentence['half'], hard: boolean): Sentence[] =>
    Array.from({ length: count }, (_, n) => sentence(templates[n % templates.length]!, dice, half, hard));
  return [
    ...of(tuned, 900, 'tuned', false),
    ...of(tunedNothing, 600, 'tuned', true),
    ...of(heldOut, 900, 'held-out', false),
    ...of(heldOutNothing, 600, 'held-out', true),
  ];
}
