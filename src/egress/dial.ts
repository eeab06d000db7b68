import { type LookupAddress, lookup } from 'node:dns';
import { connect, isIP, type LookupFunction, type Socket } from 'node:net';
import { connect as connectSecure, getCACertificates, type TLSSocket } from 'node:tls';
import { addressProblem } from './addresses.ts';
import { doorSocket } from './door-sockets.ts';
import { throughDoor } from './guard/passage.ts';
import { openTunnel, proxyFor } from './proxy.ts';

/** Where a socket goes. The host is a normal one: lower case, ASCII, without brackets or a dot at the end. */
export interface Dial {
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
  /** Whether it may lie in a private network. */
  readonly mayBePrivate: boolean;
  /** Whether a proxy of the environment may be asked. */
  readonly mayUseProxy: boolean;
  readonly timeoutMs: number;
  readonly ca?: string | undefined;
  readonly servername?: string | undefined;
  readonly protocols?: readonly string[];
}

export interface Dialled {
  /** What the protocol speaks on. */
  readonly socket: Socket | TLSSocket;
  /** The TCP socket under it, whose bytes are what really passed. */
  readonly raw: Socket;
}

/** A name resolved to an address that may not be dialled. */
export class AddressRefusedError extends Error {
  readonly code = 'ADDRESS_REFUSED';
}

/**
 * Opens a connection. The name is resolved once, every address is checked, and exactly those that passed are dialled, so
 * a name that changes its mind in between (DNS rebinding) changes nothing. `onRaw` gets the TCP socket before any byte.
 */
export async function dial(to: Dial, onRaw: (raw: Socket) => void): Promise<Dialled> {
  const proxy = to.mayUseProxy
    ? proxyFor({ protocol: to.secure ? 'https:' : 'http:', hostname: to.host, port: String(to.port) }, process.env)
    : undefined;
  const raw = proxy
    ? await openTunnel(proxy, { protocol: '', hostname: to.host, port: String(to.port) }, to.timeoutMs)
    : await openDirect(to);
  onRaw(raw);
  return { socket: to.secure ? await startTls(raw, to) : raw, raw };
}

function openDirect(to: Dial): Promise<Socket> {
  if (isIP(to.host)) {
    const problem = addressProblem(to.host, to.host, to.mayBePrivate);
    if (problem !== undefined) return Promise.reject(new AddressRefusedError(problem));
  }
  const socket = throughDoor(() =>
    connect({
      host: to.host,
      port: to.port,
      lookup: checkedLookup(to),
      autoSelectFamily: true,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: 60_000,
    }),
  );
  return settled(doorSocket(socket), 'connect', to.timeoutMs);
}

function startTls(raw: Socket, to: Dial): Promise<TLSSocket> {
  const servername = to.servername ?? (isIP(to.host) ? '' : to.host);
  const socket = connectSecure({
    socket: raw,
    host: to.host,
    servername,
    ca: to.ca === undefined ? authorities() : [...authorities(), to.ca],
    ...(to.protocols ? { ALPNProtocols: [...to.protocols] } : {}),
  });
  return settled(socket, 'secureConnect', to.timeoutMs);
}

function settled<S extends Socket>(socket: S, event: 'connect' | 'secureConnect', timeoutMs: number): Promise<S> {
  const { promise, resolve, reject } = Promise.withResolvers<S>();
  const timer = setTimeout(
    () => fail(Object.assign(new Error('no connection in time'), { code: 'ETIMEDOUT' })),
    timeoutMs,
  );
  const fail = (error: Error): void => {
    clearTimeout(timer);
    socket
      .off(event, done)
      .on('error', () => {})
      .destroy();
    reject(error);
  };
  const ended = (): void => fail(Object.assign(new Error('closed before it was open'), { code: 'ECONNRESET' }));
  const done = (): void => {
    clearTimeout(timer);
    socket.off('error', fail).off('close', ended);
    resolve(socket);
  };
  socket.once('error', fail).once('close', ended).once(event, done);
  return promise;
}

function checkedLookup(to: Dial): LookupFunction {
  return (host, options, done) => {
    const answered = (error: NodeJS.ErrnoException | null, found: LookupAddress[]): void => {
      if (error) return void done(error, []);
      const refused = found.map(({ address }) => addressProblem(to.host, address, to.mayBePrivate));
      // One bad address among good ones is how a name is rebound: the whole answer is refused.
      const problem = refused.find((words) => words !== undefined);
      if (problem !== undefined) return void done(new AddressRefusedError(problem), []);
      const [first] = found;
      if (options.all) done(null, found);
      else done(null, first?.address ?? '', first?.family ?? 4);
    };
    throughDoor(() => lookup(host, { ...options, all: true }, answered));
  };
}

let known: string[] | undefined;

/** Node's own list, NODE_EXTRA_CA_CERTS and the system's, read once: an organisation installs its authority in the last. */
function authorities(): string[] {
  known ??= [...new Set([...getCACertificates('default'), ...getCACertificates('system')])];
  return known;
}
