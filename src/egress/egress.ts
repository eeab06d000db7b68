import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { type Clock, IntramurosError, type Logger } from '../base/index.ts';
import type { Clearance } from '../policy/index.ts';
import type { Database } from '../store/index.ts';
import { normalHost } from './addresses.ts';
import { AllowList } from './allow-list.ts';
import { type LedgerArchive, openLedgerArchive } from './archive.ts';
import { Clearances } from './clearances.ts';
import { AddressRefusedError, type Dial, dial } from './dial.ts';
import { toEgressFailure } from './failure.ts';
import { HandedReply } from './handed-reply.ts';
import { flatten, parseUrl, readText, tooManyRedirects, withoutCredentials } from './http-parts.ts';
import { Ledger, type LedgerFacts, type LedgerRow } from './ledger.ts';
import { type Line, Lines } from './lines.ts';
import { isLoopback } from './loopback.ts';
import { type OfflineSwitch, openOfflineSwitch } from './offline-switch.ts';
import { denied, type RefusalReason } from './refusal.ts';
import { runCommand } from './run.ts';
import { optionsOf, protocols, type Target, targetOf, toTarget } from './target.ts';
import type {
  AllowEntry,
  ConnectionQuery,
  Egress,
  EgressConnect,
  EgressConnection,
  EgressReply,
  EgressRequest,
  EgressResponse,
  EgressRun,
} from './types.ts';
import { untilAborted } from './until-aborted.ts';

const connectTimeoutMs = 15_000;
const mostRedirects = 8;
/** What carries prompts: never without a clearance, to this machine neither. */
export const inferencePurpose = 'inference';
const redirectStatuses = new Set([301, 302, 303, 307, 308]);

export interface EgressOptions {
  readonly offline: boolean;
  readonly log: Logger;
  readonly clock: Clock;
  /** The gate's own check of a clearance. Without it no clearance is valid. */
  readonly verify?: (clearance: Clearance) => boolean;
  /** Which connections may go through the proxy of the environment; default `downloads`: none that carries a clearance. */
  readonly proxy?: 'off' | 'downloads' | 'all';
  /** Where the ledger is kept; without it, it lives in memory. */
  readonly database?: Database;
  /** Data directory that remembers the offline switch; without it, it holds for this run. */
  readonly home?: string;
}

/**
 * Opens the door to other machines. Covers: a connection is made only to this machine, to an entry of the allow-list for
 * its purpose, or with a clearance that the gate made for that address; it goes to the address that was resolved and
 * checked; every byte is counted by purpose and decision; every refusal is a row. Does not cover: what a client started by
 * `run` dials, and code of this process that goes round the door, which the guard refuses.
 */
export function openEgress(options: EgressOptions): Egress {
  return new Door(options);
}

/** One wish to dial: where, for what, and on whose decision. */
interface Wish {
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
  readonly purpose: string;
  readonly readsOnly: boolean;
  readonly clearance: Clearance | undefined;
}

/** How a wish is dialled, and which entry of the allow-list let it pass. */
type Admitted = Omit<Dial, 'timeoutMs'> & { readonly allowed?: string | undefined };
interface Refused {
  readonly reason: RefusalReason;
  readonly words?: string;
}

class Door implements Egress {
  readonly #options: EgressOptions;
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #ledger: Ledger;
  readonly #lines: Lines;
  readonly #list = new AllowList();
  readonly #clearances: Clearances;
  /** Plain connections and where they go. */
  readonly #open = new Map<Socket, string>();
  /** Ends what runs by itself, and dials under way, when this installation goes offline. */
  #cut = new AbortController();
  readonly #archive: LedgerArchive | undefined;
  readonly #switch: OfflineSwitch;

  constructor(options: EgressOptions) {
    this.#options = options;
    this.#switch = openOfflineSwitch(options);
    this.#log = options.log;
    this.#clock = options.clock;
    this.#ledger = new Ledger(options.clock);
    this.#lines = new Lines(this.#ledger);
    this.#clearances = new Clearances(options.verify, options.clock);
    this.#archive = options.database && openLedgerArchive(this.#ledger, options.database, options.log);
  }

