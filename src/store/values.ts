/** A parameter in PostgreSQL's text form, the same for both kinds of database. */
export type TextParameter = string | null;

/**
 * Writes a JavaScript value as PostgreSQL reads it: arrays become array literals, dates ISO text, bytes hexadecimal, other
 * objects JSON (give an array meant as JSON as text, by `JSON.stringify`).
 */
export function toParameter(value: unknown): TextParameter {
  if (value === undefined || value === null) return null;
  if (typeof value === 'string') return value;
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return `\\x${Buffer.from(value).toString('hex')}`;
  if (Array.isArray(value)) return `{${value.map(toArrayItem).join(',')}}`;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function toArrayItem(value: unknown): string {
  if (Array.isArray(value)) return `{${value.map(toArrayItem).join(',')}}`;
  const text = toParameter(value);
  return text === null ? 'NULL' : `"${text.replace(/(["\\])/g, '\\$1')}"`;
}

const toNumber = (text: string): number => Number(text);
const toIsoInstant = (text: string): string => {
  const time = Date.parse(`${text.replace(' ', 'T').replace(/[+-]\d\d(:\d\d)?$/, '')}Z`);
  return Number.isNaN(time) ? text : new Date(time).toISOString();
};

/** A bigint as a number; past 2^53 it would not be the same number any more, so it fails instead. */
function toSafeInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`The database holds an integer (${text}) past 2^53.`);
  return value;
}

/**
 * How a column's text becomes a value, by PostgreSQL type number. Types not here stay text: numeric (exact), uuid, vector.
 * Sessions run in UTC, so instants carry no other offset.
 */
export const valueParsers: Readonly<Record<number, (text: string) => unknown>> = {
  16: (text) => text === 't' || text === 'true',
  17: (text) => new Uint8Array(Buffer.from(text.slice(2), 'hex')),
  20: toSafeInteger,
  21: toNumber,
  23: toNumber,
  26: toNumber,
  114: (text) => JSON.parse(text),
  700: toNumber,
  701: toNumber,
  1082: (text) => text,
  1114: toIsoInstant,
  1184: toIsoInstant,
  1700: (text) => text,
  3802: (text) => JSON.parse(text),
};

/** Array types by their element type: those that the product's tables use. */
export const arrayElementTypes: Readonly<Record<number, number>> = {
  1000: 16,
  1005: 21,
  1007: 23,
  1009: 25,
  1014: 25,
  1015: 25,
  1016: 20,
  1021: 700,
  1022: 701,
  1115: 1114,
  1185: 1184,
};

/** Parser of any column of a type, arrays included. */
export function parserOf(type: number): (text: string) => unknown {
  const element = arrayElementTypes[type];
  if (element === undefined) return valueParsers[type] ?? ((text) => text);
  const parse = valueParsers[element] ?? ((text: string) => text);
  return (text) => parseArray(text, parse);
}

/** Reads an array literal such as `{1,NULL,"a \"b\""}`, nested or not. */
export function parseArray(text: string, parse: (item: string) => unknown): unknown[] {
  let at = text.indexOf('{');
  const readList = (): unknown[] => {
    const items: unknown[] = [];
    at += 1;
    while (at < text.length && text[at] !== '}') {
      if (text[at] === ',') at += 1;
      items.push(text[at] === '{' ? readList() : readItem());
    }
    at += 1;
    return items;
  };
  const readItem = (): unknown => {
    let item = '';
    if (text[at] !== '"') {
      while (at < text.length && text[at] !== ',' && text[at] !== '}') item += text[at++];
      return item === 'NULL' ? null : parse(item);
    }
    for (at += 1; text[at] !== '"'; at += 1) {
      if (text[at] === '\\') at += 1;
      item += text[at];
    }
    at += 1;
    return parse(item);
  };
  return at < 0 ? [] : readList();
}
