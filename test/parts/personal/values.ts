import { isTaxNumber, luhn, nirKey, vatKey } from '../../../src/personal/detect/checks.ts';
import type { Dice } from './dice.ts';

/** Makes a value of a kind with a valid key. Written without the detectors' rules of form, so that both can be wrong apart. */
export type Maker = (dice: Dice) => string;

const pad = (value: number, length: number): string => String(value).padStart(length, '0');

/** Adds the digit that makes Luhn's sum right. */
function withLuhn(start: string): string {
  for (let digit = 0; digit < 10; digit += 1) if (luhn(start + digit)) return start + digit;
  throw new Error('Luhn has always one digit.');
}

const grouped = (text: string, lengths: readonly number[], separator: string): string => {
  const starts = lengths.map((_, n) => lengths.slice(0, n).reduce((sum, length) => sum + length, 0));
  return lengths
    .map((length, n) => text.slice(starts[n], starts[n]! + length))
    .filter((part) => part !== '')
    .join(separator);
};

export function nir(dice: Dice): string {
  const department = dice.chance(0.06) ? dice.pick(['2A', '2B']) : pad(dice.whole(1, 95), 2).replace('20', '21');
  const body = `${dice.pick(['1', '2'])}${pad(dice.whole(0, 99), 2)}${pad(dice.whole(1, 12), 2)}${department}${pad(dice.whole(1, 900), 3)}${pad(dice.whole(1, 999), 3)}`;
  const key = pad(nirKey(body.toLowerCase()), 2);
  const separator = dice.pick([' ', ' ', ' ', '', '', '\u00a0', '.', '-']);
  return grouped(body + key, [1, 2, 2, 2, 3, 3, 2], separator);
}

const sirenDigits = (dice: Dice): string => withLuhn(String(dice.whole(30_000_000, 98_999_999)));

export const siren: Maker = (dice) => grouped(sirenDigits(dice), [3, 3, 3], dice.pick([' ', ' ', '', '\u202f']));

export function siret(dice: Dice): string {
  const digits = withLuhn(`${sirenDigits(dice)}${pad(dice.whole(1, 99), 4)}`);
  return grouped(digits, [3, 3, 3, 5], dice.pick([' ', ' ', '', '\u00a0']));
}

export function vat(dice: Dice): string {
  const digits = sirenDigits(dice);
  const whole = `FR${pad(vatKey(digits), 2)}${digits}`;
  return dice.chance(0.5) ? whole : grouped(whole, [4, 3, 3, 3], ' ');
}

const letterValue = (c: string): string => (c >= 'A' ? String(c.charCodeAt(0) - 55) : c);
const rest97 = (text: string): number => Number(BigInt([...text].map(letterValue).join('')) % 97n);

function ribDigits(dice: Dice): string {
  const [bank, branch, account] = [dice.whole(10_003, 30_009), dice.whole(1, 99_999), dice.whole(1, 99_999_999_999)];
  const key = 97 - ((89 * bank + 15 * branch + 3 * (account % 97)) % 97);
  return `${pad(bank, 5)}${pad(branch, 5)}${pad(account, 11)}${pad(key, 2)}`;
}

export const rib: Maker = (dice) => grouped(ribDigits(dice), [5, 5, 11, 2], dice.pick([' ', ' ', '']));

export function iban(dice: Dice): string {
  const [country, body] = dice.chance(0.8)
    ? ['FR', ribDigits(dice)]
    : dice.pick([
        ['DE', dice.digits(18)],
        ['BE', dice.digits(12)],
        ['ES', dice.digits(20)],
        ['NL', `INGB${dice.digits(10)}`],
      ] as const);
  const key = 98 - rest97(`${body}${country}00`);
  const whole = `${country}${pad(key, 2)}${body}`;
  const style = dice.pick([' ', ' ', '', '\u00a0', '\n']);
  if (style === '\n')
    return `${grouped(whole.slice(0, 16), [4, 4, 4, 4], ' ')}\n${grouped(whole.slice(16), [4, 4, 4, 4], ' ')}`.trim();
  return grouped(
    whole,
    Array.from({ length: 9 }, () => 4),
    style,
  );
}

export function card(dice: Dice): string {
  if (dice.chance(0.15))
    return grouped(withLuhn(`3${dice.pick(['4', '7'])}${dice.digits(12)}`), [4, 6, 5], dice.pick([' ', '']));
  const start = dice.pick(['4', '4', '51', '53', '55']);
  return grouped(withLuhn(start + dice.digits(15 - start.length)), [4, 4, 4, 4], dice.pick([' ', ' ', '', '-']));
}

