import { sessionCookie } from './credentials.ts';

const signInCookieName = 'intramuros_sign_in';

// Not readable by the page, never sent along from another site; `Path=/` and no domain: this host alone.
const attributes = 'Path=/; HttpOnly; SameSite=Strict';

/** The cookie of a new session. `secure` keeps it off plain HTTP, where the browser reached us by TLS. */
export function cookieOf(token: string, options: { readonly expiresAt: string; readonly secure: boolean }): string {
  const expires = new Date(options.expiresAt).toUTCString();
  return `${sessionCookie}=${token}; ${attributes}; Expires=${expires}${options.secure ? '; Secure' : ''}`;
}

/**
 * The cookie of a sign-in that went to a provider. Lax: the provider sends the browser back from another site, where Strict
 * would keep it away; it opens nothing by itself.
 */
export function signInCookie(
  keep: string,
  options: { readonly maxAgeSeconds: number; readonly secure: boolean },
): string {
  const rest = `Path=/api/session/oidc; HttpOnly; SameSite=Lax; Max-Age=${options.maxAgeSeconds}`;
  return `${signInCookieName}=${keep}; ${rest}${options.secure ? '; Secure' : ''}`;
}

/** What a sign-in on its way gave the browser to keep. */
export function readSignInCookie(cookie: string | undefined): string | undefined {
  return new RegExp(`(?:^|; *)${signInCookieName}=([\\w-]{1,4000})(?:;|$)`).exec(cookie ?? '')?.[1];
}

/** What removes the cookie. */
export const clearedCookie: string = `${sessionCookie}=; ${attributes}; Max-Age=0`;
