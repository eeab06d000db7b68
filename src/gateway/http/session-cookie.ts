import { sessionCookie } from './credentials.ts';

// Not readable by the page, never sent along from another site; `Path=/` and no domain: this host alone.
const attributes = 'Path=/; HttpOnly; SameSite=Strict';

/** The cookie of a new session. `secure` keeps it off plain HTTP, where the browser reached us by TLS. */
export function cookieOf(token: string, options: { readonly expiresAt: string; readonly secure: boolean }): string {
  const expires = new Date(options.expiresAt).toUTCString();
  return `${sessionCookie}=${token}; ${attributes}; Expires=${expires}${options.secure ? '; Secure' : ''}`;
}

/** What removes the cookie. */
export const clearedCookie: string = `${sessionCookie}=; ${attributes}; Max-Age=0`;