  get offline(): boolean {
    return this.#switch.isOn;
  }

  async fetch(url: string | URL, request: EgressRequest): Promise<EgressResponse> {
    let target = parseUrl(String(url));
    let headers: Record<string, string> = { ...request.headers };
    const hops: { url: string; headers: Record<string, string | undefined> }[] = [];
    const readsOnly = isReading(request);
    const most = request.clearance || !readsOnly ? 0 : (request.redirects ?? mostRedirects);
    for (let left = most; ; left -= 1) {
      const answer = await this.#exchange(target, request, headers, readsOnly);
      const location = answer.headers.location;
      if (!redirectStatuses.has(answer.status) || location === undefined) return { ...answer, hops };
      if (most === 0) {
        if (request.clearance) this.#refuseRedirect(target, location, request);
        return { ...answer, hops };
      }
      answer.body.resume();
      if (left <= 0) throw tooManyRedirects(target);
      hops.push({ url: target.href, headers: answer.headers });
      const next = parseUrl(location, target);
      // A secret for one host is not for the host it redirects to.
      if (next.origin !== target.origin) headers = withoutCredentials(headers);
      target = next;
    }
  }

  async relay(url: string | URL, request: EgressRequest): Promise<EgressReply> {
    request.signal?.throwIfAborted();
    const target = targetOf(url);
    const { row, line, key } = this.#hold(target, request, isReading(request));
    const { promise, resolve, reject } = Promise.withResolvers<EgressReply>();
    const { signal } = request;
    const stop = (): void => reply.abort(signal?.reason);
    signal?.addEventListener('abort', stop);
    const reply = new HandedReply({
      head: (status, headers) => {
        if (request.clearance && redirectStatuses.has(status) && typeof headers.location === 'string')
          this.#refuseRedirect(target.url, headers.location, request);
        resolve({ status, headers: flatten(headers), body: reply });
      },
      failed: (error) => {
        const cut = this.#switch.isOn && !isLoopback(target.host);
        const cause = cut ? denied(`${target.host}:${target.port}`, 'offline') : (line.fault ?? error);
        reject(this.#fault(cause, row, target.url.host, signal));
      },
      over: (whole) => {
        signal?.removeEventListener('abort', stop);
        if (whole) this.#lines.giveBack(key, line);
        else this.#lines.drop(line);
        this.#ledger.finish(row);
      },
    });
    line.client.dispatch(optionsOf(target, request, request.headers), reply);
    return promise;
  }

  connect(options: EgressConnect & { readonly tls: true | object }): Promise<TLSSocket>;
  connect(options: EgressConnect): Promise<Socket | TLSSocket>;
  async connect(options: EgressConnect): Promise<Socket | TLSSocket> {
    options.signal?.throwIfAborted();
    const { tls = false, port, purpose, clearance } = options;
    const secure = tls !== false;
    const host = normalHost(options.host) ?? '';
    const wish: Wish = { host, port, secure, purpose, clearance, readsOnly: false };
    const to = {
      ...this.#admit(wish, 0),
      timeoutMs: options.connectTimeoutMs ?? connectTimeoutMs,
      ...(typeof tls === 'object' ? tls : {}),
    };
    const row = this.#ledger.open(factsOf(wish), to.allowed);
    const opening = dial(to, (raw) => {
      this.#ledger.meter(raw, row);
      this.#open.set(raw, host);
      row.address = raw.remoteAddress ?? null;
      raw.once('close', () => {
        this.#open.delete(raw);
        this.#ledger.finish(row);
      });
    });
    try {
      const { socket } = await untilAborted(opening, this.#signalFor(host, options.signal));
      return socket;
    } catch (error) {
      void opening.then(({ raw }) => raw.destroy()).catch(() => {});
      throw this.#fault(error, row, `${host}:${port}`, options.signal);
    }
  }

  async run(run: EgressRun): Promise<{ readonly exitCode: number; readonly stdout: string; readonly stderr: string }> {
    if (this.#switch.isOn) throw this.#refuse({ ...clientFacts(run), loopback: false }, 'offline', run.command);
    const startedMs = this.#clock.monotonic();
    try {
      const signals = [this.#cut.signal, ...(run.signal ? [run.signal] : [])];
      return await runCommand({ ...run, signal: AbortSignal.any(signals) });
    } finally {
      const receivedBytes = (await run.received?.().catch(() => 0)) ?? 0;
      this.#ledger.add(run.purpose, run.command, receivedBytes);
      const ms = Math.round(this.#clock.monotonic() - startedMs);
      this.#log.debug({ purpose: run.purpose, command: run.command, receivedBytes, ms }, 'egress run');
    }
  }

  allow(id: string, entries: readonly AllowEntry[]): void {
    this.#list.set(id, entries);
  }

  allowList() {
    return this.#list.list();
  }

  async setOffline(offline: boolean): Promise<void> {
    const kept = this.#switch.set(offline);
    if (offline) {
      this.#cut.abort(denied('other machines', 'offline'));
      this.#cut = new AbortController();
      for (const [socket, host] of this.#open) if (!isLoopback(host)) socket.destroy();
      await this.#lines.close('beyond');
    }
    await kept;
  }

  totals() {
    return this.#ledger.totals();
  }

  bytesOf(decisionId: string) {
    return this.#ledger.bytesOf(decisionId);
  }

  connections(query?: ConnectionQuery) {
    return this.#ledger.connections(query);
  }

  async page(query: ConnectionQuery = {}): Promise<readonly EgressConnection[]> {
    return this.#archive ? this.#archive.page(query) : this.#ledger.connections(query);
  }

  unexplainedBytes(): number {
    return this.#ledger.unexplainedBytes;
  }

  admits({ purpose, host, port }: { readonly purpose: string; readonly host: string; readonly port: number }): boolean {
    const wish = { host: normalHost(host) ?? '', port, purpose, secure: true, readsOnly: true, clearance: undefined };
    return 'host' in this.#judge(wish, 0);
  }

  refused({ purpose, host, port }: { readonly purpose: string; readonly host: string; readonly port: number }): void {
    const facts = { purpose, host, port, decisionId: null, destinationId: null, loopback: isLoopback(host) };
    this.#refuse(facts, 'guard', `${host}:${port}`);
  }

  async close(): Promise<void> {
    for (const socket of this.#open.keys()) socket.destroy();
    await this.#lines.close();
    await this.#archive?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #exchange(
    target: URL,
    request: EgressRequest,
    headers: Readonly<Record<string, string>>,
    readsOnly: boolean,
  ): Promise<Omit<EgressResponse, 'hops'>> {
    request.signal?.throwIfAborted();
    const to = toTarget(target);
    const { row, line, key } = this.#hold(to, request, readsOnly);
    try {
      const signal = this.#signalFor(to.host, request.signal) ?? null;
      const answer = await line.client.request({ ...optionsOf(to, request, headers), signal });
      // Whoever reads meets the error there; a body that is let go unread must not end the program with one.
      answer.body.on('error', () => {});
      answer.body.once('close', () => {
        if (answer.body.readableEnded && !answer.body.errored) this.#lines.giveBack(key, line);
        else this.#lines.drop(line);
        this.#ledger.finish(row);
      });
      return {
        status: answer.statusCode,
        headers: flatten(answer.headers),
        url: target.href,
        body: answer.body,
        text: (limitBytes = 16 * 1024 * 1024) => readText(answer.body, limitBytes, target.host),
      };
    } catch (error) {
      this.#lines.drop(line);
      throw this.#fault(line.fault ?? error, row, target.host, request.signal);
    }
  }

  /** Lets a request in, opens its row, and takes the line that carries it. */
  #hold(
    { host, port, secure, origin }: Target,
    request: EgressRequest,
    readsOnly: boolean,
  ): { readonly row: LedgerRow; readonly line: Line; readonly key: string } {
    const { purpose, clearance, body } = request;
    const wish: Wish = { host, port, secure, purpose, clearance, readsOnly };
    const to = {
      ...this.#admit(wish, body === undefined ? 0 : Buffer.byteLength(body)),
      timeoutMs: request.connectTimeoutMs ?? connectTimeoutMs,
      protocols,
    };
    const row = this.#ledger.open(factsOf(wish), to.allowed);
    const key = `${origin}\n${clearance ? `= ${clearance.destinationId}` : purpose}`;
    return { row, line: this.#lines.take(key, origin, to, row), key };
  }

  /** Says where a wish may be dialled and how, or refuses it with a row. */
  #admit(wish: Wish, bodyBytes: number): Admitted {
    const judged = this.#judge(wish, bodyBytes);
    if ('host' in judged) return judged;
    throw this.#refuse(factsOf(wish), judged.reason, `${wish.host}:${wish.port}`, judged.words);
  }

  #judge(wish: Wish, bodyBytes: number): Admitted | Refused {
    const { host, port, secure, clearance } = wish;
    const local = isLoopback(host);
    if (host === '') return { reason: 'address', words: 'it is no host name' };
    if (this.#switch.isOn && !local) return { reason: 'offline' };
    if (clearance) {
      const problem = this.#clearances.use(clearance, `${host}:${port}`, bodyBytes);
      if (problem) return problem;
      const isHome = clearance.tier === 'on-premises' || clearance.tier === 'embedded';
      return { host, port, secure, mayBePrivate: isHome, mayUseProxy: this.#options.proxy === 'all' && secure };
    }
    const entry = this.#list.find(wish);
    const needsLeave = !local || wish.purpose === inferencePurpose || this.#list.isUpstream(host, port);
    if (!entry && needsLeave) return { reason: 'not-allowed' };
    const mayUseProxy = !local && this.#options.proxy !== 'off';
    return { host, port, secure, mayBePrivate: entry?.private === true, mayUseProxy, allowed: entry?.id };
  }

  #refuse(facts: LedgerFacts, reason: RefusalReason, at: string, words?: string): IntramurosError {
    this.#ledger.refuse(facts, reason);
    this.#log.warn({ purpose: facts.purpose, host: facts.host, port: facts.port, reason }, 'egress refused');
    return denied(at, reason, words);
  }

  #refuseRedirect(from: URL, location: string, { purpose, clearance }: EgressRequest): void {
    const to = URL.canParse(location, from.href) ? new URL(location, from.href) : from;
    const port = Number(to.port || (to.protocol === 'https:' ? 443 : 80));
    const host = normalHost(to.hostname) ?? '';
    const wish = { host, port, secure: true, purpose, clearance, readsOnly: false };
    this.#refuse(factsOf(wish), 'redirect', `${host}:${port}`);
  }

  /** What ends a connection: the caller's signal, and for other machines the offline switch. */
  #signalFor(host: string, signal: AbortSignal | undefined): AbortSignal | undefined {
    if (isLoopback(host)) return signal;
    return signal ? AbortSignal.any([signal, this.#cut.signal]) : this.#cut.signal;
  }

  #fault(error: unknown, row: LedgerRow, at: string, signal: AbortSignal | undefined): unknown {
    this.#ledger.finish(row);
    if (signal?.aborted) return signal.reason;
    if (error instanceof IntramurosError) return error;
    if (error instanceof AddressRefusedError) {
      row.refused = 'address';
      this.#log.warn({ purpose: row.purpose, host: row.host, port: row.port, reason: 'address' }, 'egress refused');
      return denied(at, 'address', error.message);
    }
    return toEgressFailure(error, at);
  }
}

function factsOf({ purpose, clearance, host, port }: Wish): LedgerFacts {
  return {
    purpose,
    decisionId: clearance?.decisionId ?? null,
    destinationId: clearance?.destinationId ?? null,
    host,
    port,
    loopback: isLoopback(host),
  };
}

function clientFacts({ purpose, command }: EgressRun): Omit<LedgerFacts, 'loopback'> {
  return { purpose, decisionId: null, destinationId: null, host: command, port: 0 };
}

function isReading({ method = 'GET', body }: EgressRequest): boolean {
  return (method === 'GET' || method === 'HEAD') && body === undefined;
}
