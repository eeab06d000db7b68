import { lookup } from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import type { RuleDestination } from '../egress/index.ts';
import type { Context } from './types.ts';

export interface AllowView {
  readonly id: string;
  readonly host: string;
  readonly port: number;
  readonly purpose: string;
  readonly origin: string;
}

export const ruleKinds = ['nftables', 'systemd'] as const;

/** The list as rules of the host. Names are only looked up when `--resolve` is given: a question is traffic too. */
export async function hostRules(
  kind: (typeof ruleKinds)[number],
  list: readonly AllowView[],
  context: Context,
): Promise<string> {
  const resolve = context.flags.has('resolve');
  const destinations = await Promise.all(list.map((entry) => withAddresses(entry, resolve)));
  const { nftablesRules, systemdRules } = await import('../egress/index.ts');
  const options = { destinations, user: context.flags.text('user') ?? 'intramuros', nameServers: nameServers() };
  return kind === 'nftables' ? nftablesRules(options) : systemdRules(options);
}

async function withAddresses(entry: AllowView, resolve: boolean): Promise<RuleDestination> {
  const { host, port, purpose } = entry;
  if (isIP(host)) return { host, port, purpose, addresses: [host] };
  if (!resolve || host.startsWith('*.')) return { host, port, purpose, addresses: [] };
  const found = await lookup(host, { all: true }).catch(() => []);
  return { host, port, purpose, addresses: found.map(({ address }) => address) };
}

function nameServers(): string[] {
  try {
    const text = readFileSync('/etc/resolv.conf', 'utf8');
    return [...text.matchAll(/^nameserver\s+(\S+)/gm)]
      .map(([, address = '']) => address)
      .filter((address) => isIP(address));
  } catch {
    return []; // no such file on this system
  }
}
