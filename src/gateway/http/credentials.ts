import type { IncomingHttpHeaders } from 'node:http';
import { IntramurosError } from '../../base/index.ts';

/** Name of the cookie that holds a session. */
export const sessionCookie = 'intramuros_session';

/** What the headers of one request say about who sends it. */
export interface GivenCredentials {
  /** Key of `authorization: Bearer` or `x-api-key`. */
  readonly bearer: string | undefined;
  readonly sessionToken: string | undefined;
}

/**
 * Reads the credentials of a request. Whatever could be read in two ways by two programs on the way (a header given twice,
 * two keys, two session cookies) is refused, never chosen from.
 * @param rawHeaders names and values by turns, as they came: `headers` has already merged the repeated ones.
 * @throws {IntramurosError} `unauthorized` with `facts.reason` `ambiguous` or `malformed`.
 */
export function readCredentials(headers: IncomingHttpHeaders, rawHeaders: readonly string[]): GivenCredentials {
  const { authorization, cookie } = headers;
  const key = headers['x-api-key'];
  if (authorization === undefined && key === undefined && cookie === undefined) return none;
  if (authorization !== undefined || key !== undefined) refuseRepeated(rawHeaders);
  const bearer = authorization === undefined ? undefined : bearerOf(authorization);
  const given = key === undefined ? undefined : plainKey(String(key));
  if (bearer !== undefined && given !== undefined && bearer !== given) {
    throw refused('ambiguous', 'Two different keys were sent, as "authorization" and as "x-api-key". Send one.');
  }
  return { bearer: bearer ?? given, sessionToken: cookie === undefined ? undefined : sessionOf(cookie) };
}

const none: GivenCredentials = { bearer: undefined, sessionToken: undefined };

const refused = (reason: string, message: string): IntramurosError =>
  new IntramurosError('unauthorized', message, { facts: { reason } });

function refuseRepeated(rawHeaders: readonly string[]): void {
  let authorizations = 0;
  let keys = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const { length } = rawHeaders[at] as string;
    if (length === 13 && rawHeaders[at]?.toLowerCase() === 'authorization') authorizations += 1;
    else if (length === 9 && rawHeaders[at]?.toLowerCase() === 'x-api-key') keys += 1;
  }
  if (authorizations > 1 || keys > 1)
    throw refused('ambiguous', 'The same header with a key was sent more than once. Send one.');
}

/** One word, or, as some clients send in place of a key ("My API Key"), words of which none could be another header's. */
const keyForm = /^Bearer +([\x21-\x7e]+|[\x21-\x2b\x2d-\x7e]+(?: [\x21-\x2b\x2d-\x7e]+)+) *$/i;

function bearerOf(authorization: string): string {
  const found = keyForm.exec(authorization)?.[1];
  if (found !== undefined && found.length <= 512) return found;
  throw refused('malformed', 'The authorization header cannot be read. Send "authorization: Bearer <key>".');
}

function plainKey(key: string): string {
  if (/^[\x21-\x7e]{1,512}$/.test(key)) return key;
  throw refused('malformed', 'The x-api-key header holds no key. Send the key alone, without spaces.');
}

/** The session's token; two different ones mean that another program set one of them. */
function sessionOf(cookie: string): string | undefined {
  if (!cookie.includes(sessionCookie)) return undefined;
  let token: string | undefined;
  for (const part of cookie.split(';')) {
    const equals = part.indexOf('=');
    if (equals < 0 || part.slice(0, equals).trim() !== sessionCookie) continue;
    const value = part.slice(equals + 1).trim();
    if (token !== undefined && token !== value)
      throw refused(
        'ambiguous',
        'Two different session cookies were sent. Remove the cookies of this site and sign in.',
      );
    token = value;
  }
  return token !== undefined && /^[\x21-\x7e]{1,512}$/.test(token) ? token : undefined;
}
