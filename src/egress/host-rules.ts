import { isIP, isIPv6 } from 'node:net';
import type { AllowEntry } from './types.ts';

/** A destination of the list, with the addresses that its name had when it was asked for. */
export interface RuleDestination extends Pick<AllowEntry, 'host' | 'port' | 'purpose'> {
  readonly addresses: readonly string[];
}

export interface RuleOptions {
  readonly destinations: readonly RuleDestination[];
  /** System user that the server runs as. */
  readonly user: string;
  /** Name servers of this machine; only needed when a name is on the list. */
  readonly nameServers: readonly string[];
}

/** Rules of the host's own packet filter: the server's user reaches the list and this machine, nothing else. */
export function nftablesRules({ destinations, user, nameServers }: RuleOptions): string {
  const lines = destinations.flatMap((destination) => [
    ...destination.addresses.map((address) => `    ${accept(address, destination)}`),
    ...(destination.addresses.length === 0 ? [`    # ${unresolved(destination)}`] : []),
  ]);
  const names = needsNames(destinations)
    ? nameServers.map(
        (address) => `    ${family(address)} daddr ${address} meta l4proto { tcp, udp } th dport 53 accept`,
      )
    : [];
  return [
    '#!/usr/sbin/nft -f',
    '# What Intramuros may reach, from its own list. Load as root: nft -f FILE. Make it again when the list changes.',
    'table inet intramuros',
    'delete table inet intramuros',
    'table inet intramuros {',
    '  chain output {',
    '    type filter hook output priority filter; policy accept;',
    `    meta skuid != ${user} accept`,
    '    oif "lo" accept',
    '    ct state established,related ct direction reply accept # answers to those who call the server',
    ...names,
    ...lines,
    '    counter log prefix "intramuros refused " reject with icmpx type admin-prohibited',
    '  }',
    '}',
    '',
  ].join('\n');
}

/** A drop-in for the service's unit: the kernel drops what is not listed, whoever in the service sends it. */
export function systemdRules({ destinations, nameServers }: RuleOptions): string {
  const lines = destinations.flatMap((destination) =>
    destination.addresses.length === 0
      ? [`# ${unresolved(destination)}`]
      : destination.addresses.map((address) => `IPAddressAllow=${address}`),
  );
  return [
    '# What Intramuros may reach, from its own list: /etc/systemd/system/intramuros.service.d/egress.conf',
    '# Then: systemctl daemon-reload && systemctl restart intramuros. Make it again when the list changes.',
    '# Addresses only, not ports. It counts for those who call too: add the network of your people, such as',
    '# IPAddressAllow=10.0.0.0/8',
    '[Service]',
    'IPAddressDeny=any',
    'IPAddressAllow=localhost',
    ...(needsNames(destinations) ? nameServers.map((address) => `IPAddressAllow=${address}`) : []),
    ...new Set(lines),
    'RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK',
    'NoNewPrivileges=yes',
    'Environment=INTRAMUROS_HOST_RULES=systemd',
    '',
  ].join('\n');
}

function accept(address: string, { host, port, purpose }: RuleDestination): string {
  return `${family(address)} daddr ${address} tcp dport ${port} accept # ${comment(host)}: ${comment(purpose)}`;
}

function unresolved({ host, port, purpose }: RuleDestination): string {
  const why = host.startsWith('*.')
    ? 'names under a name have no addresses to write here'
    : 'not resolved; "--resolve" asks the name server';
  return `${comment(host)} port ${port} (${comment(purpose)}): ${why}`;
}

/** What comes from settings stays on its line. */
const comment = (text: string): string => text.replace(/[^\w.:*/ -]/g, '?');
const family = (address: string): 'ip' | 'ip6' => (isIPv6(address) ? 'ip6' : 'ip');
const needsNames = (destinations: readonly RuleDestination[]): boolean =>
  destinations.some(({ host, addresses }) => addresses.length > 0 && !isIP(host));
