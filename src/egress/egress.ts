import type { Socket } from 'node:net';
import { getCACertificates } from 'node:tls';
import { Agent, buildConnector, request as dispatch } from 'undici';
import { type Clock, IntramurosError, type Logger } from '../base/index.ts';
import { toEgressFailure } from './failure.ts';
import { Ledger } from './ledger.ts';
import { isLoopback } from './loopback.ts';
import { openTunnel, proxyFor } from './proxy.ts';
import { runCommand } from './run.ts';
import type { Egress, EgressRequest, EgressResponse, EgressRun } from './types.ts';

const connectTimeoutMs = 15_000;
const headersTimeoutMs = 60_000;
const bodyTimeoutMs = 60_000;
const redirectStatuses = new Set([301, 302, 303, 307, 308]);

/**
 * Opens the door to other machines. Covers: every request made through it is refused when offline (loopback is this
 * machine and stays allowed), counted byte by byte, and fails in words. Does not cover: which destination is allowed for
 * which data, which policy decides; and what a client started by `run` dials.
 */
export function openEgress(options: {
  readonly offline: boolean;
  readonly log: Logger;
  readonly clock: Clock;
}): Egress {
  return new Door(options);
}

class Door implements Egress {
  readonly offline: boolean;
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #ledger = new Ledger();
  readonly #agents = new Map<string, Agent>();

  constructor(options: { readonly offline: boolean; readonly log: Logger; readonly clock: Clock }) {
    this.offline = options.offline;
    this.#log = options.log;
    this.#clock = options.clock;
  }

  async fetch(url: string | URL, request: EgressRequest): Promise<EgressResponse> {
    let target = parseUrl(String(url));
    let headers: Record<string, string> = { ...request.headers };
    const hops: { url: string; headers: Record<string, string | undefined> }[] = [];
    for (let left = request.redirects ?? 8; ; left -= 1) {
      const answer = await this.#request(target, request, headers);
      const location = answer.headers.location;
      if (!redirectStatuses.has(answer.status) || location === undefined || (request.redirects ?? 8) === 0) {
        return { ...answer, hops };
      }
      await answer.body.dump();
      if (left <= 0) throw tooManyRedirects(target);
      hops.push({ url: target.href, headers: answer.headers });
      const next = parseUrl(location, target);
      // A secret for one host is not for the host it redirects to.
      if (next.origin !== target.origin) headers = withoutCredentials(headers);
      target = next;
    }
  }

  async run(run: EgressRun): Promise<{ readonly exitCode: number; readonly stdout: string; readonly stderr: string }> {
    if (this.offline) throw denied(run.command);
    const startedMs = this.#clock.monotonic();
    try {
      return await runCommand(run);
    } finally {
      const receivedBytes = (await run.received?.().catch(() => 0)) ?? 0;
      this.#ledger.add(run.purpose, run.command, receivedBytes);
      const ms = Math.round(this.#clock.monotonic() - startedMs);
      this.#log.debug({ purpose: run.purpose, command: run.command, receivedBytes, ms }, 'egress run');
    }
  }

  totals() {
    return this.#ledger.totals();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#agents.values()].map((agent) => agent.destroy()));
    this.#agents.clear();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #request(target: URL, request: EgressRequest, headers: Readonly<Record<string, string>>) {
    request.signal?.throwIfAborted();
    if (this.offline && !isLoopback(target.hostname)) throw denied(target.host);
    try {
      const answer = await dispatch(target, {
        method: request.method ?? 'GET',
        headers: { 'user-agent': 'intramuros', 'accept-encoding': 'identity', ...headers },
        dispatcher: this.#agent(request.purpose),
        signal: request.signal ?? null,
      });
      this.#log.debug({ purpose: request.purpose, host: target.host, status: answer.statusCode }, 'egress request');
      // Whoever reads meets the error there; a body that is let go unread must not end the program with one.
      answer.body.on('error', () => {});
      return {
        status: answer.statusCode,
        headers: flatten(answer.headers),
        url: target.href,
        body: answer.body,
        text: (limitBytes = 16 * 1024 * 1024) => readText(answer.body, limitBytes, target.host),
      };
    } catch (error) {
      if (request.signal?.aborted) throw request.signal.reason;
      throw toEgressFailure(error, target.host);
    }
  }

  /** One pool a purpose, so that each socket belongs to one row of the ledger. */
  #agent(purpose: string): Agent {
    let agent = this.#agents.get(purpose);
    if (!agent) {
      agent = new Agent({
        connect: this.#connector(purpose),
        headersTimeout: headersTimeoutMs,
        bodyTimeout: bodyTimeoutMs,
      });
      this.#agents.set(purpose, agent);
    }
    return agent;
  }

  #connector(purpose: string): buildConnector.connector {
    const plain = buildConnector({ timeout: connectTimeoutMs });
    let secure: buildConnector.connector | undefined;
    return (asked, done) => {
      const port = asked.port || (asked.protocol === 'https:' ? '443' : '80');
      const target = { protocol: asked.protocol, hostname: asked.hostname, port };
      const finish = (error: Error | null, socket: Socket | null): void => {
        if (socket) this.#ledger.watch(socket, purpose, `${target.hostname}:${port}`, isLoopback(target.hostname));
        (done as (error: Error | null, socket: Socket | null) => void)(error, socket);
      };
      // Built at the first TLS connection: reading the system's authorities takes some 20 ms.
      if (target.protocol === 'https:') secure ??= buildConnector({ timeout: connectTimeoutMs, ca: authorities() });
      const direct = secure && target.protocol === 'https:' ? secure : plain;
      const proxy = proxyFor(target, process.env);
      if (!proxy) return direct(asked, finish as buildConnector.Callback);
      openTunnel(proxy, target, connectTimeoutMs).then(
        (tunnel) => {
          if (target.protocol !== 'https:') finish(null, tunnel);
          else direct({ ...asked, httpSocket: tunnel }, finish as buildConnector.Callback);
        },
        (error: Error) => finish(error, null),
      );
    };
  }
}

/** Node's own list, NODE_EXTRA_CA_CERTS and the system's: an organisation installs its authority in the last. */
function authorities(): string[] {
  return [...new Set([...getCACertificates('default'), ...getCACertificates('system')])];
}

function parseUrl(text: string, base?: URL): URL {
  const url = URL.canParse(text, base?.href) ? new URL(text, base?.href) : undefined;
  if (url && (url.protocol === 'http:' || url.protocol === 'https:')) return url;
  throw new IntramurosError('egress_failed', `"${text}" is no http or https address.`, {
    facts: { host: base?.host ?? '', reason: 'address' },
  });
}

function flatten(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
  );
}

function withoutCredentials(headers: Readonly<Record<string, string>>): Record<string, string> {
  const secret = new Set(['authorization', 'cookie', 'proxy-authorization']);
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !secret.has(name.toLowerCase())));
}

async function readText(body: AsyncIterable<Buffer>, limitBytes: number, host: string): Promise<string> {
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
    {
      facts: { host, reason: 'too-long' },
    },
  );
}

function tooManyRedirects(target: URL): IntramurosError {
  return new IntramurosError('egress_failed', `${target.host} redirects in a circle. Check the address.`, {
    facts: { host: target.host, reason: 'redirects' },
  });
}

function denied(host: string): IntramurosError {
  return new IntramurosError(
    'egress_denied',
    `A connection to ${host} was refused: this installation is offline. Set "offline" to false to allow it, or bring the file in by path.`,
    { facts: { host } },
  );
}
