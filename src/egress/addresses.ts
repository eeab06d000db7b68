import { BlockList, isIP, isIPv6 } from 'node:net';
import { isLoopback } from './loopback.ts';

/** What an IP address is, seen from here. `reserved` can be nobody's server. */
export type AddressKind = 'loopback' | 'private' | 'metadata' | 'reserved' | 'public';

const ranges: readonly (readonly [kind: AddressKind, address: string, prefix: number])[] = [
  ['metadata', '169.254.0.0', 16],
  ['metadata', '100.100.100.200', 32],
  ['metadata', 'fd00:ec2::254', 128],
  ['metadata', 'fe80::', 10],
  ['loopback', '127.0.0.0', 8],
  ['loopback', '::1', 128],
  ['private', '10.0.0.0', 8],
  ['private', '172.16.0.0', 12],
  ['private', '192.168.0.0', 16],
  ['private', '100.64.0.0', 10],
  ['private', 'fc00::', 7],
  ['reserved', '0.0.0.0', 8],
  ['reserved', '192.0.0.0', 24],
  ['reserved', '192.0.2.0', 24],
  ['reserved', '198.18.0.0', 15],
  ['reserved', '198.51.100.0', 24],
  ['reserved', '203.0.113.0', 24],
  ['reserved', '224.0.0.0', 3],
  ['reserved', '::', 128],
  ['reserved', '2001:db8::', 32],
  ['reserved', 'fec0::', 10],
  ['reserved', 'ff00::', 8],
];
const lists = ranges.map(([kind, address, prefix]) => {
  const list = new BlockList();
  list.addSubnet(address, prefix, isIPv6(address) ? 'ipv6' : 'ipv4');
  return [kind, list] as const;
});

/** Kind of an IP address. One that carries an IPv4 address inside (mapped, 6to4, NAT64) is what the inner one is. */
export function addressKind(address: string): AddressKind {
  const inner = innerIpv4(address);
  const plain = inner ?? address;
  const family = isIPv6(plain) ? 'ipv6' : 'ipv4';
  for (const [kind, list] of lists) if (list.check(plain, family)) return kind;
  return 'public';
}

/** The IPv4 address that an IPv6 address wraps; undefined when it wraps none. */
function innerIpv4(address: string): string | undefined {
  if (!isIPv6(address)) return undefined;
  const words = ipv6Words(address);
  if (words === undefined) return undefined;
  const at = (high: number, low: number): string => {
    const [a, b] = [words[high] ?? 0, words[low] ?? 0];
    return `${a >> 8}.${a & 255}.${b >> 8}.${b & 255}`;
  };
  const leading = words.slice(0, 5).every((word) => word === 0);
  if (leading && (words[5] === 0xffff || (words[5] === 0 && (words[6] ?? 0) !== 0))) return at(6, 7);
  if (words[0] === 0x2002) return at(1, 2);
  if (words[0] === 0x64 && words[1] === 0xff9b) return at(6, 7);
  return undefined;
}

/** The eight 16-bit words of an IPv6 address, by the URL parser, which knows every way to write one. */
function ipv6Words(address: string): number[] | undefined {
  const url = `http://[${address.split('%')[0]}]/`;
  if (!URL.canParse(url)) return undefined;
  const [head = '', tail] = new URL(url).hostname.slice(1, -1).split('::');
  const words = (text: string): number[] =>
    text === '' ? [] : text.split(':').map((word) => Number.parseInt(word, 16));
  if (tail === undefined) return words(head);
  const [left, right] = [words(head), words(tail)];
  return [...left, ...new Array<number>(8 - left.length - right.length).fill(0), ...right];
}

/**
 * A host as all comparisons use it: lower case, international names in their ASCII form, odd ways to write an IPv4
 * address resolved, no brackets, no dot at the end. Undefined when it is no host.
 */
export function normalHost(host: string): string | undefined {
  if (normalised.has(host)) return normalised.get(host);
  const normal = normalise(host);
  if (normalised.size >= mostRemembered) normalised.clear();
  normalised.set(host, normal);
  return normal;
}

/** The same few hosts come with every request. */
const normalised = new Map<string, string | undefined>();
const mostRemembered = 10_000;

function normalise(host: string): string | undefined {
  const bare = host.replace(/^\[|\]$/g, '');
  const url = `http://${isIPv6(bare) ? `[${bare}]` : bare}/`;
  if (bare === '' || /[/?#@\\\s]/.test(bare) || !URL.canParse(url)) return undefined;
  const name = new URL(url).hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  return name === '' ? undefined : name;
}

/** Why an address that a name resolved to may not be dialled; undefined when it may. */
export function addressProblem(host: string, address: string, mayBePrivate: boolean): string | undefined {
  const kind = addressKind(address);
  if (isLoopback(host)) return kind === 'loopback' ? undefined : `the name ${host} is this machine, ${address} is not`;
  if (isIPv6(address) && innerIpv4(address) !== undefined && kind !== 'public') {
    return `${address} wraps an IPv4 address of the kind ${kind}`;
  }
  if (kind === 'public') return undefined;
  if (kind === 'metadata') return `${address} is a link-local or cloud metadata address`;
  if (kind === 'reserved') return `${address} belongs to no server`;
  if (mayBePrivate) return undefined;
  return `${isIP(host) ? address : `${host} resolves to ${address}, which`} is ${kind === 'loopback' ? 'this machine' : 'in a private network'}, and the destination is not declared on-premises`;
}
