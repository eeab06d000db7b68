import type { AddressInfo } from 'node:net';
import { IntramurosError, type Logger } from '../base/index.ts';
import { contract } from './contract.ts';
import type { Endpoint } from './http/endpoint.ts';
import { buildOpenApi } from './http/openapi.ts';
import { openServer } from './http/server.ts';
import type { StreamLimits } from './http/stream-writer.ts';
import type { GatewayRooms } from './rooms.ts';
import { documentRoutes } from './routes/documents.ts';
import { openStaticPage } from './static-page.ts';

export interface GatewayOptions {
  readonly rooms: GatewayRooms;
  readonly log: Logger;
  readonly host: string;
  readonly port: number;
  /** The room identity knows a key of the house: enough to listen beyond loopback without accounts. */
  readonly hasHouseKey?: boolean;
  /** Token of the machine's console (`writeConsoleToken`). */
  readonly consoleToken?: string | undefined;
  /** Told at each use of the console of a house that has accounts. */
  readonly onConsole?: () => void;
  /** Address under which people reach the page; its name is one that the server may be called by. */
  readonly publicUrl?: string | undefined;
  /** Addresses and networks of proxies whose `x-forwarded-…` headers are believed. */
  readonly trustedProxies?: readonly string[];
  readonly allowedHosts?: readonly string[];
  readonly bodyLimitBytes?: number;
  /** Folder of the built page; without it only the API is served. */
  readonly pageFolder?: string | undefined;
  readonly replies?: 'always' | 'sampled';
  readonly streams?: StreamLimits;
}

/** A gateway that listens. */
export interface Gateway {
  /** `http://127.0.0.1:8420` */
  readonly address: string;
  close(): Promise<void>;
}

/** The operations with those that describe them, and the document of them all. */
export function describeApi(version: string): {
  readonly endpoints: readonly Endpoint[];
  readonly document: Readonly<Record<string, unknown>>;
} {
  const describing = documentRoutes(() => document);
  const endpoints = [...contract, ...describing];
  const document = buildOpenApi(endpoints, version);
  return { endpoints, document };
}

const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || /^127\./.test(host);

/**
 * Opens the gateway and listens.
 * @throws {IntramurosError} `authentication_required_to_listen`, `address_in_use`, `address_not_available`.
 */
export async function openGateway(options: GatewayOptions): Promise<Gateway> {
  const { host, port, rooms, log } = options;
  if (!isLoopback(host) && !options.hasHouseKey && rooms.identity.mode === 'single') {
    throw new IntramurosError(
      'authentication_required_to_listen',
      `Listening on ${host} lets other machines in, which needs accounts or a key. Open the page on this machine and set up an administrator, or write a key into a file and name it with the setting "apiKeyFile", or listen on 127.0.0.1.`,
      { facts: { host } },
    );
  }
  const publicUrl = options.publicUrl?.replace(/\/+$/, '');
  const publicNames = publicUrl === undefined ? [] : [new URL(publicUrl).hostname];
  const server = openServer({
    endpoints: describeApi(rooms.house.version).endpoints,
    rooms,
    log,
    guard: { allowedHosts: [...(options.allowedHosts ?? []), ...(isLoopback(host) ? [] : [host]), ...publicNames] },
    consoleToken: options.consoleToken,
    onConsole: options.onConsole,
    publicUrl,
    trustedProxies: options.trustedProxies ?? [],
    bodyLimitBytes: options.bodyLimitBytes ?? 8 * 1024 * 1024,
    replies: options.replies ?? 'sampled',
    ...(options.streams ? { streams: options.streams } : {}),
    ...(options.pageFolder === undefined ? {} : { fallback: openStaticPage(options.pageFolder) }),
  });
  try {
    await server.listen({ host, port });
  } catch (error) {
    await server.close();
    throw toListenFailure(error, host, port);
  }
  const bound = server.server.address() as AddressInfo;
  const name = bound.family === 'IPv6' ? `[${bound.address}]` : bound.address;
  return { address: `http://${name}:${bound.port}`, close: () => server.close() };
}

function toListenFailure(error: unknown, host: string, port: number): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE') {
    return new IntramurosError(
      'address_in_use',
      `Port ${port} on ${host} is taken by another program. Stop it, or choose another port with "--port" or INTRAMUROS_PORT.`,
      { cause: error, facts: { host, port } },
    );
  }
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EACCES') {
    const why = code === 'EACCES' ? 'this user may not listen there' : 'it is no address of this machine';
    return new IntramurosError(
      'address_not_available',
      `Cannot listen on ${host}:${port}: ${why}. Choose another with "--host" and "--port"; 127.0.0.1:8420 is the usual one.`,
      { cause: error, facts: { host, port } },
    );
  }
  return error;
}
