import { IntramurosError } from '../base/index.ts';
import { toEgressFailure } from './failure.ts';

/** @throws {IntramurosError} `egress_failed` for what is no http or https address. */
export function parseUrl(text: string, base?: URL): URL {
  const url = URL.canParse(text, base?.href) ? new URL(text, base?.href) : undefined;
  if (url && (url.protocol === 'http:' || url.protocol === 'https:')) return url;
  throw new IntramurosError('egress_failed', `"${text}" is no http or https address.`, {
    facts: { host: base?.host ?? '', reason: 'address' },
  });
}

export function flatten(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Record<string, string | undefined> {
  const flat: Record<string, string | undefined> = {};
  for (const name in headers) {
    const value = headers[name];
    flat[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return flat;
}

export function withoutCredentials(headers: Readonly<Record<string, string>>): Record<string, string> {
  const secret = new Set(['authorization', 'cookie', 'proxy-authorization']);
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !secret.has(name.toLowerCase())));
}

/** A short body as text. */
export async function readText(body: AsyncIterable<Buffer>, limitBytes: number, host: string): Promise<string> {
  const pieces: Buffer[] = [];
  let length = 0;
  try {
    for await (const piece of body) {
      length += piece.length;
      if (length > limitBytes) throw tooLong(host, limitBytes);
      pieces.push(piece);
    }
  } catch (error) {
    throw error instanceof IntramurosError ? error : toEgressFailure(error, host);
  }
  return Buffer.concat(pieces).toString('utf8');
}

function tooLong(host: string, limitBytes: number): IntramurosError {
  return new IntramurosError(
    'egress_failed',
    `${host} answered more than ${limitBytes} bytes where a short text was wanted.`,
    { facts: { host, reason: 'too-long' } },
  );
}

export function tooManyRedirects(target: URL): IntramurosError {
  return new IntramurosError('egress_failed', `${target.host} redirects in a circle. Check the address.`, {
    facts: { host: target.host, reason: 'redirects' },
  });
}