export function phone(dice: Dice): string {
  const number = `${dice.pick(['1', '2', '3', '4', '5', '6', '6', '6', '7', '7', '9'])}${dice.digits(8)}`;
  const style = dice.whole(0, 7);
  if (style === 0) return `+33 ${grouped(number, [1, 2, 2, 2, 2], ' ')}`;
  if (style === 1) return `+33${number}`;
  if (style === 2) return `0033 ${grouped(number, [1, 2, 2, 2, 2], ' ')}`;
  if (style === 3) return `+33 (0)${grouped(number, [1, 2, 2, 2, 2], ' ')}`;
  return grouped(`0${number}`, [2, 2, 2, 2, 2], dice.pick([' ', ' ', '.', '', '-', '\u00a0']));
}

const plateLetters = [...'ABCDEFGHJKLMNPQRTVWXYZ'];
export function plate(dice: Dice): string {
  const two = (): string => dice.pick(plateLetters.slice(0, 20)) + dice.pick(plateLetters.slice(0, 17));
  if (dice.chance(0.15)) return `${dice.whole(100, 9999)} ${two()} ${pad(dice.whole(1, 95), 2)}`;
  return [two(), pad(dice.whole(1, 999), 3), two()].join(dice.pick(['-', '-', '-', ' ', '']));
}

export const passport: Maker = (dice) => `${dice.digits(2)}${dice.letters(2)}${dice.digits(5)}`;
export const idCard: Maker = (dice) =>
  dice.chance(0.5)
    ? pad(dice.whole(1e11, 9e11), 12)
    : `${dice.letters(1)}${dice.digits(2)}${dice.letters(2)}${dice.digits(2)}${dice.letters(1)}${dice.digits(1)}`;
export const drivingLicence: Maker = (dice) => `${pad(dice.whole(60, 99), 2)}${dice.digits(10)}`;

export function taxNumber(dice: Dice): string {
  const start = pad(dice.whole(1, 3_999_999_999), 10);
  const whole = `${start}${pad(Number(start) % 511, 3)}`;
  if (!isTaxNumber(whole)) throw new Error('A tax number made is one.');
  return grouped(whole, [2, 2, 3, 3, 3], dice.pick([' ', '']));
}

export const rpps: Maker = (dice) => withLuhn(`10${dice.digits(8)}`);
export const finess: Maker = (dice) =>
  grouped(withLuhn(`${pad(dice.whole(1, 95), 2)}0${dice.digits(5)}`), [2, 3, 3, 1], dice.pick(['', '', ' ']));
export const ine: Maker = (dice) =>
  dice.chance(0.5) ? `${dice.digits(10)}${dice.letters(1)}` : `${dice.digits(9)}${dice.letters(2)}`;
export const ip: Maker = (dice) =>
  dice.chance(0.75)
    ? `${dice.whole(11, 223)}.${dice.whole(0, 255)}.${dice.whole(0, 255)}.${dice.whole(1, 254)}`
    : `2a01:e0a:${dice.whole(100, 999)}:${dice.whole(1000, 9999)}::${dice.whole(1, 99)}`;
export const gps: Maker = (dice) =>
  dice.chance(0.7)
    ? `${dice.whole(42, 50)}.${dice.digits(5)}, ${dice.whole(0, 7)}.${dice.digits(5)}`
    : `${dice.whole(42, 50)}°${dice.whole(10, 59)}'${dice.whole(10, 59)}"N ${dice.whole(0, 7)}°${dice.whole(10, 59)}'${dice.whole(10, 59)}"E`;
export const url: Maker = (dice) =>
  `https://${dice.pick(['partage', 'espace', 'www', 'doc'])}.exemple-${dice.whole(1, 99)}.fr/${dice.pick(['d', 'fichiers', 'u'])}/${dice.digits(6)}?v=${dice.whole(1, 9)}`;

const months = 'janvier février mars avril mai juin juillet août septembre octobre novembre décembre'.split(' ');
export function date(dice: Dice): string {
  const [day, month, year] = [dice.whole(1, 28), dice.whole(1, 12), dice.whole(1938, 2012)];
  const style = dice.whole(0, 5);
  if (style === 0) return `${day} ${months[month - 1]} ${year}`;
  if (style === 1) return `${pad(day, 2)}.${pad(month, 2)}.${year}`;
  if (style === 2) return `${year}-${pad(month, 2)}-${pad(day, 2)}`;
  if (style === 3) return `${pad(day, 2)}-${pad(month, 2)}-${year}`;
  return `${pad(day, 2)}/${pad(month, 2)}/${year}`;
}

export function secret(dice: Dice): string {
  const style = dice.whole(0, 4);
  if (style === 0) return `sk-proj-${dice.base64(40)}`;
  if (style === 1) return `ghp_${dice.base64(36).replaceAll(/[_-]/g, 'x')}`;
  if (style === 2) return `AKIA${dice.letters(16)}`;
  if (style === 3) return `glpat-${dice.base64(20)}`;
  return `${dice.pick(['Soleil', 'tulipe', 'Garonne', 'kayak'])}${dice.pick(['!', '#', '_', '@', '-'])}${dice.whole(10, 9999)}${dice.pick(['x', 'Zk', '?', 'Q'])}`;
}

