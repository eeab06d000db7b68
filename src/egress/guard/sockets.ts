import dgram from 'node:dgram';
import type { LookupFunction } from 'node:net';
import net, { isIP } from 'node:net';
import { addressKind, normalHost } from '../addresses.ts';
import { isLoopback } from '../loopback.ts';
import { isPassing } from './passage.ts';
import { patchMethod } from './patch.ts';
import type { Judge, Patch } from './types.ts';

interface Asked {
  readonly path?: unknown;
  readonly host?: unknown;
  readonly port?: unknown;
  readonly lookup?: LookupFunction;
}

/**
 * TCP and TLS, and with them http, https, http2, fetch, WebSocket and every client written in JavaScript: all connect by
 * this one method. Unix sockets pass. A name of this machine passes when it resolves to this machine.
 */
export function guardTcp(judge: Judge): Patch[] {
  return patchMethod('net', net.Socket.prototype, 'connect', (original) => {
    return function (this: unknown, ...args: unknown[]) {
      if (isPassing()) return original.apply(this, args);
      const asked = askedOf(args);
      if (asked.path !== undefined && asked.path !== null) return original.apply(this, args);
      const host = typeof asked.host === 'string' && asked.host !== '' ? asked.host : 'localhost';
      if (judge.mayDial('net', host, Number(asked.port))) {
        if (isIP(host) || !isLoopback(normalHost(host) ?? host)) return original.apply(this, args);
        return original.call(this, { ...asked, lookup: onlyHere(asked.lookup, judge) }, args.at(-1));
      }
      const socket = this as net.Socket;
      process.nextTick(() => socket.destroy(judge.refusal('net', `${host}:${asked.port}`)));
      return socket;
    };
  });
}

/** `connect` is called with a port and a host, with options, or by Node itself with both in one array. */
function askedOf(args: readonly unknown[]): Asked {
  const [first, second] = args;
  if (Array.isArray(first)) return (first[0] ?? {}) as Asked;
  if (typeof first === 'object' && first !== null) return first as Asked;
  if (typeof first === 'string' && Number.isNaN(Number(first))) return { path: first };
  return { port: first, host: typeof second === 'string' ? second : undefined };
}

/** A look-up of a name of this machine whose answers are of this machine. */
function onlyHere(lookup: LookupFunction | undefined, judge: Judge): LookupFunction {
  return (host, options, done) => {
    const check: typeof done = (error, found, family) => {
      const addresses = Array.isArray(found) ? found.map(({ address }) => address) : [found];
      const foreign = error ? undefined : addresses.find((address) => addressKind(address) !== 'loopback');
      if (foreign === undefined) {
        done(error, found, family);
        return;
      }
      judge.record({ api: 'net', host: `${host} at ${foreign}`, port: 0 });
      done(Object.assign(new Error(`${host} is this machine, ${foreign} is not`), { code: 'EACCES' }), []);
    };
    (lookup ?? hereLookup)(host, options, check);
  };
}

const hereLookup: LookupFunction = (_host, { all }, done) => {
  const found = [
    { address: '127.0.0.1', family: 4 },
    { address: '::1', family: 6 },
  ];
  if (all) done(null, found);
  else done(null, '127.0.0.1', 4);
};

/** UDP: what is sent, what a socket is tied to, and joining a group, which sends by itself. */
export function guardUdp(judge: Judge): Patch[] {
  const socket = dgram.Socket.prototype;
  const guarded = (key: string, target: (args: readonly unknown[]) => readonly [unknown, unknown]): Patch[] =>
    patchMethod(`dgram.${key}`, socket, key, (original) => {
      return function (this: unknown, ...args: unknown[]) {
        const [host, port] = target(args);
        const name = typeof host === 'string' && host !== '' ? host : '127.0.0.1';
        if (isPassing() || judge.mayDial('dgram', name, Number(port) || 0)) return original.apply(this, args);
        throw judge.refusal('dgram', `${name}:${port ?? ''}`);
      };
    });
  return [
    ...guarded('send', (args) => (typeof args[3] === 'number' ? [args[4], args[3]] : [args[2], args[1]])),
    ...guarded('sendto', (args) => [args[4], args[3]]),
    ...guarded('connect', (args) => [args[1], args[0]]),
    ...guarded('addMembership', (args) => [args[0], 0]),
    ...guarded('addSourceSpecificMembership', (args) => [args[1], 0]),
  ];
}
