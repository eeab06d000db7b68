import { IntramurosError } from '../base/index.ts';

const wordsByCode: Readonly<Record<string, readonly [reason: string, words: string]>> = {
  ENOTFOUND: ['dns', 'its name is not known. Check the name, the network and the DNS server'],
  EAI_AGAIN: ['dns', 'the DNS server does not answer. Check the network'],
  ECONNREFUSED: ['refused', 'nothing listens there. Check the address and port, or that the service runs'],
  ECONNRESET: ['cut', 'the connection was cut. Try again; a proxy or firewall may be closing it'],
  EPIPE: ['cut', 'the connection was cut. Try again'],
  UND_ERR_SOCKET: ['cut', 'the connection was cut. Try again; a proxy or firewall may be closing it'],
  ETIMEDOUT: ['timeout', 'no connection in time. Check the network, or that a firewall lets it through'],
  EHOSTUNREACH: ['unreachable', 'there is no route to it. Check the network'],
  ENETUNREACH: ['unreachable', 'there is no network. Check the connection'],
  UND_ERR_CONNECT_TIMEOUT: ['timeout', 'no connection in time. Check the network, or that a firewall lets it through'],
  UND_ERR_HEADERS_TIMEOUT: ['timeout', 'it accepted the connection but did not answer in time. Try again later'],
  UND_ERR_BODY_TIMEOUT: ['timeout', 'it stopped sending in the middle. Try again'],
};

/** Which wait was too long, for those who give each its own limit. */
const phases: Readonly<Record<string, string>> = {
  ETIMEDOUT: 'connect',
  UND_ERR_CONNECT_TIMEOUT: 'connect',
  UND_ERR_HEADERS_TIMEOUT: 'first-byte',
  UND_ERR_BODY_TIMEOUT: 'silence',
};

/** The failure of a connection as an `egress_failed` that says what was met and what to do. */
export function toEgressFailure(error: unknown, host: string): IntramurosError {
  const code = deepestCode(error);
  const known = wordsByCode[code];
  const phase = phases[code];
  if (known) return failure(host, known[0], known[1], error, phase);
  if (isTlsCode(code)) {
    const words = `its certificate is not trusted (${code}). If your organisation inspects TLS, give its authority in NODE_EXTRA_CA_CERTS`;
    return failure(host, 'tls', words, error);
  }
  if (code.startsWith('HPE_') || (error as Error)?.name === 'HTTPParserError') {
    return failure(
      host,
      'protocol',
      `what it answered is not HTTP (${(error as Error).message}). Check the address and port`,
      error,
    );
  }
  if (code === 'PROXY_REFUSED') return failure(host, 'proxy', (error as Error).message, error);
  return failure(host, 'unknown', `${(error as Error)?.message ?? String(error)} (${code || 'no code'})`, error);
}

function failure(host: string, reason: string, words: string, cause: unknown, phase?: string): IntramurosError {
  const facts = { host, reason, ...(phase === undefined ? {} : { phase }) };
  return new IntramurosError('egress_failed', `Cannot reach ${host}: ${words}.`, { cause, facts });
}

function isTlsCode(code: string): boolean {
  return /^(ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|EPROTO|HOSTNAME_MISMATCH)/.test(code);
}

/** undici and happy-eyeballs wrap the cause; the innermost code is the one that says something. */
function deepestCode(error: unknown): string {
  let code = '';
  let at: unknown = error;
  for (let depth = 0; depth < 5 && typeof at === 'object' && at !== null; depth += 1) {
    const named = at as { code?: unknown; cause?: unknown; errors?: unknown[] };
    if (typeof named.code === 'string') code = named.code;
    at = named.cause ?? named.errors?.[0];
  }
  return code;
}
