import type { IncomingHttpHeaders } from 'node:http';
import { BlockList, isIP } from 'node:net';
import { IntramurosError } from '../../base/index.ts';

/** Where a request comes from, after the proxies that are trusted by name. */
export interface Peer {
  readonly address: string;
  /** From this machine, and handed on by nobody. */
  readonly loopback: boolean;
  /** The last trusted proxy says that the client spoke TLS to it. */
  readonly secure: boolean;
}

/** Reads where requests come from. */
export interface Peers {
  of(remoteAddress: string | undefined, headers: IncomingHttpHeaders): Peer;
}

const plain = (address: string): string => (address.startsWith('::ffff:') ? address.slice(7) : address);
const isLoopbackAddress = (address: string): boolean => address === '::1' || /^127\./.test(address);

/**
 * Covered: `x-forwarded-for` and `x-forwarded-proto` count only when the connection itself comes from a proxy that the
 * setting names, and only the part that trusted proxies wrote. A request that says it was handed on is never "from this
 * machine" by its connection alone, so that a proxy in front of a server without accounts gives nobody the owner's rights.
 * @param trusted addresses or networks (`10.0.0.0/8`) of the proxies.
 * @throws {IntramurosError} `config_invalid` for what is no address.
 */
export function openPeers(trusted: readonly string[]): Peers {
  const proxies = new BlockList();
  for (const entry of trusted) addProxy(proxies, entry);
  const isProxy = (address: string): boolean => {
    const family = isIP(address);
    return trusted.length > 0 && family > 0 && proxies.check(address, family === 4 ? 'ipv4' : 'ipv6');
  };
  return {
    of(remoteAddress, headers) {
      const direct = plain(remoteAddress ?? '');
      const forwarded = headers['x-forwarded-for'];
      const handedOn = forwarded !== undefined || headers.forwarded !== undefined || headers.via !== undefined;
      if (!isProxy(direct)) return { address: direct, loopback: isLoopbackAddress(direct) && !handedOn, secure: false };
      const address = clientOf(String(forwarded ?? ''), isProxy) ?? direct;
      const loopback = isLoopbackAddress(address) && (address !== direct || !handedOn);
      return { address, loopback, secure: lastOf(headers['x-forwarded-proto']) === 'https' };
    },
  };
}

function addProxy(proxies: BlockList, entry: string): void {
  const [address = '', bits] = entry.split('/');
  const family = isIP(address);
  const most = family === 4 ? 32 : 128;
  const prefix = bits === undefined ? most : /^\d{1,3}$/.test(bits) ? Number(bits) : -1;
  if (family === 0 || prefix < 0 || prefix > most) {
    throw new IntramurosError(
      'config_invalid',
      `Setting "trustedProxies" holds "${entry}", which is no address or network. Wanted: addresses such as "127.0.0.1" or "10.0.0.0/8", separated by commas.`,
      { facts: { setting: 'trustedProxies' } },
    );
  }
  proxies.addSubnet(address, prefix, family === 4 ? 'ipv4' : 'ipv6');
}

/** From the right, the first address that is no proxy of ours: what stands left of it is only what the client says. */
function clientOf(forwarded: string, isProxy: (address: string) => boolean): string | undefined {
  const hops = forwarded.split(',').map((hop) => plain(hop.trim()));
  for (const hop of hops.reverse()) {
    if (isIP(hop) === 0) return undefined;
    if (!isProxy(hop)) return hop;
  }
  return hops.at(-1);
}

const lastOf = (header: string | string[] | undefined): string | undefined =>
  String(header ?? '')
    .split(',')
    .at(-1)
    ?.trim()
    .toLowerCase();