const wrong = (digits: string, at: number): string => {
  const changed = (Number(digits[at]) + 1) % 10;
  return digits.slice(0, at) + changed + digits.slice(at + 1);
};
const plainDigits = (text: string): string => text.replaceAll(/\D/g, '');

/** Values that are nobody's. Where a key is wrong it was right first. */
export const things: Readonly<Record<string, Maker>> = {
  date: (dice) => date(dice).replace(/(?:19|20)\d\d/, '2024'),
  time: (dice) =>
    dice.pick([
      `${pad(dice.whole(0, 23), 2)}:${pad(dice.whole(0, 59), 2)}`,
      `${dice.whole(7, 20)} h ${pad(dice.whole(0, 59), 2)}`,
    ]),
  year: (dice) => String(dice.whole(1950, 2026)),
  int: (dice) => String(dice.whole(2, 99_999)),
  thousands: (dice) => `${dice.whole(1, 999)} ${dice.digits(3)}${dice.chance(0.5) ? ` ${dice.digits(3)}` : ''}`,
  decimal: (dice) => `${dice.whole(0, 99)},${dice.digits(2)}`,
  amount: (dice) =>
    `${dice.whole(1, 99)}${dice.chance(0.6) ? ` ${dice.digits(3)}` : ''}${dice.chance(0.3) ? ` ${dice.digits(3)}` : ''},${dice.digits(2)} ${dice.pick(['€', 'euros', 'EUR'])}`,
  order: (dice) =>
    dice.pick([
      `CMD-${dice.digits(8)}`,
      `2024-${dice.digits(5)}`,
      dice.digits(10).replace(/^0/, '7'),
      `F${dice.digits(9)}`,
      `${dice.letters(3)}${dice.digits(6)}`,
    ]),
  wrongNir: (dice) => {
    const digits = plainDigits(nir({ ...dice, chance: () => false } as Dice));
    const bad = digits.length === 15 ? wrong(digits, 14) : dice.digits(15).replace(/^./, '9');
    return grouped(bad, [1, 2, 2, 2, 3, 3, 2], dice.pick(['', '', ' ']));
  },
  wrongCard: (dice) =>
    grouped(wrong(plainDigits(withLuhn(`4${dice.digits(14)}`)), 9), [4, 4, 4, 4], dice.pick([' ', ''])),
  wrongSiret: (dice) => wrong(withLuhn(`${sirenDigits(dice)}${dice.digits(4)}`), 13),
  fifteen: (dice) => `9${dice.digits(14)}`,
  fourteen: (dice) => dice.digits(14).replace(/^0/, '6'),
  nine: (dice) => dice.digits(9).replace(/^0/, '8'),
  tracking: (dice) =>
    dice.pick([
      `6A${dice.digits(11)}`,
      `XY${dice.digits(9)}FR`,
      `1Z${dice.letters(3)}${dice.digits(9)}`,
      dice.digits(13).replace(/^./, '8'),
    ]),
  product: (dice) =>
    dice.pick([
      `${dice.letters(2)}-${dice.digits(3)}-${dice.letters(2)}`,
      `${dice.letters(3)}-${dice.digits(4)}`,
      `${dice.letters(2)}${dice.digits(3)}${dice.letters(2)}`,
      `${dice.digits(2)}${dice.letters(2)}${dice.digits(5)}`,
    ]),
  version: (dice) =>
    dice.pick([
      `${dice.whole(1, 30)}.${dice.whole(0, 20)}.${dice.whole(0, 9)}`,
      `${dice.whole(1, 9)}.${dice.whole(0, 9)}.${dice.whole(0, 9)}.${dice.whole(0, 9)}`,
    ]),
  isbn: (dice) => `978-2-${dice.digits(2)}-${dice.digits(6)}-${dice.digits(1)}`,
  ean: (dice) => `3${dice.digits(12)}`,
  imei: (dice) => withLuhn(`35${dice.digits(12)}`),
  hash: (dice) => Array.from({ length: 40 }, () => dice.pick([...'0123456789abcdef'])).join(''),
  uuid: (dice) =>
    [8, 4, 4, 4, 12]
      .map((length) => Array.from({ length }, () => dice.pick([...'0123456789abcdef'])).join(''))
      .join('-'),
  article: (dice) =>
    dice.pick([
      `L. ${dice.whole(100, 999)}-${dice.whole(1, 20)}`,
      `R${dice.whole(1000, 9999)}-${dice.whole(1, 9)}`,
      `${dice.whole(1, 2000)}`,
    ]),
};
