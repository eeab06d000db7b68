import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectSecure } from 'node:tls';
import { doorSocket } from './door-sockets.ts';
import { throughDoor } from './guard/passage.ts';
import { isLoopback } from './loopback.ts';

const answerLimitBytes = 16 * 1024;

export interface Target {
  readonly protocol: string;
  readonly hostname: string;
  readonly port: string;
}

/**
 * The proxy that HTTPS_PROXY, HTTP_PROXY or ALL_PROXY names for a target, unless NO_PROXY excepts it. Lower-case names win,
 * as with curl. This machine itself is never asked for through a proxy.
 */
export function proxyFor(target: Target, environment: NodeJS.ProcessEnv): URL | undefined {
  const read = (name: string): string | undefined => environment[name.toLowerCase()] || environment[name];
  if (isLoopback(target.hostname) || isExcepted(target, read('NO_PROXY') ?? '')) return undefined;
  const text = read(target.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY') || read('ALL_PROXY');
  if (!text) return undefined;
  const full = text.includes('://') ? text : `http://${text}`;
  return URL.canParse(full) ? new URL(full) : undefined;
}

function isExcepted(target: Target, exceptions: string): boolean {
  const host = target.hostname.toLowerCase();
  return exceptions
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => {
      const [name = '', port] = entry.split(':');
      if (port !== undefined && port !== target.port) return false;
      const suffix = name.replace(/^\*?\./, '');
      return name === '*' || host === suffix || host.endsWith(`.${suffix}`);
    });
}

/** A connection to a target through a proxy that understands CONNECT, as they do who let HTTPS through. */
export function openTunnel(proxy: URL, target: Target, timeoutMs: number): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const port = Number(proxy.port || (proxy.protocol === 'https:' ? 443 : 80));
  const host = proxy.hostname.replace(/^\[|\]$/g, '');
  const socket = throughDoor(() =>
    proxy.protocol === 'https:' ? connectSecure({ host, port, servername: host }) : connectPlain({ host, port }),
  );
  doorSocket(socket);
  let answer = Buffer.alloc(0);
  const settle = (error?: unknown): void => {
    socket.off('data', read).off('error', settle).off('end', ended).off('timeout', expired).setTimeout(0);
    if (error === undefined) {
      resolve(socket.pause());
    } else {
      socket.on('error', () => {}).destroy();
      reject(error);
    }
  };
  const ended = (): void => settle(refused(proxy, 'no answer'));
  const expired = (): void => settle(Object.assign(new Error('the proxy is silent'), { code: 'ETIMEDOUT' }));
  const read = (piece: Buffer): void => {
    answer = Buffer.concat([answer, piece]);
    const end = answer.indexOf('\r\n\r\n');
    if (end < 0 && answer.length <= answerLimitBytes) return;
    const [status = ''] = answer.toString('latin1', 0, Math.max(0, end)).split('\r\n');
    const isOpen = /^HTTP\/1\.[01] 2\d\d/.test(status);
    settle(isOpen ? undefined : refused(proxy, status));
    if (isOpen && answer.length > end + 4) socket.unshift(answer.subarray(end + 4));
  };
  socket.on('data', read).on('error', settle).on('end', ended).on('timeout', expired).setTimeout(timeoutMs);
  socket.once(proxy.protocol === 'https:' ? 'secureConnect' : 'connect', () => {
    const at = `${target.hostname}:${target.port}`;
    socket.write(`CONNECT ${at} HTTP/1.1\r\nHost: ${at}\r\n${authorization(proxy)}\r\n`);
  });
  return promise;
}

function authorization(proxy: URL): string {
  if (proxy.username === '') return '';
  const pair = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  return `Proxy-Authorization: Basic ${Buffer.from(pair).toString('base64')}\r\n`;
}

function refused(proxy: URL, found: string): Error {
  const words = `the proxy ${proxy.host} answered "${found.slice(0, 80)}". Check HTTPS_PROXY and NO_PROXY`;
  return Object.assign(new Error(words), { code: 'PROXY_REFUSED' });
}
