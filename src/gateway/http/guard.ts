import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import { IntramurosError } from '../../base/index.ts';

/**
 * From where a call may come. Covered: DNS rebinding (Host), other sites' pages (Origin, Sec-Fetch-Site).
 * Not covered: who asks (`authentication.ts`), rights (`who.ts`), rate limits, TLS.
 */
export interface GuardOptions {
  /** Names under which the server may be called besides loopback names and literal addresses. */
  readonly allowedHosts: readonly string[];
}

/** Makes the check that runs before every handler. */
export function openGuard(
  options: GuardOptions,
): (request: { readonly method: string; readonly headers: IncomingHttpHeaders }) => void {
  const allowed = new Set(options.allowedHosts.map((name) => name.toLowerCase()));
  return ({ method, headers }) => {
    checkHost(headers.host, allowed);
    if (!['GET', 'HEAD', 'OPTIONS'].includes(method)) checkOrigin(headers);
  };
}

/** Host name of a Host header or an Origin, without port and brackets. */
function hostName(host: string): string {
  const name = host.startsWith('[') ? host.slice(1, host.indexOf(']')) : host.replace(/:\d*$/, '');
  return name.toLowerCase();
}

function checkHost(host: string | undefined, allowed: ReadonlySet<string>): void {
  if (host === undefined) return; // HTTP/1.0: no browser speaks it, so no page can be behind it
  const name = hostName(host);
  // Rebinding needs a name that an attacker's DNS answers for: addresses and loopback names are never that.
  if (isIP(name) > 0 || name === 'localhost' || name.endsWith('.localhost') || allowed.has(name)) return;
  throw new IntramurosError(
    'forbidden_origin',
    `This server was called as "${name.slice(0, 100)}", which is not one of its names. Add it to the setting "allowedHosts" if it is yours.`,
    { facts: { host: name.slice(0, 100) } },
  );
}

function checkOrigin(headers: IncomingHttpHeaders): void {
  const { origin, host } = headers;
  const crossSite = headers['sec-fetch-site'] === 'cross-site';
  if (origin === undefined && !crossSite) return;
  const from = origin === undefined ? undefined : URL.parse(origin)?.host;
  if (!crossSite && from !== undefined && from === host?.toLowerCase()) return;
  throw new IntramurosError(
    'forbidden_origin',
    'A page of another site asked for this. Only pages that this server serves itself may change or ask anything.',
  );
}
