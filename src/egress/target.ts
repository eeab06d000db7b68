import type { Dispatcher } from 'undici';
import { normalHost } from './addresses.ts';
import { parseUrl } from './http-parts.ts';
import type { EgressRequest } from './types.ts';

const firstByteTimeoutMs = 60_000;
const silenceTimeoutMs = 60_000;

/** What dialling needs of an address. */
export interface Target {
  readonly url: URL;
  readonly origin: string;
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
  readonly path: string;
}

/** Reads an address. */
export function toTarget(url: URL): Target {
  const secure = url.protocol === 'https:';
  const port = Number(url.port || (secure ? 443 : 80));
  const host = normalHost(url.hostname) ?? '';
  return { url, origin: url.origin, host, port, secure, path: url.pathname + url.search };
}

/** The few addresses that are relayed to come with every request. */
const targets = new Map<string, Target>();

/** The same, read once: @throws {IntramurosError} `egress_failed` for what is no http or https address. */
export function targetOf(url: string | URL): Target {
  const text = String(url);
  let known = targets.get(text);
  if (!known) {
    known = toTarget(parseUrl(text));
    if (targets.size >= 1_000) targets.clear();
    targets.set(text, known);
  }
  return known;
}

/** What TLS offers to speak. */
export const protocols = ['http/1.1'];

/** One request in undici's words. */
export function optionsOf(
  { origin, path }: Target,
  request: EgressRequest,
  headers: EgressRequest['headers'],
): Dispatcher.DispatchOptions {
  return {
    origin,
    path,
    method: (request.method ?? 'GET') as Dispatcher.HttpMethod,
    headers: { 'user-agent': 'intramuros', 'accept-encoding': 'identity', ...headers },
    body: request.body ?? null,
    headersTimeout: request.firstByteTimeoutMs ?? firstByteTimeoutMs,
    bodyTimeout: request.silenceTimeoutMs ?? silenceTimeoutMs,
  };
}
