/** Sums that tell a number of some authority from a number. All take ASCII digits. */

/** Luhn: SIREN, SIRET, RPPS, FINESS, cards. */
export function luhn(digits: string): boolean {
  let sum = 0;
  for (let i = 0; i < digits.length; i += 1) {
    const value = digits.charCodeAt(digits.length - 1 - i) - 48;
    sum += i % 2 === 0 ? value : value > 4 ? value * 2 - 9 : value * 2;
  }
  return sum % 10 === 0;
}

const mod97 = (text: string): number => {
  let rest = 0;
  for (let i = 0; i < text.length; i += 1) {
    const c = text.charCodeAt(i);
    rest = c < 58 ? (rest * 10 + c - 48) % 97 : (rest * 100 + c - 87) % 97; // a is 10
  }
  return rest;
};

/** ISO 13616: the first four behind the rest, letters as two digits. Lower case. */
export const isIban = (iban: string): boolean => mod97(iban.slice(4) + iban.slice(0, 4)) === 1;

/** Whether 13 signs of a NIR are of a form that is given out: sex, month, department. */
export function isNirForm(nir: string): boolean {
  if (!/^[123478]\d{4}(?:\d{2}|2[ab])\d{6}$/.test(nir)) return false;
  const month = Number(nir.slice(3, 5));
  if (!((month >= 1 && month <= 12) || (month >= 20 && month <= 42) || month >= 50)) return false;
  const department = nir.slice(5, 7);
  return department !== '00' && nir.slice(10, 13) !== '000' && (department >= '97' || nir.slice(7, 10) !== '000');
}

/** Key of 13 signs: 97 − (N mod 97), with Corsica's 2A as 19 and 2B as 18. */
export function nirKey(nir: string): number {
  const digits = nir.replace('2a', '19').replace('2b', '18');
  return 97 - Number(BigInt(digits) % 97n);
}

/** La Poste's establishments (SIREN 356000000) have a digit sum that is a multiple of 5 where Luhn fails. */
export function isSiret(digits: string): boolean {
  if (luhn(digits)) return luhn(digits.slice(0, 9));
  if (!digits.startsWith('356000000')) return false;
  let sum = 0;
  for (const digit of digits) sum += Number(digit);
  return sum % 5 === 0;
}

/** Key of a French VAT number: (12 + 3 × (SIREN mod 97)) mod 97. */
export const vatKey = (siren: string): number => (12 + 3 * (Number(siren) % 97)) % 97;

const ribLetter = (c: string): string => {
  const place = c.charCodeAt(0) - 97;
  return String(place < 0 ? c : place < 9 ? place + 1 : place < 18 ? place - 8 : place - 16);
};

/** Bank, branch, account (letters as digits) and key: 97 − ((89 × bank + 15 × branch + 3 × account) mod 97). */
export function isRib(rib: string): boolean {
  if (!/^\d{10}[0-9a-z]{11}\d{2}$/.test(rib)) return false;
  const account = rib.slice(10, 21).replaceAll(/[a-z]/g, ribLetter);
  const sum = 89 * Number(rib.slice(0, 5)) + 15 * Number(rib.slice(5, 10)) + 3 * (Number(account) % 97);
  return Number(rib.slice(21)) === 97 - (sum % 97) && Number(rib.slice(0, 5)) > 0;
}

/** A French tax number: the last three of 13 digits are the first ten modulo 511. */
export const isTaxNumber = (digits: string): boolean =>
  /^[0-3]\d{12}$/.test(digits) &&
  Number(digits.slice(0, 10)) > 0 &&
  Number(digits.slice(0, 10)) % 511 === Number(digits.slice(10));

/** Check digit of a machine-readable zone (ICAO 9303): weights 7, 3, 1; upper case. */
export function mrzDigit(field: string): number {
  let sum = 0;
  for (let i = 0; i < field.length; i += 1) {
    const c = field.charCodeAt(i);
    const value = c === 60 ? 0 : c < 58 ? c - 48 : c - 55;
    sum += value * (i % 3 === 0 ? 7 : i % 3 === 1 ? 3 : 1);
  }
  return sum % 10;
}

/** Bits of surprise a character. */
export function entropy(text: string): number {
  const counts = new Map<string, number>();
  for (const c of text) counts.set(c, (counts.get(c) ?? 0) + 1);
  let sum = 0;
  for (const count of counts.values()) sum -= (count / text.length) * Math.log2(count / text.length);
  return sum;
}
